"""A training run as curves over steps, the same for a log of last year and a live loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ml_debugger.artifacts.base import Artifact, Written


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

    `curves` maps canonical names to curves. The canonical names:

    - `train_loss`, `val_loss`; `train_accuracy`, `val_accuracy`; `directional_accuracy`,
      `val_directional_accuracy` (shares)
    - `learning_rate` (further parameter groups `learning_rate/<group>`)
    - `grad_norm` (of all parameters, before clipping), `grad_norm/<layer>`, `clipped_share`
    - `loss_scale` (mixed precision), `skipped_steps` (counted from the start)
    - `update_ratio` (norm of the update over that of the weights), `weight_norm`,
      `dead_share/<layer>` (units that gave zero for every input)
    - `prediction_std`, `share_positive` (share of predictions above zero)
    - `step_time` (seconds), `timestamp` (seconds since 1970, UTC unless the log says otherwise),
      `memory` (bytes)

    Other metrics keep their own name, prefixed `val_` when they were measured on validation
    data; `Curve.original` is the name in the log. `step_unit` is "epoch", "step" or "round".
    `segment` tells several runs, folds or ranks in one file apart ("fold 2", "rank 1"); None for
    a single run. `format` names the reader. `planned_steps` is the log's own planned end in
    `step_unit`, if it says one. `finished` is true where the log says that it came to its end,
    false where it says that it did not, None where it is silent; `running` is true where the run
    is known to go on while it is judged, `written` says when its file was. `details` holds
    further facts that the log states, as text; `last_epoch` where it counts both steps and epochs.
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
    running: bool = False
    written: Written | None = None

    def curve(self, *names: str) -> Curve | None:
        """The first of the named curves that the run has."""
        for name in names:
            if name in self.curves:
                return self.curves[name]
        return None
