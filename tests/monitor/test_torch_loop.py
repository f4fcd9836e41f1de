"""A plain torch loop: what is collected, what is said of wrong use, what ends a training."""

from __future__ import annotations

import logging
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ml_debugger.errors import UsageError
from ml_debugger.monitor import StopTraining, TrainingMonitor
from ml_debugger.monitor.reading import scalar, spread
from tests.monitor.live import Judge, content, finding, read_back


class Loop:
    """A small regression; each call is one optimizer step."""

    def __init__(self, rate: float = 0.01, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.model = torch.nn.Sequential(
            torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)
        )
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=rate)

    def __call__(self) -> tuple[torch.Tensor, torch.Tensor]:
        x = torch.randn(32, 4)
        predictions = self.model(x)
        loss = ((predictions - x[:, :1]) ** 2).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss, predictions


def watched(monitor: TrainingMonitor, loop: Loop, steps: int) -> None:
    for _ in range(steps):
        loss, predictions = loop()
        monitor.step(loss, model=loop.model, optimizer=loop.optimizer, predictions=predictions)


def quiet(**given) -> TrainingMonitor:
    return TrainingMonitor("run", **{"judging": Judge(), "overhead": 1.0, **given})


def test_all_that_a_loop_shows_becomes_curves(tmp_path) -> None:
    monitor, loop = quiet(log=tmp_path / "run.jsonl", every=2), Loop()
    watched(monitor, loop, 50)
    monitor.validation(0.5, predictions=torch.ones(7), metrics={"mae": 0.2, "val_acc": 0.6})
    monitor.finish()
    run = monitor.run
    assert set(run.curves) == {
        *("train_loss", "learning_rate", "grad_norm", "grad_norm/0", "grad_norm/2", "weight_norm"),
        *("prediction_std", "share_positive", "step_time", "timestamp", "memory"),
        *("val_loss", "val_mae", "val_accuracy", "val_prediction_std", "val_share_positive"),
    }
    assert run.curves["learning_rate"].values[-1] == 0.01
    assert run.curves["memory"].values[0] > 1e6
    assert run.curves["train_loss"].steps[-1] == 49
    assert content(run) == content(read_back(tmp_path / "run.jsonl"))


@pytest.mark.parametrize("kind", [torch.tensor, list])
@pytest.mark.parametrize(
    ("predictions", "share"),
    [([math.nan] * 3, math.nan), ([1.0, math.nan, -1.0, 2.0], 2 / 3), ([], math.nan)],
)
def test_a_prediction_that_is_nan_is_on_no_side(kind, predictions, share) -> None:
    _, positive = spread(kind(predictions))
    assert float(positive) == pytest.approx(share, nan_ok=True)


def test_norms_are_those_of_torch() -> None:
    monitor, loop = quiet(every=1), Loop()
    watched(monitor, loop, 1)
    total = torch.nn.utils.get_total_norm([p.grad for p in loop.model.parameters()])
    last = torch.nn.utils.get_total_norm([p.grad for p in loop.model[2].parameters()])
    weights = torch.nn.utils.get_total_norm([p.detach() for p in loop.model.parameters()])
    values = {name: curve.values[0] for name, curve in monitor.run.curves.items()}
    assert values["grad_norm"] == pytest.approx(float(total), rel=1e-6)
    assert values["grad_norm/2"] == pytest.approx(float(last), rel=1e-6)
    assert values["weight_norm"] == pytest.approx(float(weights), rel=1e-6)


def test_half_precision_gradients_do_not_overflow() -> None:
    monitor, model = quiet(every=1), torch.nn.Linear(4, 4, bias=False).half()
    model.weight.grad = torch.full((4, 4), 6e4, dtype=torch.float16)
    monitor.step(1.0, model=model)
    assert monitor.run.curves["grad_norm"].values[0] == pytest.approx(2.4e5, rel=1e-3)


def test_what_was_clipped_is_told_by_the_loop() -> None:
    monitor, loop = quiet(every=1), Loop()
    loss, _ = loop()
    before = torch.nn.utils.clip_grad_norm_(loop.model.parameters(), 1e-4)
    monitor.step(loss, model=loop.model, grad_norm=before)
    assert monitor.run.curves["grad_norm"].values[0] == pytest.approx(float(before))


def test_several_groups_frozen_and_sparse_parameters_and_accumulated_gradients() -> None:
    table, head = torch.nn.Embedding(10, 4, sparse=True), torch.nn.Linear(4, 1)
    head.bias.requires_grad_(False)
    model = torch.nn.ModuleDict({"table": table, "head": head})
    optimizer = torch.optim.SGD(
        [{"params": table.parameters(), "lr": 0.5}, {"params": [head.weight]}], lr=0.1
    )
    monitor = quiet(every=1)
    for _ in range(3):
        for _ in range(2):
            (head(table(torch.tensor([1, 2]))).mean() / 2).backward()
        optimizer.step()
        monitor.step(torch.tensor(1.0), model=model, optimizer=optimizer)
        optimizer.zero_grad()
    curves = monitor.run.curves
    assert curves["learning_rate"].values[0] == 0.5
    assert curves["learning_rate/1"].values[0] == 0.1
    assert {"grad_norm/table", "grad_norm/head"} <= set(curves)
    assert all(value > 0 for value in curves["grad_norm"].values)


def test_an_optimizer_with_a_closure() -> None:
    loop, monitor = Loop(), quiet(every=1)
    optimizer = torch.optim.LBFGS(loop.model.parameters(), max_iter=2)
    x = torch.randn(16, 4)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = ((loop.model(x) - x[:, :1]) ** 2).mean()
        loss.backward()
        return loss

    for _ in range(3):
        monitor.step(optimizer.step(closure), model=loop.model, optimizer=optimizer)
    assert len(monitor.run.curves["grad_norm"]) == 3


