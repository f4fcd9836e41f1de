"""The picture of a run: the machine and the newest training run, small enough to be passed on.

Artifacts live in the worker; a front end that draws a machine or a curve is given these copies.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from ml_debugger.artifacts import (
    Artifact,
    Curve,
    GpuDevice,
    GpuSnapshot,
    HostSnapshot,
    StorageSnapshot,
    TrainingRun,
    Volume,
)

MOST_POINTS = 200
"""Points of a thinned curve; more than a terminal has columns."""
MOST_CURVES = 12
FIRST_CURVES = ("train_loss", "val_loss", "train_accuracy", "val_accuracy", "learning_rate")


@dataclass(frozen=True)
class Picture:
    """Snapshots of the machine and the newest training run; None for what was not looked at."""

    gpu: GpuSnapshot | None = None
    host: HostSnapshot | None = None
    storage: StorageSnapshot | None = None
    training: TrainingRun | None = None

    @classmethod
    def of(cls, artifacts: Sequence[Artifact], modified: Mapping[str, float]) -> Picture:
        """The picture of a run's artifacts.

        `modified` maps paths to times in seconds; the newest training run is the one whose file
        was written last, and of several in one file the last one.
        """
        gpu = [a for a in artifacts if isinstance(a, GpuSnapshot)]
        host = [a for a in artifacts if isinstance(a, HostSnapshot)]
        storage = [a for a in artifacts if isinstance(a, StorageSnapshot)]
        runs = [a for a in artifacts if isinstance(a, TrainingRun)]
        newest = max(
            enumerate(runs),
            key=lambda pair: (modified.get(pair[1].path or "", 0.0), pair[0]),
            default=None,
        )
        return cls(
            gpu[-1] if gpu else None,
            host[-1] if host else None,
            storage[-1] if storage else None,
            None if newest is None else newest[1],
        )

    def machine_dict(self) -> dict[str, Any] | None:
        """The JSON form of the machine; None when no snapshot was taken."""
        parts = {"gpu": self.gpu, "host": self.host, "storage": self.storage}
        taken = {key: asdict(part) for key, part in parts.items() if part is not None}
        return taken or None

    def training_dict(self) -> dict[str, Any] | None:
        """The JSON form of the training run, its curves thinned to at most 200 points.

        Values that are no finite numbers are the texts "nan", "inf" and "-inf".
        """
        run = self.training
        if run is None:
            return None
        names = [name for name in FIRST_CURVES if name in run.curves]
        names += [name for name in run.curves if name not in names]
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

    @classmethod
    def from_dicts(
        cls, machine: Mapping[str, Any] | None, training: Mapping[str, Any] | None
    ) -> Picture:
        """The inverse of `machine_dict` and `training_dict`."""
        parts = machine or {}
        gpu, host, storage = parts.get("gpu"), parts.get("host"), parts.get("storage")
        return cls(
            None if gpu is None else _gpu(gpu),
            None if host is None else HostSnapshot(**host),
            None if storage is None else _storage(storage),
            None if training is None else _training(training),
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


def _curve_dict(curve: Curve) -> dict[str, Any]:
    small = thin(curve)
    return {
        "original": small.original,
        "steps": [float(step) for step in small.steps],
        "values": [float(v) if math.isfinite(v) else str(float(v)) for v in small.values],
        "lines": [int(line) for line in small.lines],
    }


def _gpu(data: Mapping[str, Any]) -> GpuSnapshot:
    devices = tuple(GpuDevice(**device) for device in data["devices"])
    return GpuSnapshot(**{**data, "devices": devices, "signs": tuple(data["signs"])})


def _storage(data: Mapping[str, Any]) -> StorageSnapshot:
    volumes = (Volume(**{**volume, "holds": tuple(volume["holds"])}) for volume in data["volumes"])
    return StorageSnapshot(**{**data, "volumes": tuple(volumes)})


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
