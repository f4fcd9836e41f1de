"""The typed artifacts that readers and probes make and checks judge.

A name is imported from its module when it is first used: a probe needs one family, not all.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ml_debugger.artifacts.access import AccessRights, FileAccess
    from ml_debugger.artifacts.backtest import Backtest, SizingRecord
    from ml_debugger.artifacts.bars import Bars
    from ml_debugger.artifacts.base import Artifact, Written
    from ml_debugger.artifacts.checkpoints import (
        BoosterModel,
        BoosterTree,
        Checkpoint,
        CheckpointEntry,
        CheckpointIndex,
        CheckpointSeries,
        Tensor,
        TensorFigures,
    )
    from ml_debugger.artifacts.environment import Environment
    from ml_debugger.artifacts.files import FileRead, Unrecognised
    from ml_debugger.artifacts.gpu import (
        GpuDevice,
        GpuErrors,
        GpuHistory,
        GpuLinks,
        GpuProcess,
        GpuSeries,
        GpuSnapshot,
    )
    from ml_debugger.artifacts.host import HostSnapshot
    from ml_debugger.artifacts.kernel_log import KernelEvent, KernelLog
    from ml_debugger.artifacts.logs import LogText, Passage, Pause
    from ml_debugger.artifacts.parquet_store import ParquetStore, Saving
    from ml_debugger.artifacts.pickles import (
        EmbeddedCode,
        PickleCall,
        PickleContents,
        PickleImport,
    )
    from ml_debugger.artifacts.recomputed import Change, RecomputedColumn
    from ml_debugger.artifacts.scaler import Scaler
    from ml_debugger.artifacts.secrets import SearchedText, SecretSpot
    from ml_debugger.artifacts.source import SourceCell, SourceFile
    from ml_debugger.artifacts.storage import (
        LargeFile,
        Leftovers,
        StorageSnapshot,
        Volume,
        VolumeSample,
    )
    from ml_debugger.artifacts.tables import FeatureTable, Positions, Predictions, PriceTable
    from ml_debugger.artifacts.training import Curve, TrainingRun
    from ml_debugger.artifacts.training_config import TrainingConfig
    from ml_debugger.artifacts.trials import RunHistory, Trial
    from ml_debugger.artifacts.validation import Fold, Split, ValidationRecord, Window
    from ml_debugger.artifacts.workspace import Coverage, Expectations, StageOutput, Workspace

_FAMILIES = {
    "access": (
        "AccessRights",
        "FileAccess",
    ),
    "backtest": (
        "Backtest",
        "SizingRecord",
    ),
    "bars": ("Bars",),
    "base": (
        "Artifact",
        "Written",
    ),
    "checkpoints": (
        "BoosterModel",
        "BoosterTree",
        "Checkpoint",
        "CheckpointEntry",
        "CheckpointIndex",
        "CheckpointSeries",
        "Tensor",
        "TensorFigures",
    ),
    "environment": ("Environment",),
    "files": (
        "FileRead",
        "Unrecognised",
    ),
    "gpu": (
        "GpuDevice",
        "GpuErrors",
        "GpuHistory",
        "GpuLinks",
        "GpuProcess",
        "GpuSeries",
        "GpuSnapshot",
    ),
    "host": ("HostSnapshot",),
    "kernel_log": (
        "KernelEvent",
        "KernelLog",
    ),
    "logs": (
        "LogText",
        "Passage",
        "Pause",
    ),
    "parquet_store": (
        "ParquetStore",
        "Saving",
    ),
    "pickles": (
        "EmbeddedCode",
        "PickleCall",
        "PickleContents",
        "PickleImport",
    ),
    "recomputed": (
        "Change",
        "RecomputedColumn",
    ),
    "scaler": ("Scaler",),
    "secrets": (
        "SearchedText",
        "SecretSpot",
    ),
    "source": (
        "SourceCell",
        "SourceFile",
    ),
    "storage": (
        "LargeFile",
        "Leftovers",
        "StorageSnapshot",
        "Volume",
        "VolumeSample",
    ),
    "tables": (
        "FeatureTable",
        "Positions",
        "Predictions",
        "PriceTable",
    ),
    "training": (
        "Curve",
        "TrainingRun",
    ),
    "training_config": ("TrainingConfig",),
    "trials": (
        "RunHistory",
        "Trial",
    ),
    "validation": (
        "Fold",
        "Split",
        "ValidationRecord",
        "Window",
    ),
    "workspace": (
        "Coverage",
        "Expectations",
        "StageOutput",
        "Workspace",
    ),
}
_FAMILY_OF = {name: family for family, names in _FAMILIES.items() for name in names}


def __getattr__(name: str) -> Any:
    family = _FAMILY_OF.get(name)
    if family is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{family}"), name)
    return found


__all__ = [
    "AccessRights",
    "Artifact",
    "Backtest",
    "Bars",
    "BoosterModel",
    "BoosterTree",
    "Change",
    "Checkpoint",
    "CheckpointEntry",
    "CheckpointIndex",
    "CheckpointSeries",
    "Coverage",
    "Curve",
    "EmbeddedCode",
    "Environment",
    "Expectations",
    "FeatureTable",
    "FileAccess",
    "FileRead",
    "Fold",
    "GpuDevice",
    "GpuErrors",
    "GpuHistory",
    "GpuLinks",
    "GpuProcess",
    "GpuSeries",
    "GpuSnapshot",
    "HostSnapshot",
    "KernelEvent",
    "KernelLog",
    "LargeFile",
    "Leftovers",
    "LogText",
    "ParquetStore",
    "Passage",
    "Pause",
    "PickleCall",
    "PickleContents",
    "PickleImport",
    "Positions",
    "Predictions",
    "PriceTable",
    "RecomputedColumn",
    "RunHistory",
    "Saving",
    "Scaler",
    "SearchedText",
    "SecretSpot",
    "SizingRecord",
    "SourceCell",
    "SourceFile",
    "Split",
    "StageOutput",
    "StorageSnapshot",
    "Tensor",
    "TensorFigures",
    "TrainingConfig",
    "TrainingRun",
    "Trial",
    "Unrecognised",
    "ValidationRecord",
    "Volume",
    "VolumeSample",
    "Window",
    "Workspace",
    "Written",
]
