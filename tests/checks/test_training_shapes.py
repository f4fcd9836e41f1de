"""Checks of the shape of a loss: they fire on planted faults and stay silent on healthy runs."""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.training.bad_first_loss import bad_first_loss
from checks.training.diverging_loss import diverging_loss
from checks.training.loss_plateau import loss_plateau
from checks.training.loss_spike import loss_spike
from checks.training.oscillating_loss import oscillating_loss
from checks.training.underfit import underfit
from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.contract import Check, Measurement, NotMeasured, Outcome, Settings, Status
from ml_debugger.readers.head import read_head
from ml_debugger.readers.training import csv_log, json_lines
from ml_debugger.testing.faults import training_shapes as faults

SHAPES = (diverging_loss, loss_spike, oscillating_loss, loss_plateau, underfit, bad_first_loss)


def measured(check: Check, run: TrainingRun) -> Outcome:
    return check.run([run], Settings({s.name: s.default for s in check.settings}))


def status(check: Check, run: TrainingRun) -> Status:
    outcome = measured(check, run)
    if isinstance(outcome, NotMeasured):
        return Status.SKIP
    judged = [x.judge(outcome.values[x.name]) for x in check.limits if x.name in outcome.values]
    looked = [one for one in judged if one is not Status.SKIP]
    return max(looked, key=lambda one: one.gravity, default=Status.SKIP)


def run_of(unit: str = "epoch", form: str = "test", **curves: Sequence[float]) -> TrainingRun:
    made = {}
    for name, values in curves.items():
        steps, lines = list(range(len(values))), list(range(1, len(values) + 1))
        made[name] = Curve(name, name, steps, [float(value) for value in values], lines)
    return TrainingRun("run", "run.csv", format=form, step_unit=unit, curves=made)


def noise(count: int, size: float, seed: int = 0) -> np.ndarray:
    return np.exp(size * np.random.default_rng(seed).standard_normal(count))


def read_run(file: Path) -> TrainingRun:
    reader = csv_log if file.suffix == ".csv" else json_lines
    head = read_head(file, file.name)
    kind = reader.READER.recognise(head)
    assert kind is not None
    (run,) = reader.READER.read(head, kind).artifacts
    assert isinstance(run, TrainingRun)
    return run


@pytest.fixture
def twin(tmp_path: Path) -> Path:
    for name in ("training", "gradients"):
        writer = importlib.import_module(f"ml_debugger.testing.twins.{name}")
        writer.write(tmp_path, np.random.default_rng(3))
    return tmp_path


LSTM, TFT = "runs/lstm/metrics.csv", "runs/tft/metrics.jsonl"
PLANTED = [
    (diverging_loss, faults.plant_diverging_loss, LSTM),
    (loss_spike, faults.plant_loss_spike, LSTM),
    (oscillating_loss, faults.plant_oscillating_loss, LSTM),
    (loss_plateau, faults.plant_loss_plateau, LSTM),
    (underfit, faults.plant_underfit, TFT),
    (bad_first_loss, faults.plant_bad_first_loss, LSTM),
]


@pytest.mark.parametrize(("check", "plant", "file"), PLANTED)
@pytest.mark.parametrize("seed", range(3))
def test_planted_faults_are_found(check: Check, plant, file: str, seed: int, twin: Path) -> None:
    assert status(check, read_run(twin / file)) is Status.PASS
    assert plant(twin, np.random.default_rng(seed))
    assert status(check, read_run(twin / file)).is_finding


@pytest.mark.parametrize("check", SHAPES)
def test_a_run_without_curves_is_not_passed(check: Check) -> None:
    assert status(check, run_of()) is Status.SKIP


N = 120
T = np.arange(N)
FALLING = 0.3 + 0.7 * np.exp(-T / 15)
NOISY = FALLING * noise(N, 0.05)
CYCLE = 0.5 * (1 + np.cos(np.pi * (T % 40) / 40))
RETURNS = (1 - 0.012 * (1 - np.exp(-T / 30))) * noise(N, 0.004, 1)
AR = np.zeros(N)
for _i in range(1, N):
    AR[_i] = 0.9 * AR[_i - 1] + 0.05 * np.random.default_rng(_i).standard_normal()

