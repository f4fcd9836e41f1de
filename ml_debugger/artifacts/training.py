"""A training run as curves over steps, the same for a log of last year and a live loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ml_debugger.artifacts.base import Artifact


@dataclass(frozen=True, slots=True)
class Curve:
    """One logged quantity over the run.

    `steps`, `values` and `lines` have equal length and the order of the log. Values may be NaN
    or infinite where the log says so literally; blanks are left out. `lines` are 1-based lines
    (or rows) of the file. `original` is the name in the log.
    """

    name: str
    original: str
    steps: Sequence[float]
    values: Sequence[float]
    lines: Sequence[int]

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, eq=False)
class TrainingRun(Artifact):
    """What a training run logged.

    `curves` maps canonical names to curves. The canonical names: `train_loss`, `val_loss`,
    `learning_rate`, `grad_norm`, `train_accuracy`, `val_accuracy`, `prediction_std`,
    `share_positive`, `step_time`; other metrics keep their own name, prefixed `val_` when they
    were measured on validation data. `step_unit` is "epoch", "step" or "round".
    `segment` tells several runs or folds in one file apart ("fold 2"); None for a single run.
    `format` names the reader. `planned_steps` is the log's own planned end, if it says one.
    """

    format: str
    step_unit: str
    curves: Mapping[str, Curve]
    segment: str | None = None
    planned_steps: int | None = None
    finished: bool | None = None
    started: datetime | None = None
    model: str | None = None
    horizon: int | None = None
    features: tuple[str, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)

    def curve(self, *names: str) -> Curve | None:
        """The first of the named curves that the run has."""
        for name in names:
            if name in self.curves:
                return self.curves[name]
        return None
