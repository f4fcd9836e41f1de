"""Bounded memory: long curves are thinned out and say so."""

import math

from ml_debugger.readers.training import curves, plain_text
from ml_debugger.readers.training.curves import Points


def test_a_long_curve_keeps_every_non_finite_point(monkeypatch) -> None:
    monkeypatch.setattr(curves, "MAX_POINTS", 100)
    points = Points()
    for step in range(5000):
        points.add(float(step), math.nan if step % 500 == 7 else 1.0, step + 1)
    assert sum(math.isnan(value) for value in points.values) == 10
    assert len(points.values) <= 111
    assert points.steps[0] == 0
    assert points.steps[-1] > 4900


def test_a_thinned_run_says_so(monkeypatch, runs_of) -> None:
    monkeypatch.setattr(curves, "MAX_POINTS", 50)
    text = "epoch,step,loss\n" + "".join(f"0,{i},0.5\n" for i in range(400))
    (run,) = runs_of(text, "metrics.csv")
    assert len(run.curves["train_loss"]) <= 51
    assert "of 400 points kept" in run.details["thinned"]


def test_too_many_runs_are_reported(monkeypatch, read_log) -> None:
    monkeypatch.setattr(curves, "MAX_RUNS", 5)
    rows = "".join(f"{i % 3},{0.5}\n" for i in range(60))
    reading = read_log("epoch,loss\n" + rows, "log.csv")
    assert len(reading.artifacts) == 5
    assert "more than 5 runs" in reading.problem


def test_a_huge_console_log_is_sampled_and_says_so(monkeypatch, runs_of) -> None:
    monkeypatch.setattr(plain_text, "MAX_WHOLE", 5_000)
    monkeypatch.setattr(plain_text, "_FIRST", 10)
    text = "".join(f"epoch 1 step {i} loss {'nan' if i == 777 else 0.5}\n" for i in range(1000))
    (run,) = runs_of(text)
    values = run.curves["train_loss"].values
    assert 100 < len(values) < 500
    assert sum(math.isnan(value) for value in values) == 1
    assert "sampled" in run.details
