"""The picture of a run: the machine and the newest training runs, small enough to be passed on.

Artifacts live in the worker; a front end that draws a machine or a curve is given these copies.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, TypeVar

from ml_debugger.artifacts import (
    Artifact,
    Curve,
    GpuSnapshot,
    HostSnapshot,
    StorageSnapshot,
    TrainingRun,
)
from ml_debugger.artifacts.recorded import from_record, to_record

Kind = TypeVar("Kind", bound=Artifact)

MOST_POINTS = 200
"""Points of a thinned curve; more than a terminal has columns."""
MOST_CURVES = 12
FIRST_CURVES = (
    *("train_loss", "val_loss", "train_accuracy", "val_accuracy", "learning_rate"),
    *("grad_norm", "prediction_std", "share_positive"),
)
CLOCK = "timestamp"
"""A straight line in every run: nothing to look at."""
MOST_OTHERS = 11
"""Further training runs that are passed on, beside the newest: folds of one log, a small sweep."""


@dataclass(frozen=True)
class Picture:
    """Snapshots of the machine and the newest training run; None for what was not looked at.

    `others` are up to eleven training runs that are older, the newest of them first.
    """

    gpu: GpuSnapshot | None = None
    host: HostSnapshot | None = None
    storage: StorageSnapshot | None = None
    training: TrainingRun | None = None
    others: tuple[TrainingRun, ...] = ()

    @property
    def runs(self) -> list[TrainingRun]:
        """The newest training run and the others."""
        return [] if self.training is None else [self.training, *self.others]

    @classmethod
    def of(cls, artifacts: Sequence[Artifact], modified: Mapping[str, float]) -> Picture:
        """The picture of a run's artifacts.

        A snapshot of this machine goes before a recorded one. `modified` maps paths to times in
        seconds; the newest training run is the one whose file was written last, and of several
        in one file the last one.
        """
        runs = [a for a in artifacts if isinstance(a, TrainingRun)]
        newest = [
            run
            for _, run in sorted(
                enumerate(runs),
                key=lambda pair: (modified.get(pair[1].path or "", 0.0), pair[0]),
                reverse=True,
            )
        ]
        return cls(
            _own_or_recorded(GpuSnapshot, artifacts),
            _own_or_recorded(HostSnapshot, artifacts),
            _own_or_recorded(StorageSnapshot, artifacts),
            newest[0] if newest else None,
            tuple(newest[1 : 1 + MOST_OTHERS]),
        )

    def machine_dict(self) -> dict[str, Any] | None:
        """The JSON form of the machine; None when no snapshot was taken."""
        parts = {"gpu": self.gpu, "host": self.host, "storage": self.storage}
        taken = {key: to_record(part) for key, part in parts.items() if part is not None}
        return taken or None

    def training_dict(self) -> dict[str, Any] | None:
        """The JSON form of the training run, its curves thinned to at most 200 points.

        Values that are no finite numbers are the texts "nan", "inf" and "-inf".
        """
        return None if self.training is None else _run_dict(self.training)

    def others_list(self) -> list[dict[str, Any]]:
        """The JSON form of the other training runs."""
        return [_run_dict(run) for run in self.others]

    @classmethod
    def from_dicts(
        cls,
        machine: Mapping[str, Any] | None,
        training: Mapping[str, Any] | None,
        others: Sequence[Mapping[str, Any]] = (),
    ) -> Picture:
        """The inverse of `machine_dict`, `training_dict` and `others_list`."""
        snapshots = [from_record(record) for record in (machine or {}).values()]
        return cls(
            _own_or_recorded(GpuSnapshot, snapshots),
            _own_or_recorded(HostSnapshot, snapshots),
            _own_or_recorded(StorageSnapshot, snapshots),
            None if training is None else _training(training),
            tuple(map(_training, others)),
        )


def thin(curve: Curve, most: int = MOST_POINTS) -> Curve:
    """A curve of at most `most` points that looks the same when it is drawn.

    Of each stretch the first, last, smallest and largest value stay (M4 aggregation: Jugel et
    al., "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014), and the first
    value of all that is not finite.
    """
    import numpy as np

    values = np.asarray(curve.values, dtype=float)
    if len(values) <= most:
        return curve
    finite = np.isfinite(values)
    kept = set(np.flatnonzero(~finite)[:1].tolist())
    edges = np.linspace(0, len(values), (most - 1) // 4 + 1).astype(int).tolist()
    for low, high in pairwise(edges):
        kept |= {low, high - 1}
        inside = low + np.flatnonzero(finite[low:high])
        if len(inside):
            kept.add(int(inside[np.argmin(values[inside])]))
            kept.add(int(inside[np.argmax(values[inside])]))
    at = sorted(kept)
    return Curve(
        curve.name,
        curve.original,
        [curve.steps[i] for i in at],
        [curve.values[i] for i in at],
        [curve.lines[i] for i in at],
    )


def _run_dict(run: TrainingRun) -> dict[str, Any]:
    names = [name for name in FIRST_CURVES if name in run.curves]
    names += [name for name in run.curves if name not in names and name != CLOCK]
    return {
        "subject": run.subject,
        "path": run.path,
        "format": run.format,
        "step_unit": run.step_unit,
        "segment": run.segment,
        "planned_steps": run.planned_steps,
        "finished": run.finished,
        "started": None if run.started is None else run.started.isoformat(),
        "model": run.model,
        "horizon": run.horizon,
        "curves": {name: _curve_dict(run.curves[name]) for name in names[:MOST_CURVES]},
    }


def _curve_dict(curve: Curve) -> dict[str, Any]:
    small = thin(curve)
    return {
        "original": small.original,
        "steps": [float(step) for step in small.steps],
        "values": [float(v) if math.isfinite(v) else str(float(v)) for v in small.values],
        "lines": [int(line) for line in small.lines],
    }


def _own_or_recorded(kind: type[Kind], artifacts: Sequence[Artifact]) -> Kind | None:
    of_kind = [a for a in artifacts if isinstance(a, kind)]
    return max(of_kind, key=lambda a: a.path is None, default=None)


def _training(data: Mapping[str, Any]) -> TrainingRun:
    curves = {
        name: Curve(
            name,
            curve["original"],
            curve["steps"],
            [float(value) for value in curve["values"]],
            curve["lines"],
        )
        for name, curve in data["curves"].items()
    }
    started = data["started"] and datetime.fromisoformat(data["started"])
    return TrainingRun(**{**data, "curves": curves, "started": started})
