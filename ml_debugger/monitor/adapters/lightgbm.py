"""LightGBM: a callback for `lightgbm.train`, `lightgbm.cv` and the scikit-learn estimators.

Tried with lightgbm 4.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ml_debugger.monitor.adapters.missing import module
from ml_debugger.readers.training.boosting import curve_names

if TYPE_CHECKING:
    from ml_debugger.monitor.training_monitor import TrainingMonitor


class Callback:
    """Called by LightGBM after every round, before its own early stopping (order 30)."""

    order = 20
    before_iteration = False

    def __init__(self, monitor: TrainingMonitor, predictions_on: Any, stop: type[Exception]):
        self._monitor = monitor
        self._predictions_on = predictions_on
        self._stop = stop
        self._names: dict[str, str] = {}

    def __call__(self, env: Any) -> None:
        """Take one round; raises LightGBM's EarlyStopException where the training is to stop."""
        results = env.evaluation_result_list or []
        found = {f"{row[0]}-{row[1]}": float(row[2]) for row in map(tuple, results)}
        if found.keys() != self._names.keys():
            self._names = curve_names(found)
        self._monitor.told(
            env.iteration,
            {self._names[name]: value for name, value in found.items()},
            lambda: self._closer(env),
        )
        if self._monitor.should_stop:
            self._monitor.finish()
            raise self._stop(env.iteration, results)
        # LightGBM says nothing at the end; early stopping raises without a word too
        if env.iteration + 1 >= env.end_iteration:
            self._monitor.finish()

    def _closer(self, env: Any) -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        rate = env.params.get("learning_rate")
        if isinstance(rate, int | float):
            found["learning_rate"] = float(rate)
        if self._predictions_on is not None and hasattr(env.model, "predict"):
            found["predictions"] = env.model.predict(self._predictions_on)
        return found


def callback(monitor: TrainingMonitor, predictions_on: Any = None) -> Callback:
    """A callable for `callbacks=[...]`; `predictions_on` are features to predict now and then.

    Beside LightGBM's early stopping use the monitor in a `with` statement: LightGBM tells its
    callbacks nothing of the end, and the log would be left open.
    """
    stop = module("lightgbm.callback").EarlyStopException
    monitor.step_unit = "round"
    monitor.model_name = monitor.model_name or "lightgbm"
    return Callback(monitor, predictions_on, stop)
