"""A folder of models with what lies together with them, and what interrupted saves left there."""

from __future__ import annotations

from dataclasses import dataclass

from ml_debugger.artifacts.base import Artifact
from ml_debugger.artifacts.checkpoints import BoosterModel, Checkpoint, CheckpointIndex
from ml_debugger.artifacts.scaler import Scaler
from ml_debugger.artifacts.training import TrainingRun
from ml_debugger.artifacts.training_config import TrainingConfig


@dataclass(frozen=True, slots=True)
class NearbyFile:
    """A file by the path that results show, written last at `modified` (seconds since 1970)."""

    path: str
    modified: float


@dataclass(frozen=True, eq=False)
class ModelFolder(Artifact):
    """The models of one folder and what belongs to them.

    `checkpoints` lie in the folder, or in the folders that it has one of for each save. `boosters`
    are the boosted models among them. `runs` and `configurations` are those of the folder and of
    the run's folder around it, where that has no other models; `scalers` lie there or in a folder
    beside. `indexes` list the checkpoints. `files` are all files of these folders, models among
    them. `scaled_beside` are paths of scalers with which other models of the same kind of place
    are stored. `whole` is false where only some files were named and the rest is not known.
    `empty` is true for a folder that a run made for its models and that holds nothing.
    `leftovers` counts what interrupted saves left in it.
    """

    checkpoints: tuple[Checkpoint, ...]
    boosters: tuple[BoosterModel, ...] = ()
    runs: tuple[TrainingRun, ...] = ()
    configurations: tuple[TrainingConfig, ...] = ()
    scalers: tuple[Scaler, ...] = ()
    indexes: tuple[CheckpointIndex, ...] = ()
    files: tuple[NearbyFile, ...] = ()
    scaled_beside: tuple[str, ...] = ()
    whole: bool = True
    empty: bool = False
    leftovers: int = 0


@dataclass(frozen=True, eq=False)
class SaveLeftover(Artifact):
    """A file that an interrupted save of a model left.

    `size` is in bytes, `modified` and `read` in seconds since 1970. `problem` says why its content
    is no whole model, None where it is one, "" where that is not known. `open_in` names a process
    that has it open, where that can be seen. `newest` is true where no model beside it is newer.
    """

    size: int
    modified: float
    read: float
    problem: str | None = ""
    open_in: str | None = None
    newest: bool = False

    @property
    def days(self) -> float:
        """Days since the last change."""
        return max(0.0, self.read - self.modified) / 86_400
