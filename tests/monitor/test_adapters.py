"""The adapters, against the real XGBoost and small stand-ins with the others' call protocols.

The stand-ins call what pytorch-lightning 2.6, transformers 5.23, keras 3.15 and lightgbm 4.7 call,
in their order; the adapters were tried on these themselves too.
"""

from __future__ import annotations

import math
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
import xgboost

from ml_debugger.errors import MissingExtraError, UsageError
from ml_debugger.monitor import TrainingMonitor
from tests.monitor.live import Judge, content, finding, read_back


def diverged(run):
    losses = run.curves.get("train_loss")
    lost = losses is not None and any(not math.isfinite(value) for value in losses.values)
    return [finding("non-finite-loss")] if lost else []


@pytest.fixture
def monitor(tmp_path) -> TrainingMonitor:
    return TrainingMonitor(
        "run", log=tmp_path / "log.jsonl", judging=Judge(diverged), stop_on="fail", overhead=1.0
    )


@pytest.fixture
def install(monkeypatch):
    def stand_in(name: str, **content: object) -> None:
        module = ModuleType(name)
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, module)

    return stand_in


def matrices() -> tuple[xgboost.DMatrix, xgboost.DMatrix]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 4))
    y = x[:, 0] + rng.normal(size=400)
    return xgboost.DMatrix(x[:300], y[:300]), xgboost.DMatrix(x[300:], y[300:])


def test_xgboost(monitor, tmp_path) -> None:
    train, valid = matrices()
    xgboost.train(
        {"eta": 0.2, "max_depth": 2, "nthread": 1, "eval_metric": ["rmse", "mae"]},
        train,
        25,
        evals=[(train, "train"), (valid, "valid")],
        callbacks=[monitor.callback("xgboost", predictions_on=valid)],
        verbose_eval=False,
    )
    run = monitor.run
    assert {"train_loss", "val_loss", "mae", "val_mae"} <= set(run.curves)
    assert list(run.curves["val_loss"].steps) == list(range(25))
    assert run.curves["learning_rate"].values[0] == pytest.approx(0.2)
    assert 0 < run.curves["share_positive"].values[-1] < 1
    assert (run.step_unit, run.model, run.finished) == ("round", "xgboost", True)
    assert content(run) == content(read_back(tmp_path / "log.jsonl"))


def test_xgboost_cross_validation_and_stop(monitor) -> None:
    train, _ = matrices()
    monitor.policy.stop = finding()
    history = xgboost.cv(
        {"nthread": 1}, train, 9, callbacks=[monitor.callback("xgboost")], as_pandas=False
    )
    assert len(history["train-rmse-mean"]) == 1
    assert monitor.run.finished is False
    assert len(monitor.run.curves["val_loss"]) == 1


class LightGBM:
    """Calls its callbacks as lightgbm.train does, and swallows its own exception."""

    class EarlyStopException(Exception):
        def __init__(self, best_iteration, _best_score):
            self.best_iteration = best_iteration

    def train(self, callback, losses):
        for iteration, loss in enumerate(losses):
            results = [("train", "l2", loss, False), ("valid", "l2", loss + 1, False)]
            model = SimpleNamespace(predict=lambda x: x)
            env = SimpleNamespace(
                model=model,
                params={"learning_rate": 0.1},
                iteration=iteration,
                begin_iteration=0,
                end_iteration=len(losses),
                evaluation_result_list=results,
            )
            try:
                callback(env)
            except self.EarlyStopException as stop:
                return stop.best_iteration
        return None


@pytest.mark.parametrize(("last", "stopped"), [(0.5, None), (math.nan, 12)])
def test_lightgbm(monitor, install, last, stopped) -> None:
    library = LightGBM()
    install("lightgbm")
    install("lightgbm.callback", EarlyStopException=library.EarlyStopException)
    callback = monitor.callback("lightgbm", predictions_on=np.array([1.0, -1.0, 2.0]))
    assert (callback.order, callback.before_iteration) == (20, False)
    assert library.train(callback, [1.0] * 12 + [last] * 8 + [last] * 10) == stopped
    run = monitor.run
    assert run.finished is (stopped is None)
    assert run.curves["val_loss"].values[0] == 2.0
    assert run.curves["share_positive"].values[0] == pytest.approx(2 / 3)


class Lightning:
    """A trainer that calls the hooks of pytorch-lightning in their order."""

    def __init__(self, callback) -> None:
        self.callback = callback
        self.global_step = 0
        self.estimated_stepping_batches = 24
        self.accumulate_grad_batches = 2
        self.sanity_checking = True
        self.should_stop = False
        self.callback_metrics = {}
        self.module = torch.nn.Linear(3, 1)
        self.optimizers = [torch.optim.SGD(self.module.parameters(), lr=0.1)]

    def fit(self, nan_from: int = 99) -> None:
        hook, module, (optimizer,) = self.callback, self.module, self.optimizers
        self.callback_metrics = {"val_loss": torch.tensor(9.0)}
        hook.on_validation_end(self, module)
        self.sanity_checking = False
        hook.on_train_start(self, module)
        for batch in range(48):
            loss = module(torch.ones(2, 3)).square().mean() / 2
            if self.global_step >= nan_from:
                loss = loss * math.nan
            loss.backward()
            if batch % 2:
                hook.on_before_optimizer_step(self, module, optimizer)
                torch.nn.utils.clip_grad_norm_(module.parameters(), 1e-9)
                optimizer.step()
                self.global_step += 1
            hook.on_train_batch_end(self, module, {"loss": loss.detach()}, None, batch)
            if batch % 2:
                optimizer.zero_grad()
            if self.should_stop:
                break
        self.callback_metrics = {"val_loss": torch.tensor(0.5), "train_loss_step": torch.tensor(1)}
        hook.on_validation_end(self, module)
        hook.on_train_end(self, module)