HEALTHY = {
    "noisy validation": run_of(train_loss=FALLING, val_loss=FALLING * noise(N, 0.3)),
    "single batches": run_of("step", train_loss=FALLING * noise(N, 0.5)),
    "heavy-tailed batches": run_of(
        "step", train_loss=np.exp(0.2 * np.random.default_rng(4).standard_t(3, 2000))
    ),
    "restarts": run_of(train_loss=NOISY * (1 + CYCLE), learning_rate=1e-3 * CYCLE + 1e-6),
    "restarts, rate not logged": run_of(train_loss=FALLING * (1 + 0.5 * CYCLE)),
    "ends after a restart": run_of(train_loss=(NOISY * (1 + CYCLE))[:100]),
    "step decay": run_of(train_loss=np.where(T > 60, 0.6, 1.0) * NOISY),
    "returns": run_of(train_loss=RETURNS, val_loss=1.01 * noise(N, 0.003, 2)),
    "correlated noise": run_of("step", train_loss=FALLING * np.exp(AR)),
    "a tiny loss": run_of(train_loss=1e-7 * NOISY, val_loss=1.2e-7 * FALLING * noise(N, 0.2)),
    "below zero": run_of(train_loss=FALLING * 3 - 2 + 0.02 * np.log(noise(N, 1.0))),
    "rounded to zero": run_of("step", train_loss=np.round(np.exp(-T / 8) * noise(N, 1.0), 4)),
    "overfitting": run_of(train_loss=NOISY, val_loss=(0.5 + 0.005 * T) * noise(N, 0.03)),
    "curriculum": run_of(
        train_loss=np.where(T < 60, FALLING, 1.4 * np.roll(FALLING, 60)) * noise(N, 0.03),
        val_loss=FALLING,
    ),
    "two players": run_of("step", g_loss=0.5 + 0.05 * T, d_loss=NOISY, train_loss=1 + 0.05 * T),
    "a policy": run_of("step", train_loss=0.5 + 0.05 * T, episode_reward=T),
    "annealed weight": run_of(train_loss=0.4 + 0.01 * T, kl_weight=T / N),
    "three epochs": run_of(train_loss=[0.69, 0.68, 0.66], val_loss=[0.69, 0.70, 0.68]),
    "an odd batch": run_of("step", train_loss=np.where(T == 70, 2.2, 1.0) * NOISY),
    "unscaled prices": run_of(train_loss=1e5 * np.exp(-T / 12) + 3.0),
    "directions right in 53 of 100": run_of(
        train_loss=0.6931 - 0.002 * (1 - np.exp(-T / 20)),
        val_accuracy=0.53 + 0.004 * np.log(noise(N, 1.0)),
    ),
    "language model": run_of("step", train_loss=3 + 7.9 * (T + 1.0) ** -0.5, ppl=np.exp(FALLING)),
}


@pytest.mark.parametrize("check", SHAPES)
@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_runs_are_not_accused(check: Check, name: str) -> None:
    assert not status(check, HEALTHY[name]).is_finding, measured(check, HEALTHY[name])


FLOATS = st.floats(allow_nan=True, allow_infinity=True)


@settings(max_examples=60, deadline=None)
@given(
    train=st.lists(FLOATS, max_size=80),
    validation=st.lists(FLOATS, max_size=30),
    rate=st.lists(FLOATS, max_size=30),
    unit=st.sampled_from(["epoch", "step", "round"]),
)
def test_any_floats_are_judged(train, validation, rate, unit: str) -> None:
    curves = {"train_loss": train, "val_loss": validation, "learning_rate": rate, "val_auc": train}
    run = run_of(unit, **curves)
    for check in SHAPES:
        outcome = measured(check, run)
        if isinstance(outcome, Measurement):
            assert len(outcome.evidence) <= 5


