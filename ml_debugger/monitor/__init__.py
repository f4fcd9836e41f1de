"""The live training run: it collects what a training does and judges it by the same checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ml_debugger.monitor.stopping import StopTraining
    from ml_debugger.monitor.training_monitor import TrainingMonitor

__all__ = ["StopTraining", "TrainingMonitor"]


def __getattr__(name: str) -> Any:
    if name == "TrainingMonitor":
        from ml_debugger.monitor.training_monitor import TrainingMonitor

        return TrainingMonitor
    if name == "StopTraining":
        from ml_debugger.monitor.stopping import StopTraining

        return StopTraining
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
