"""Collects what a torch loop does: every loss, and a closer look at every sampled step."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from ml_debugger.errors import UsageError
from ml_debugger.monitor.cadence import Cadence
from ml_debugger.monitor.gradients import Parameters
from ml_debugger.monitor.memory import in_use
from ml_debugger.monitor.naming import curves
from ml_debugger.monitor.reading import learning_rates, loss_scale, scalar, size, spread
from ml_debugger.monitor.transfer import Transfer

Rows = list[tuple[float, dict[str, float]]]

_FORCED = 1_000


class Collector:
    """Turns calls into rows of a step and its values.

    `arrived` holds the rows whose values are known and which nobody took yet.
    """

    def __init__(self, cadence: Cadence, clock: Callable[[], float]) -> None:
        self.cadence = cadence
        self.arrived: Rows = []
        self.notes: dict[str, str] = {}
        self._clock = clock
        self._transfer = Transfer()
        self._rows: list[tuple[float, Mapping[str, Any]]] = []
        self._parameters: Parameters | None = None
        self._left: float | None = None
        self._busy = 0.0
        self._timed = 0
        self._forced = 0
        self._spread_of: str | None = None
        self.now_at: float = -1.0

    def step(
        self,
        begin: float,
        loss: Any,
        *,
        step: float | None,
        model: Any = None,
        optimizer: Any = None,
        predictions: Any = None,
        grad_norm: Any = None,
        scaler: Any = None,
        metrics: Mapping[str, Any] | None = None,
    ) -> bool:
        """Take one training step that ended at `begin`; true where it was sampled."""
        cadence = self.cadence
        self.now_at = self.now_at + 1 if step is None else step
        cadence.steps += 1
        if self._left is not None:
            self._busy += begin - self._left
            self._timed += 1
        sampled = cadence.due(begin)
        value = scalar(loss) if loss is not None else None
        if not (sampled or metrics or cadence.steps % cadence.stride == 0):
            if isinstance(value, float) and not math.isfinite(value) and self._forced < _FORCED:
                self._forced += 1
                self._rows.append((self.now_at, {"train_loss": value}))
            self._left = self._clock()
            return False
        row: dict[str, Any] = {} if value is None else {"train_loss": value}
        if metrics:
            row.update(curves(metrics, "train"))
        if sampled:
            self._sample(row, model, optimizer, predictions, grad_norm, scaler)
        if row:
            self._rows.append((self.now_at, row))
        if sampled:
            self.flush()
            cadence.sampled(self._clock())
        self._left = self._clock()
        return sampled

    def measured(self, values: Mapping[str, Any], step: float | None) -> None:
        """Take values that were measured beside the steps, such as a validation."""
        if step is not None:
            self.now_at = step
        self.flush(wait=True)
        self._rows.append((max(self.now_at, 0.0), values))
        self.flush(wait=True)
        # what was done meanwhile is no part of a training step
        self._left = None

    def spread_of(self, predictions: Any, role: str) -> dict[str, Any]:
        """Spread and share positive of predictions; the first role to give any has the names."""
        self._spread_of = self._spread_of or role
        prefix = "" if role == self._spread_of else f"{role}_"
        deviation, positive = spread(predictions)
        return {f"{prefix}prediction_std": deviation, f"{prefix}share_positive": positive}

    def flush(self, *, wait: bool = False) -> None:
        """Send what was collected to the host, and take what has arrived there."""
        if self._rows:
            self._transfer.send(self._rows)
            self._rows = []
        rows = self._transfer.arrived(all_of_them=wait)
        self.cadence.kept(len(rows))
        self.arrived.extend(rows)

    def _sample(
        self,
        row: dict[str, Any],
        model: Any,
        optimizer: Any,
        predictions: Any,
        grad_norm: Any,
        scaler: Any,
    ) -> None:
        rare = self.cadence.rare()
        if optimizer is not None:
            row.update(learning_rates(optimizer))
        if model is not None or optimizer is not None:
            self._norms(row, model, optimizer, rare)
        if grad_norm is not None:
            row["grad_norm"] = scalar(grad_norm)
        if predictions is not None:
            row.update(self.spread_of(predictions, "train"))
        if scaler is not None and (scale := loss_scale(scaler)) is not None:
            row["loss_scale"] = scale
        if self._timed:
            row["step_time"] = self._busy / self._timed
            self._busy, self._timed = 0.0, 0
        row["timestamp"] = time.time()
        if rare:
            row["memory"] = in_use()

    def _norms(self, row: dict[str, Any], model: Any, optimizer: Any, rare: bool) -> None:
        source = model if model is not None else optimizer
        if self._parameters is None or rare or self._parameters.source is not source:
            self._parameters = Parameters(model, optimizer)
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