def test_divergence_says_where_it_began() -> None:
    losses = np.where(T < 60, FALLING, FALLING[60] * np.exp((T - 60) / 30)) * noise(N, 0.02)
    outcome = measured(diverging_loss, run_of("step", train_loss=losses))
    assert isinstance(outcome, Measurement)
    assert outcome.line in range(50, 71)
    assert outcome.values["lasting_rise"] > 3


@pytest.mark.parametrize(
    ("curves", "expected"),
    [
        ({"train_loss": [1.0, 1.3, 2.0, 4.0, 9.0]}, Status.FAIL),
        ({"train_loss": [2.0, 1.5, 1.2, 1.3, 1.2]}, Status.PASS),
        ({"train_loss": [1, 0.9, 0.8, 0.8, 0.8, 2, 9, math.nan, math.nan]}, Status.FAIL),
        ({"train_loss": [1, 0.9, 0.8, 0.8, 0.8, 0.7, 0.8, math.nan]}, Status.PASS),
        # while the training loss holds, the name is overfitting
        ({"train_loss": [0.5] * 20, "val_loss": np.linspace(0.5, 1.5, 20)}, Status.PASS),
        (
            {"train_loss": np.linspace(0.5, 1.5, 20), "val_loss": np.linspace(0.6, 2, 20)},
            Status.FAIL,
        ),
        ({"val_loss": [*np.linspace(1, 0.5, 10), *np.linspace(0.5, 1.5, 10)]}, Status.FAIL),
        # thrown above ln 2 by the first steps, and never back
        ({"train_loss": [0.69, *(2.5 * noise(40, 0.2))]}, Status.FAIL),
        ({"train_loss": [1.0, 2.0]}, Status.SKIP),
    ],
)
def test_divergence(curves: dict[str, Sequence[float]], expected: Status) -> None:
    assert status(diverging_loss, run_of(**curves)) is expected


def test_a_booster_alone_with_its_validation_overfits() -> None:
    values = [*np.linspace(1, 0.5, 20), *np.linspace(0.5, 1.5, 20)]
    assert status(diverging_loss, run_of("round", val_loss=values)) is Status.SKIP


@pytest.mark.parametrize("name", ["train_loss", "val_loss"])
def test_a_spike_of_an_epoch(name: str) -> None:
    losses = np.where(T == 80, 1.8, 1.0) * FALLING * noise(N, 0.02)
    outcome = measured(loss_spike, run_of(**{name: losses}))
    assert isinstance(outcome, Measurement)
    assert outcome.line == 81
    assert outcome.values["spike_height"] == pytest.approx(0.8, abs=0.15)


def test_several_spikes_above_a_heavy_tail() -> None:
    rng = np.random.default_rng(8)
    losses = 0.05 * np.exp(0.35 * rng.standard_normal(900))
    losses[[300, 500, 620, 800]] = 3.3
    assert status(loss_spike, run_of("step", train_loss=losses)) is Status.WARN


def test_a_longer_peak_needs_a_rate_that_stands_still() -> None:
    bump = 1 + 0.6 * np.exp(-np.maximum(0, T - 60) / 3) * (T >= 60)
    losses = FALLING * bump * noise(N, 0.01)
    assert status(loss_spike, run_of(train_loss=losses, learning_rate=[1e-3] * N)).is_finding
    rising = np.where(T >= 60, 1e-3, 1e-4)
    assert status(loss_spike, run_of(train_loss=losses, learning_rate=rising)) is Status.PASS
    assert status(loss_spike, run_of(train_loss=losses)) is Status.PASS


