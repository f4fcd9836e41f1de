"""Checkpoints and model files, known without loading them, and the series they form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ml_debugger.artifacts.base import Artifact


@dataclass(frozen=True, slots=True)
class Tensor:
    """A stored tensor: its name, type as the file names it, and shape."""

    name: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Checkpoint(Artifact):
    """One checkpoint or model file.

    `format` is what its content is ("torch-zip", "torch-legacy", "safetensors",
    "xgboost-json", "xgboost-ubj", "lightgbm-text", "keras-h5", "onnx", "joblib", "pickle" …),
    or what its name claims where the content is nothing of the kind. `problem` says why it
    cannot be opened, None when its structure is whole. `size` is in bytes, `modified` in
    seconds since 1970. `step` and `val_loss` come from the content, an index or the name.
    """

    format: str
    size: int
    modified: float
    problem: str | None = None
    tensors: tuple[Tensor, ...] = ()
    step: int | None = None
    epoch: int | None = None
    val_loss: float | None = None
    features: tuple[str, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class CheckpointSeries(Artifact):
    """The checkpoints of one run: files of one folder whose names differ only in numbers.

    Ordered by modification time. `rotation` is the size that an index or configuration
    beside them promises to keep, None if nothing says so.
    """

    members: tuple[Checkpoint, ...]
    rotation: int | None = None
    free_bytes: int | None = None

    @property
    def total_bytes(self) -> int:
        """Bytes that all members hold together."""
        return sum(member.size for member in self.members)


@dataclass(frozen=True, slots=True)
class CheckpointEntry:
    """One line of an index: a file beside it, its step and validation loss where stated."""

    file: str
    step: int | None
    val_loss: float | None


@dataclass(frozen=True, eq=False)
class CheckpointIndex(Artifact):
    """What a training loop lists of the checkpoints beside it; `keep` is how many it promises."""

    entries: tuple[CheckpointEntry, ...]
    keep: int | None = None