@pytest.fixture
def lightning(monitor, install) -> Lightning:
    install("pytorch_lightning")
    install("pytorch_lightning.callbacks", Callback=object)
    return Lightning(monitor.callback("lightning"))


def test_lightning(monitor, lightning) -> None:
    lightning.fit()
    run = monitor.run
    assert list(run.curves["train_loss"].steps) == list(range(1, 25))
    assert min(run.curves["grad_norm"].values) > 1e-3, "taken before clipping"
    assert "grad_norm/weight" in run.curves
    assert list(run.curves["grad_norm"].steps) == [1, 11, 21], "sampled, not every step"
    assert list(run.curves["learning_rate"].steps) == [1, 11, 21]
    assert list(run.curves["val_loss"].values) == [0.5], "the sanity check is none"
    assert (run.planned_steps, run.model, run.finished) == (24, "Linear", True)
    assert run.curves["learning_rate"].values[0] == 0.1


def test_lightning_stops_and_says_how_it_broke_off(monitor, lightning) -> None:
    lightning.fit(nan_from=10)
    assert lightning.should_stop
    assert lightning.global_step < 24
    assert monitor.run.finished is False


def test_lightning_exception(monitor, lightning) -> None:
    lightning.callback.on_train_batch_end(lightning, lightning.module, {"loss": 1.0}, None, 0)
    lightning.callback.on_exception(lightning, lightning.module, RuntimeError("out of memory"))
    assert monitor.run.details["ended"] == "RuntimeError: out of memory"


def test_transformers(monitor, install) -> None:
    install("transformers", TrainerCallback=object)
    callback = monitor.callback("transformers")
    state = SimpleNamespace(max_steps=30, global_step=0, is_world_process_zero=True)
    control = SimpleNamespace(should_training_stop=False)
    model = torch.nn.Linear(1, 1)
    callback.on_train_begin(None, state, control, model=model, optimizer=None)
    for step in range(10, 40, 10):
        state.global_step = step
        logs = {"loss": 2.0 / step, "grad_norm": 1.5, "learning_rate": 1e-4, "epoch": step / 10}
        callback.on_log(None, state, control, logs=logs, model=model)
        logs = {"eval_loss": 3.0 / step, "eval_runtime": 0.1, "eval_samples_per_second": 9.0}
        callback.on_log(None, state, control, logs=logs, model=model)
    callback.on_log(None, state, control, logs={"train_runtime": 1.0, "train_loss": 7.0})
    callback.on_train_end(None, state, control, model=model)
    run = monitor.run
    assert list(run.curves["train_loss"].values) == [0.2, 0.1, 2.0 / 30]
    assert list(run.curves["val_loss"].steps) == [10, 20, 30]
    assert not any("runtime" in name or "epoch" in name for name in run.curves)
    assert (run.planned_steps, run.finished) == (30, True)
    assert not control.should_training_stop


def test_transformers_stops_and_leaves_other_processes_alone(monitor, install) -> None:
    install("transformers", TrainerCallback=object)
    callback = monitor.callback("transformers")
    control = SimpleNamespace(should_training_stop=False)
    state = SimpleNamespace(max_steps=30, global_step=1, is_world_process_zero=False)
    callback.on_log(None, state, control, logs={"loss": math.nan})
    assert monitor.run is None
    state.is_world_process_zero = True
    callback.on_log(None, state, control, logs={"loss": math.nan})
    assert control.should_training_stop


def keras_model(callback, losses) -> SimpleNamespace:
    """Calls a callback as model.fit does."""
    callback.model = SimpleNamespace(
        name="net", stop_training=False, optimizer=SimpleNamespace(learning_rate=0.01)
    )
    callback.params = {"epochs": len(losses), "steps": 20}
    callback.on_train_begin({})
    for epoch, loss in enumerate(losses):
        callback.on_epoch_begin(epoch, {})
        for batch in range(20):
            callback.on_train_batch_end(batch, {"loss": loss})
        callback.on_epoch_end(epoch, {"loss": loss, "val_loss": loss + 1, "mae": 0.1})
        if callback.model.stop_training:
            break
    callback.on_train_end({})
    return callback.model


def test_keras(monitor, install) -> None:
    install("keras")
    install("keras.callbacks", Callback=object)
    keras_model(monitor.callback("keras"), [3.0, 2.0, 1.0])
    run = monitor.run
    assert list(run.curves["train_loss"].values) == [3.0, 2.0, 1.0]
    assert list(run.curves["val_loss"].values) == [4.0, 3.0, 2.0]
    assert set(run.curves["learning_rate"].values) == {0.01}
    assert (run.step_unit, run.planned_steps, run.finished) == ("epoch", 3, True)


def test_keras_stops_within_the_epoch(monitor, install) -> None:
    install("keras")
    install("keras.callbacks", Callback=object)
    model = keras_model(monitor.callback("keras"), [3.0, math.nan, 1.0])
    assert model.stop_training
    assert monitor.run.curves["train_loss"].steps[-1] == 1


@pytest.mark.parametrize("framework", ["lightgbm", "lightning", "transformers", "keras"])
def test_a_framework_that_is_not_installed_is_one_clear_line(monitor, framework, monkeypatch):
    for name in ("lightgbm", "lightning", "pytorch_lightning", "transformers", "keras"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match="is not installed here: pip install") as raised:
        monitor.callback(framework)
    assert "\n" not in str(raised.value)


def test_an_unknown_framework(monitor) -> None:
    with pytest.raises(UsageError, match="there are: xgboost, lightgbm, lightning"):
        monitor.callback("caffe")