@pytest.mark.parametrize(
    ("curves", "expected"),
    [
        ({"train_loss": 0.5 + 0.15 * (-1.0) ** T}, Status.WARN),
        ({"train_loss": (0.5 + 0.15 * np.sin(T)) * noise(N, 0.05)}, Status.WARN),
        ({"train_loss": 0.5 * noise(N, 0.6)}, Status.WARN),
        ({"train_loss": FALLING, "val_loss": 0.5 * noise(N, 0.9)}, Status.WARN),
        ({"train_loss": FALLING, "val_loss": 0.5 * noise(10, 0.9)}, Status.PASS),
        ({"train_loss": 0.5 + 0.01 * (-1.0) ** T}, Status.PASS),
        ({"train_loss": 0.5 + 0.15 * np.sin(T), "learning_rate": 1 + 0.5 * np.sin(T)}, Status.PASS),
    ],
)
def test_oscillation(curves: dict[str, Sequence[float]], expected: Status) -> None:
    assert status(oscillating_loss, run_of(**curves)) is expected


def test_the_noise_of_single_batches_is_no_oscillation() -> None:
    assert status(oscillating_loss, run_of("step", train_loss=noise(N, 0.9))) is Status.SKIP


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        (math.log(2) * noise(60, 1e-4), Status.FAIL),
        (math.log(10) * noise(60, 2e-4), Status.FAIL),
        (1.0 * noise(60, 2e-3), Status.WARN),
        ([1.3e-3, 1.02e-3, *(1e-3 * noise(28, 3e-4))], Status.WARN),
        ([1.3e-3, 1.02e-3, *(1e-3 * noise(28, 3e-4) * np.linspace(1, 0.98, 28))], Status.PASS),
        (1.0 * noise(60, 0.2), Status.SKIP),
        ([0.5] * 8, Status.SKIP),
        # it fell by nine tenths at once: that is learning
        ([1.0, *(0.1 * noise(29, 1e-4))], Status.PASS),
        (5e7 * noise(60, 0.005), Status.WARN),
        (0.3286 - 0.00001 * np.arange(100), Status.WARN),
    ],
)
def test_standstill(losses: Sequence[float], expected: Status) -> None:
    assert status(loss_plateau, run_of(train_loss=losses)) is expected


def test_a_run_that_goes_on_is_given_time() -> None:
    curves = run_of(train_loss=[2.3026] * 15, val_auc=[0.49]).curves
    for check in (loss_plateau, underfit):
        assert status(check, TrainingRun("r", None, "test", "epoch", curves)).is_finding
        live = TrainingRun("r", None, "test", "epoch", curves, running=True)
        assert status(check, live) is Status.SKIP


def test_a_log_that_ends_early_is_no_plateau() -> None:
    run = run_of(train_loss=[2.3026] * 20)
    early = TrainingRun("r", None, "test", "epoch", run.curves, planned_steps=1000)
    assert status(loss_plateau, early) is Status.SKIP


@pytest.mark.parametrize("gain", [0.0, 0.08])
def test_a_language_model_that_learns_nothing(gain: float) -> None:
    losses = 2.1 * noise(200, 0.05) * np.linspace(1, 1 - gain, 200)
    run = run_of("step", form="Hugging Face trainer state", train_loss=losses)
    assert status(loss_plateau, run).is_finding is (gain == 0)
    assert not status(loss_plateau, run_of("step", train_loss=losses)).is_finding