def test_gradients_that_are_gone_are_noted() -> None:
    loop, monitor = Loop(), quiet(every=1)
    loss, _ = loop()
    loop.optimizer.zero_grad()
    monitor.step(loss, model=loop.model)
    assert "before zero_grad()" in monitor.run.details["gradients"]
    assert "grad_norm" not in monitor.run.curves


def test_a_loss_scale_is_read() -> None:
    class Scaler:
        _scale = torch.tensor(65536.0)

        def is_enabled(self) -> bool:
            return True

    monitor = quiet(every=1)
    monitor.step(torch.tensor(1.0), scaler=Scaler())
    assert monitor.run.curves["loss_scale"].values[0] == 65536


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"loss": torch.ones(3)}, "holds 3 numbers"),
        ({"loss": "0.5"}, "no number"),
        ({"loss": 1.0, "model": 7}, "named_parameters"),
        ({"loss": 1.0, "optimizer": object()}, "param_groups"),
        ({"loss": 1.0, "predictions": {"a": 1}}, "predictions"),
    ],
)
def test_wrong_arguments_are_an_error_of_one_line_at_the_first_call(given, said) -> None:
    with pytest.raises(UsageError, match=said) as raised:
        quiet().step(**given)
    assert "\n" not in str(raised.value)


def test_an_error_of_the_monitor_is_said_once_and_ends_nothing(caplog) -> None:
    monitor = quiet(every=1)
    monitor.step(1.0)
    for _ in range(3):
        monitor.step(torch.ones(3))
    monitor.validation(1.0)
    monitor.finish()
    assert [r.message[:18] for r in caplog.records] == ["the monitor is off"]


def test_a_judge_that_fails_leaves_the_log(tmp_path, caplog) -> None:
    def broken(_run):
        raise ZeroDivisionError("no")

    monitor = quiet(judging=Judge(broken), log=tmp_path / "run.jsonl", every=1)
    monitor.step(math.nan)
    monitor.step(1.0)
    monitor.finish()
    assert len(read_back(tmp_path / "run.jsonl").curves["train_loss"]) == 2
    assert caplog.text.count("judging is off") == 1


def test_a_lost_run_is_told_saved_and_stopped_and_the_real_check_says_why(tmp_path) -> None:
    told, saved = [], []
    loop = Loop(rate=1e4)
    with (
        pytest.raises(StopTraining, match="TRN001 non-finite-loss") as raised,
        TrainingMonitor(
            "run",
            log=tmp_path / "run.jsonl",
            on_finding=told.append,
            stop_on="fail",
            save=lambda: saved.append(1),
            folder=tmp_path,
        ) as monitor,
    ):
        watched(monitor, loop, 200)
    assert raised.value.finding.name == "non-finite-loss"
    assert "non-finite-loss" in [one.name for one in told]
    assert "incomplete-run" not in [one.name for one in told]
    assert saved == [1]
    run = read_back(tmp_path / "run.jsonl")
    assert run.finished is False
    assert run.details["ended"].startswith("StopTraining: TRN001")
    assert len(run.curves["train_loss"]) < 60


def test_a_healthy_loop_is_accused_of_nothing(tmp_path, caplog) -> None:
    caplog.set_level(logging.WARNING, "ml_debugger.monitor")
    with TrainingMonitor("run", stop_on="warn", folder=tmp_path) as monitor:
        watched(monitor, Loop(), 200)
    assert caplog.text == ""
    assert monitor.run.finished is True


def test_a_gap_in_the_log_hides_no_loss_that_is_no_number() -> None:
    monitor = quiet(every=1000)
    monitor.step(1.0)
    monitor._collector.cadence.stride = 64
    for step in range(1, 200):
        monitor.step(torch.tensor(math.nan if step == 77 else 1.0))
    monitor.finish()
    curve = monitor.run.curves["train_loss"]
    assert [s for s, v in zip(curve.steps, curve.values, strict=True) if math.isnan(v)] == [77]
    assert len(curve) < 10


def test_the_first_loss_that_is_no_number_is_looked_at_one_step_later() -> None:
    judge = Judge()
    monitor = quiet(judging=judge, every=1000)
    for step in range(50):
        monitor.step(torch.tensor(math.nan if step >= 20 else 1.0))
        assert bool(judge.looks) is (step > 20)


def test_what_is_no_tensor_is_a_number() -> None:
    import numpy as np

    assert scalar(np.float32(0.5)) == 0.5
    assert scalar(torch.tensor(2)) == 2.0
    assert isinstance(scalar(torch.tensor(2)), float)


def test_a_stop_needs_a_finding_that_stands() -> None:
    seen = []

    def rule(run):
        seen.append(len(run.curves["train_loss"]))
        return [finding()] if len(seen) in (1, 3, 4) else []

    monitor = quiet(judging=Judge(rule), every=1, stop_on="fail")
    while not monitor.should_stop and len(seen) < 9:
        monitor.observe(1.0)
    assert len(seen) == 4


def test_importing_it_loads_nothing_heavy_and_needs_no_torch(tmp_path) -> None:
    program = """
import sys
for name in ("torch", "xgboost", "pandas"):
    sys.modules[name] = None
import ml_debugger.monitor
assert not {"polars", "numpy"} & set(sys.modules)
from ml_debugger.monitor import StopTraining, TrainingMonitor
monitor = TrainingMonitor("run", log="run.jsonl")
for step in range(100):
    monitor.step(1.0 / (1 + step))
print([result.status.value for result in monitor.finish()].count("error"))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout == "0\n", done.stderr
    assert (Path(tmp_path) / "run.jsonl").stat().st_size > 1000
