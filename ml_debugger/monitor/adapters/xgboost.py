"""XGBoost: a callback for `xgboost.train` and for the scikit-learn estimators.

Tried with xgboost 3.2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ml_debugger.monitor.adapters.missing import module
from ml_debugger.readers.training.boosting import curve_names

if TYPE_CHECKING:
    from ml_debugger.monitor.training_monitor import TrainingMonitor


def callback(monitor: TrainingMonitor, predictions_on: Any = None) -> Any:
    """An `xgboost.callback.TrainingCallback`.

    `predictions_on` is a DMatrix, best one of `evals`, whose predictions are sampled. The sets
    and metrics are named as the reader of XGBoost's own text names them: the first minimised
    metric of the training set is `train_loss`, that of the validation set `val_loss`. Other
    workers than the first of a distributed training are left alone.
    """
    base = module("xgboost.callback").TrainingCallback
    collective = module("xgboost.collective")
    monitor.step_unit = "round"
    monitor.model_name = monitor.model_name or "xgboost"

    class Callback(base):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            super().__init__()
            self._first = True
            self._names: dict[str, str] = {}

        def before_training(self, model: Any) -> Any:
            self._first = collective.get_rank() == 0
            return model

        def after_iteration(
            self, model: Any, epoch: int, evals_log: Mapping[str, Mapping[str, Sequence[Any]]]
        ) -> bool:
            if not self._first:
                return False
            found = {
                f"{of_set}-{metric}": _last(values)
                for of_set, metrics in evals_log.items()
                for metric, values in metrics.items()
            }
            if found.keys() != self._names.keys():
                self._names = curve_names(list(found))
            monitor.told(
                epoch,
                {self._names[name]: value for name, value in found.items()},
                lambda: _closer(model, predictions_on),
            )
            if monitor.should_stop and not hasattr(model, "save_config"):
                # xgboost.cv takes any stop for its own early stopping, which names the best round
                model.set_attr(best_iteration=str(epoch))
            return monitor.should_stop

        def after_training(self, model: Any) -> Any:
            if self._first:
                monitor.finish()
            return model

    return Callback()


def _last(values: Sequence[Any]) -> float:
    """The newest value; cross-validation gives pairs of mean and standard deviation."""
    value = values[-1]
    return float(value[0] if isinstance(value, tuple) else value)


def _closer(model: Any, predictions_on: Any) -> dict[str, Any]:
    """What is looked at in a sampled round: the rate, and predictions if they are asked for."""
    found: dict[str, Any] = {}
    if hasattr(model, "save_config"):
        booster = json.loads(model.save_config())["learner"]["gradient_booster"]
        rate = booster.get("tree_train_param", {}).get("eta")
        if rate is not None:
            found["learning_rate"] = float(rate)
        if predictions_on is not None:
            found["predictions"] = model.predict(predictions_on)
    return found