@pytest.mark.parametrize(
    ("curves", "expected"),
    [
        ({"val_auc": [0.495, 0.497, 0.492]}, Status.WARN),
        ({"val_auc": [0.51, 0.52, 0.515]}, Status.PASS),
        ({"train_loss": [0.70, 0.65, 0.53], "val_accuracy": [0.4904]}, Status.WARN),
        # ten classes: 0.1085 for everything is the share of one class
        (
            {"train_loss": [2.3026] * 9, "val_accuracy": [0.13, 0.12, *[0.1085] * 7]},
            Status.FAIL,
        ),
        (
            {"train_loss": [2.3026, *[1.5] * 8], "val_accuracy": np.linspace(0.1, 0.45, 9)},
            Status.PASS,
        ),
        ({"train_loss": [0.3] * 9, "val_accuracy": [0.45] * 9}, Status.SKIP),
        # a negative R2 with directions right in 53 of 100 is a good model of returns
        ({"val_r2": [-0.01] * 9, "val_directional_accuracy": 0.53 * noise(9, 0.01)}, Status.PASS),
        # no measurement, which is a fault of its own
        ({"val_directional_accuracy": [0.0] * 9}, Status.SKIP),
        ({"val_r2": [-0.01] * 9}, Status.WARN),
        ({"val_loss": [1.2, 1.1, 1.05], "val_naive_loss": [1.0, 1.0, 1.0]}, Status.WARN),
        ({"val_loss": [1.2, 0.9, 0.8], "val_naive_loss": [1.0, 1.0, 1.0]}, Status.PASS),
    ],
)
def test_skill(curves: dict[str, Sequence[float]], expected: Status) -> None:
    assert status(underfit, run_of(**curves)) is expected


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([6e16, 6e6, 18, 2.9, 2.7, 5.8, 1.5, 1.1, 0.9, 0.7], Status.FAIL),
        ([2e5, 900, 12, 9, 8, 8, 8, 8], Status.WARN),
        ([3.0, 2.0, 1.5, 1.2, 1.1], Status.PASS),
        # an unscaled but small target: outputs shrink to the scale of returns
        ([0.3, 0.01, 4e-4, 4e-4, 4e-4, 4e-4], Status.PASS),
        ([5.0, 4.0], Status.SKIP),
    ],
)
def test_first_losses(losses: Sequence[float], expected: Status) -> None:
    assert status(bad_first_loss, run_of(train_loss=losses)) is expected


def test_a_first_cross_entropy_above_every_guess() -> None:
    values = [39.7, 26.0, 17.7, 8.4, 7.8, 7.0, 6.9]
    run = run_of(val_loss=values, val_ppl=np.exp(values))
    assert status(bad_first_loss, run) is Status.WARN
    assert status(bad_first_loss, run_of(val_loss=values)) is Status.PASS


def test_a_resumed_log_has_no_first_loss() -> None:
    steps = [float(s) for s in range(500, 520)]
    curve = Curve("train_loss", "loss", steps, [1e9, *[1.0] * 19], list(range(1, 21)))
    run = TrainingRun("r", None, "test", "epoch", {"train_loss": curve})
    assert status(bad_first_loss, run) is Status.SKIP


def test_a_loss_thrown_far_above_its_start_that_comes_back_slowly() -> None:
    thrown = [2.3, 2.0, 1.9, 1.9, 170, 229, 135, 55, 29, 16, 11, 7, 5.8, 5.6, 3.6, 3.6, 2.7]
    losses = [3.2, 2.9, 2.5, *thrown, 2.5, 2.7, 2.5, 2.3]
    outcome = measured(loss_spike, run_of("step", train_loss=losses))
    assert isinstance(outcome, Measurement)
    assert "from 2" in outcome.title
    assert "to 229" in outcome.title
    warmed = [0.05, 0.2, 0.4, 0.4, *np.geomspace(0.4, 0.03, 30)]
    assert status(loss_spike, run_of("step", train_loss=warmed)) is Status.PASS


def test_the_loss_of_single_steps_is_looked_at_where_that_of_epochs_has_few_points() -> None:
    steps = FALLING * noise(N, 0.02)
    steps[80] *= 8
    few = run_of("step", train_loss=FALLING[::20], train_loss_step=steps)
    assert status(loss_spike, few) is Status.WARN


@pytest.mark.parametrize(("gain", "expected"), [(0.006, Status.SKIP), (-0.01, Status.WARN)])
def test_a_flat_loss_of_standardised_returns(gain: float, expected: Status) -> None:
    rng = np.random.default_rng(2)
    epochs = np.arange(30)
    losses = 1 - gain + 0.02 * np.exp(-epochs) + 0.0005 * rng.standard_normal(30)
    assert status(loss_plateau, run_of(train_loss=losses)) is expected
