"""Keras 3: a callback for `model.fit(callbacks=[...])`, whatever the backend.

Tried with keras 3.15 on its torch backend.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ml_debugger.monitor.adapters.missing import module
from ml_debugger.monitor.naming import curve_name

if TYPE_CHECKING:
    from ml_debugger.monitor.training_monitor import TrainingMonitor

_EVERY = 10


def callback(monitor: TrainingMonitor) -> Any:
    """A `keras.callbacks.Callback` that takes the metrics of every epoch.

    Within an epoch Keras tells a running mean, which is no curve: every tenth batch is asked
    only whether it is still a number. A stop sets `model.stop_training`.
    """
    base = module("keras.callbacks").Callback
    monitor.step_unit = "epoch"

    monitor.often()

    class Callback(base):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            super().__init__()
            self._epoch = 0
            self._lost = False

        def on_train_begin(self, _logs: Any = None) -> None:
            monitor.model_name = monitor.model_name or self.model.name
            monitor.planned_steps = monitor.planned_steps or self.params.get("epochs")

        def on_epoch_begin(self, epoch: int, _logs: Any = None) -> None:
            self._epoch = epoch

        def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
            loss = (logs or {}).get("loss") if batch % _EVERY == _EVERY - 1 else None
            if loss is None or self._lost or math.isfinite(loss):
                return
            # once: the epoch's own end says it again
            self._lost = True
            monitor.record({"train_loss": float(loss)}, step=self._epoch)
            self._stop()

        def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
            found = {curve_name(name, "train"): float(v) for name, v in (logs or {}).items()}
            monitor.told(epoch, found, self._closer)
            self._stop()

        def on_train_end(self, _logs: Any = None) -> None:
            monitor.finish()

        def _stop(self) -> None:
            if monitor.should_stop:
                self.model.stop_training = True

        def _closer(self) -> Mapping[str, Any]:
            rate = getattr(self.model.optimizer, "learning_rate", None)
            return {} if rate is None else {"learning_rate": float(rate)}

    return Callback()
