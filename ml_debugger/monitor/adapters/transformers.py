"""Hugging Face Transformers: a callback for `Trainer(callbacks=[...])`.

Tried with transformers 5.23 and accelerate 1.15.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ml_debugger.monitor.adapters.missing import module
from ml_debugger.monitor.naming import curve_name

if TYPE_CHECKING:
    from ml_debugger.monitor.training_monitor import TrainingMonitor

_NO_CURVE = ("epoch", "_runtime", "_per_second", "total_flos")


def callback(monitor: TrainingMonitor) -> Any:
    """A `TrainerCallback` that takes what the Trainer logs, at its own `logging_steps`.

    The Trainer's `logging_nan_inf_filter`, on by default, hides losses that are no number:
    switch it off, or rely on the gradient norm, which is not filtered. A stop sets
    `control.should_training_stop`.
    """
    base = module("transformers").TrainerCallback

    monitor.often()

    class Callback(base):  # type: ignore[misc, valid-type]
        def on_train_begin(
            self, _args: Any, state: Any, _control: Any, model: Any = None, **_given: Any
        ) -> None:
            if model is not None:
                monitor.model_name = monitor.model_name or type(model).__name__
            if monitor.planned_steps is None and state.max_steps > 0:
                monitor.planned_steps = int(state.max_steps)

        def on_log(
            self,
            _args: Any,
            state: Any,
            control: Any,
            logs: Mapping[str, Any] | None = None,
            **_given: Any,
        ) -> None:
            # the summary at the end is no point of a curve
            if not state.is_world_process_zero or logs is None or "train_runtime" in logs:
                return
            found = {
                curve_name(name, "train"): float(value)
                for name, value in logs.items()
                if isinstance(value, int | float) and not name.endswith(_NO_CURVE)
            }
            if found:
                monitor.told(state.global_step, found)
            if monitor.should_stop:
                control.should_training_stop = True

        def on_train_end(self, _args: Any, state: Any, _control: Any, **_given: Any) -> None:
            if state.is_world_process_zero:
                monitor.finish()

    return Callback()
