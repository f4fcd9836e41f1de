"""Features in, tested models out: walk-forward training that cannot see its own test.

XGBoost is loaded only when something is fitted or predicted.
"""

from ml_debugger.training.booster import Recipe
from ml_debugger.training.checkpoints import final_checkpoint, load_booster, read_index
from ml_debugger.training.device import cuda_works
from ml_debugger.training.efficiency import walk_forward_efficiency
from ml_debugger.training.record import ValidationRecord
from ml_debugger.training.splits import Fold, Window, walk_forward
from ml_debugger.training.walkforward import TrainedRun, train_run

__all__ = [
    "Fold",
    "Recipe",
    "TrainedRun",
    "ValidationRecord",
    "Window",
    "cuda_works",
    "final_checkpoint",
    "load_booster",
    "read_index",
    "train_run",
    "walk_forward",
    "walk_forward_efficiency",
]
