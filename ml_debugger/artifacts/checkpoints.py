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


@dataclass(frozen=True, slots=True)
class TensorFigures:
    """What the values of a stored tensor are, from one pass over its bytes.

    `count` values; `nan` and `infinite` of them are no numbers, `zeros` are exactly 0. `minimum`,
    `maximum`, `mean` and `std` are those of the finite ones, None where there are none.
    `zero_rows` of `rows` along the first axis hold nothing but zeros; `digest` is equal for equal
    bytes, shape and type.
    """

    count: int
    nan: int
    infinite: int
    zeros: int
    minimum: float | None
    maximum: float | None
    mean: float | None
    std: float | None
    rows: int
    zero_rows: int
    digest: str


@dataclass(frozen=True, eq=False)
class Checkpoint(Artifact):
    """One checkpoint or model file.

    `format` is what its content is ("torch-zip", "torch-legacy", "safetensors",
    "xgboost-json", "xgboost-ubj", "lightgbm-text", "keras-h5", "onnx", "joblib", "pickle" …),
    or what its name claims where the content is nothing of the kind. `problem` says why it
    cannot be opened, None when its structure is whole. `size` is in bytes, `modified` in
    seconds since 1970. `step` and `val_loss` come from the content, an index or the name.
    `figures` holds by tensor name what the values are, for tensors that were looked at;
    `optimised` names the tensors for which the stored optimizer has a state, None where no
    optimizer is stored or its state cannot be told apart. `training_state` names the stored parts
    that a training needs to go on ("optimizer", "scheduler", "scaler" of the loss, "random
    state"), None where the format does not tell.
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
    figures: Mapping[str, TensorFigures] = field(default_factory=dict)
    optimised: frozenset[str] | None = None
    training_state: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class BoosterTree:
    """One tree of a booster: its leaves (1 for a tree that never split) and the gain of each
    split, by feature name, where the format stores it."""

    leaves: int
    gain: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class BoosterModel(Artifact):
    """A gradient-boosted model as its file tells it; `format` is that of its `Checkpoint`.

    `features` are the names in the order of the model, empty where it has none; `width` is how
    many it was trained on. `trees` has one entry a tree. `best_round` is the round that early
    stopping chose, 0-based, `rounds` how many were trained; None where the file does not say.
    `objective` and `parameters` are as in the file.
    """

    format: str
    features: tuple[str, ...]
    width: int | None
    trees: tuple[BoosterTree, ...]
    rounds: int | None = None
    best_round: int | None = None
    objective: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


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
