"""Collects what a torch loop does: every loss, and a closer look at every sampled step."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

from ml_debugger.errors import UsageError
from ml_debugger.monitor.cadence import WAIT, Cadence
from ml_debugger.monitor.gradients import Parameters
from ml_debugger.monitor.live_run import LiveRun
from ml_debugger.monitor.memory import in_use
from ml_debugger.monitor.naming import curves
from ml_debugger.monitor.ranks import Ranks
from ml_debugger.monitor.reading import learning_rates, loss_scale, scalar, size, spread
from ml_debugger.monitor.transfer import Transfer

Rows = list[tuple[float, dict[str, float]]]

_FORCED = 1_000
_FEW = 2


class Collector:
    """Turns calls into rows of a step and its values. `seen` counts all steps."""

    def __init__(self, cadence: Cadence, clock: Callable[[], float]) -> None:
        self.cadence = cadence
        self.notes: dict[str, str] = {}
        self._clock = clock
        self._transfer = Transfer()
        self._rows: list[tuple[float, Mapping[str, Any]]] = []
        self._parameters: Parameters | None = None
        self._left: float | None = None
        self._busy = 0.0
        self._timed = 0.0
        self._forced = 0
        self._lost = False
        self._spread_of: str | None = None
        self._keeping = 0.0
        self.ranks: Ranks | None = None
        self.seen = 0
        self.now_at = -1.0

    def begin(self, now: float, ranks: Ranks | None) -> None:
        """The training began at `now`, beside other `ranks` if there are any."""
        self.cadence.last = now
        self.ranks = ranks

    def plain(self, begin: float, loss: Any, step: float | None) -> bool:
        """Take a training step that ended at `begin`; false, and not taken, where it is sampled.

        Every step runs through here, so what other methods do is written out.
        """
        cadence = self.cadence
        if cadence.steps + 1 >= cadence.interval or begin - cadence.last >= WAIT:
            return False
        if self.ranks is not None and self.ranks.due(self.seen + 1):
            return False
        if step is None and self._left is not None:
            self.seen += 1
            cadence.steps += 1
            self.now_at += 1.0
            self._busy += begin - self._left
            self._timed += 1.0
        else:
            self._count(begin, step)
        self._left = begin
        if loss is None:
            return True
        keep = cadence.steps % cadence.stride == 0
        # of another device only what is kept is copied; there NaN is seen a sample later
        if keep or getattr(loss, "is_cpu", True):
            value = scalar(loss)
            if isinstance(value, float) and value - value != 0 and self._not_finite(value):
                keep = True
                # the first one is looked at with the next step, whatever the interval
                if self._lost:
                    self._lost, cadence.steps = False, cadence.interval
            if keep:
                self._rows.append((self.now_at, {"train_loss": value}))
        return True

    def due_next(self, now: float) -> bool:
        """Whether the step that ends about now is to be sampled."""
        cadence = self.cadence
        return (
            cadence.steps + 1 >= cadence.interval
            or now - cadence.last >= WAIT
            or (self.ranks is not None and self.ranks.due(self.seen + 1))
        )

    def sample(
        self,
        begin: float,
        loss: Any,
        step: float | None,
        *,
        model: Any = None,
        optimizer: Any = None,
        predictions: Any = None,
        grad_norm: Any = None,
        scaler: Any = None,
        metrics: Mapping[str, Any] | None = None,
        norms: Mapping[str, Any] | None = None,
    ) -> None:
        """Take a training step and look at all that is given.

        `norms` are those that `norms` gave earlier in the step; without them they are taken now.
        """
        self._count(begin, step)
        row: dict[str, Any] = {} if loss is None else {"train_loss": scalar(loss)}
        if metrics:
            row.update(curves(metrics, "train"))
        if optimizer is not None:
            row.update(learning_rates(optimizer))
        if norms is not None:
            row.update(norms)
        elif model is not None or optimizer is not None:
            row.update(self.norms(model, optimizer))
        if grad_norm is not None:
            row["grad_norm"] = scalar(grad_norm)
        if predictions is not None:
            row.update(self.spread_of(predictions, "train"))
        if scaler is not None and (scale := loss_scale(scaler)) is not None:
            row["loss_scale"] = scale
        row.update(self._surroundings())
        self._rows.append((self.now_at, row))
        if self.ranks is not None:
            self._beside(self.ranks, row, loss, model, optimizer)

    def told(
        self,
        begin: float,
        step: float,
        values: Mapping[str, float],
        closer: Callable[[], Mapping[str, Any]] | None,
    ) -> bool:
        """Take values that the framework computed itself, under their canonical names.

        True where the step is sampled: then `closer` is asked for more, of which `predictions`
        become their spread.
        """
        self._count(begin, step)
        lost = self._not_finite(values.get("train_loss"))
        sampled = self.cadence.due(begin) or self._lost
        self._lost = False
        row: dict[str, Any] = dict(values)
        if sampled:
            found = dict(closer()) if closer is not None else {}
            if (predictions := found.pop("predictions", None)) is not None:
                row.update(self.spread_of(predictions, "val"))
            row.update(found)
            row.update(self._surroundings())
        if sampled or lost or self.cadence.steps % self.cadence.stride == 0:
            self._rows.append((self.now_at, row))
        self._left = self._clock()
        return sampled

    def norms(self, model: Any, optimizer: Any) -> dict[str, Any]:
        """Norms of the gradients that are there now; rarely also by layer and of the weights."""
        rare = self.cadence.rare()
        source = model if model is not None else optimizer
        if self._parameters is None or rare or self._parameters.source is not source:
            self._parameters = Parameters(model, optimizer)
        row: dict[str, Any] = {}
        found = self._parameters.gradients(layers=rare and model is not None)
        if found is None:
            self.notes["gradients"] = (
                "there were none at a sampled step: call step() after backward() and before "
                "zero_grad()"
            )
        else:
            row["grad_norms"] = found
        if rare and (weights := self._parameters.weights()) is not None:
            row["weight_norms"] = weights
        return row

    def sampled(self, begin: float, looked: float) -> None:
        """Close the sample that began at `begin`; `looked` seconds of it have their own budget."""
        self._left = self._clock()
        self.cadence.sampling += self._left - begin - looked - self._keeping
        self.cadence.keeping += self._keeping
        self._keeping = 0.0
        self.cadence.sampled(self._left)

    def measured(self, values: Mapping[str, Any], step: float | None) -> None:
        """Take values that were measured beside the steps, such as a validation."""
        if step is not None:
            self.now_at = float(step)
        self._rows.append((max(self.now_at, 0.0), values))
        # what was done meanwhile is no part of a training step
        self._left = None

    def spread_of(self, predictions: Any, role: str) -> dict[str, Any]:
        """Spread and share positive of predictions; the first role to give any has the names."""
        self._spread_of = self._spread_of or role
        prefix = "" if role == self._spread_of else f"{role}_"
        deviation, positive = spread(predictions)
        return {f"{prefix}prediction_std": deviation, f"{prefix}share_positive": positive}

    def flush(self, live: LiveRun, *, wait: bool = False) -> Rows:
        """Send what was collected to the host, and give the run what has arrived there."""
        if self._rows:
            self._transfer.send(self._rows)
            self._rows = []
        rows = self._transfer.arrived(all_of_them=wait)
        begin = self._clock()
        for name, text in self.notes.items():
            live.note(name, text)
        self.notes = {}
        live.add(rows)
        self.cadence.kept(len(rows))
        if len(rows) > _FEW:
            self._keeping += self._clock() - begin
        return rows

    def _beside(
        self, ranks: Ranks, row: Mapping[str, Any], loss: Any, model: Any, optimizer: Any
    ) -> None:
        if ranks.due(self.seen):
            ranks.report(
                self.seen, self.now_at, loss, row.get("step_time"), Parameters(model, optimizer)
            )
        self._rows.extend(ranks.compared())
        self.notes.update(ranks.notes)
        ranks.notes.clear()

    def _count(self, begin: float, step: float | None) -> None:
        self.seen += 1
        self.cadence.steps += 1
        before = self.now_at
        self.now_at = before + 1.0 if step is None else float(step)
        # a second report of the same step is an evaluation: its time is no step's
        if self._left is not None and self.now_at > before:
            self._busy += begin - self._left
            self._timed += self.now_at - before

    def _surroundings(self) -> dict[str, float]:
        row = {"timestamp": time.time()}
        if self._timed:
            row["step_time"] = self._busy / self._timed
            self._busy, self._timed = 0.0, 0.0
        if self.cadence.rare():
            row["memory"] = in_use()
        return row

    def _not_finite(self, loss: object) -> bool:
        """Whether a loss is kept whatever the stride; so are the first thousand, no more."""
        if not isinstance(loss, float) or isfinite(loss) or self._forced >= _FORCED:
            return False
        self._forced += 1
        self._lost = self._forced == 1
        return True


def asked_rightly(loss: Any, model: Any, optimizer: Any, predictions: Any) -> None:
    """Raise UsageError, in one line, for arguments that no later step could make sense of."""
    if loss is not None and (count := size(loss)) != 1:
        raise UsageError(f"the loss holds {count} numbers: pass their mean, as in loss.mean()")
    if isinstance(loss, str | bytes | bool):
        raise UsageError(f"the loss is {loss!r}, which is no number")
    if model is not None and not hasattr(model, "named_parameters"):
        raise UsageError(f"model is a {type(model).__name__}, which has no named_parameters()")
    if optimizer is not None and not hasattr(optimizer, "param_groups"):
        raise UsageError(f"optimizer is a {type(optimizer).__name__}, which has no param_groups")
    if predictions is not None and isinstance(predictions, str | bytes | Mapping):
        raise UsageError(f"predictions are a {type(predictions).__name__}: pass the numbers")
