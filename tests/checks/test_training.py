"""Checks of training runs: they fire on planted faults and stay silent on healthy runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from checks.training.non_finite_loss import non_finite_loss
from checks.training.overfitting import overfitting
from checks.training.variance_collapse import variance_collapse
from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.contract import Check, Measurement, Status
from ml_debugger.curves.significance import rank_sum_p
from ml_debugger.readers.head import read_head
from ml_debugger.readers.training import csv_log, json_lines
from ml_debugger.testing.faults import training as faults
from ml_debugger.testing.twins import training as twin_of_training
from tests.checks.run_judging import measured, run_of, status


@pytest.fixture
def twin_runs(tmp_path: Path) -> Callable[[], dict[str, list[TrainingRun]]]:
    twin_of_training.write(tmp_path, np.random.default_rng(3))

    def read() -> dict[str, list[TrainingRun]]:
        found = {}
        for name, reader in (("xgb-h5/training.jsonl", json_lines), ("lstm/metrics.csv", csv_log)):
            head = read_head(tmp_path / "runs" / name, name)
            kind = reader.READER.recognise(head)
            assert kind is not None
            found[name.split("/")[0]] = list(reader.READER.read(head, kind).artifacts)
        return found

    return read


PLANTED = [
    (non_finite_loss, faults.plant_non_finite_loss),
    (overfitting, faults.plant_overfitting),
    (variance_collapse, faults.plant_variance_collapse),
]


@pytest.mark.parametrize(("check", "plant"), PLANTED)
@pytest.mark.parametrize("seed", range(3))
def test_planted_faults_are_found(check: Check, plant, seed, twin_runs, tmp_path) -> None:
    assert plant(tmp_path, np.random.default_rng(seed))
    (run,) = twin_runs()["lstm"]
    assert status(check, run) is Status.FAIL


@pytest.mark.parametrize("check", [check for check, _ in PLANTED])
def test_the_twin_passes(check: Check, twin_runs) -> None:
    runs = twin_runs()
    assert status(check, runs["lstm"][0]) is Status.PASS
    assert {status(check, run) for run in runs["xgb-h5"]} <= {Status.PASS, Status.SKIP}


@pytest.mark.parametrize("check", [check for check, _ in PLANTED])
def test_a_run_without_curves_is_not_passed(check: Check) -> None:
    assert status(check, run_of()) is Status.SKIP


def test_the_first_nan_its_line_and_what_grew() -> None:
    losses = [1.0, 0.9, 0.8, 0.8, 0.8, 2.0, 9.0, math.nan, math.nan]
    norms = [1.0, 1.1, 0.9, 1.0, 1.0, 8.0, 50.0, 60.0]
    outcome = measured(non_finite_loss, run_of(train_loss=losses, grad_norm=norms))
    assert isinstance(outcome, Measurement)
    facts = {one.name: one for one in outcome.evidence}
    assert outcome.line == 8
    assert (facts["first_step"].value, facts["last_finite"].value) == (7, 9.0)
    assert {"grad_norm_growth", "train_loss_growth"} <= set(facts)
    assert "NaN from epoch 7" in outcome.title


@pytest.mark.parametrize(
    "losses",
    [[math.nan] * 5, [0.5, math.inf, 0.4], [0.5, 0.4, math.nan], [math.nan, 0.5, 0.4, 0.3]],
)
def test_any_non_finite_loss_fails(losses: list[float]) -> None:
    assert status(non_finite_loss, run_of(train_loss=losses)) is Status.FAIL
    assert status(non_finite_loss, run_of(val_aux_loss=losses)) is Status.FAIL


def test_an_infinite_loss_scale_is_no_loss() -> None:
    run = run_of(train_loss=[0.5, 0.4, 0.3], loss_scale=[65536.0, math.inf, 32768.0])
    assert status(non_finite_loss, run) is Status.PASS


def test_a_loss_that_is_computed_every_fifth_epoch_is_sound() -> None:
    filled = [0.5 if i % 5 == 4 else math.nan for i in range(30)]
    run = run_of(train_loss=[0.5] * 30, val_loss=filled)
    assert status(non_finite_loss, run) is Status.PASS


def test_a_nan_metric_is_another_fault() -> None:
    run = run_of(train_loss=[0.5] * 4, val_roc_auc=[math.nan] * 4)
    assert status(non_finite_loss, run) is Status.PASS


EPOCHS = np.arange(40)
FALLING = 0.2 + 0.8 * np.exp(-EPOCHS / 12)


def valley(rise: float, turn: int = 12, count: int = 40) -> np.ndarray:
    epochs = np.arange(count)
    fall = 0.5 + 0.5 * np.exp(-epochs / 4)
    return fall * (1 + rise * np.maximum(0, epochs - turn) / (count - turn))


@pytest.mark.parametrize("rise", [0.5, 1.0, 3.0])
def test_validation_that_climbs_while_training_falls(rise: float) -> None:
    rng = np.random.default_rng(0)
    noisy = valley(rise) * (1 + 0.02 * rng.standard_normal(40))
    run = run_of(train_loss=FALLING, val_loss=noisy)
    assert status(overfitting, run) in (Status.WARN, Status.FAIL)
    assert status(overfitting, run_of(train_loss=[0.2] * 40, val_loss=noisy)) is not Status.PASS


def test_a_model_that_overfits_within_a_few_of_many_checks() -> None:
    epochs = np.arange(60)
    noise = 1 + 0.02 * np.random.default_rng(4).standard_normal(60)
    validation = np.where(epochs < 7, 1.1, np.minimum(1.1 + 0.05 * (epochs - 6), 1.37)) * noise
    run = run_of(train_loss=np.exp(-epochs / 15), val_loss=validation)
    assert status(overfitting, run) is Status.WARN


@pytest.mark.parametrize("values", [[0.5, 0.4, 0.5, 0.7], [1.2, 1.1, 1.0, 1.2, 1.5, 1.9]])
def test_a_few_validations_that_rise_one_after_another(values: list[float]) -> None:
    train = np.linspace(1.0, 0.1, len(values))
    assert status(overfitting, run_of(train_loss=train, val_loss=values)).is_finding


def test_the_worst_of_several_validation_sets_counts() -> None:
    run = run_of(train_loss=FALLING, val_loss=FALLING, val_b_loss=valley(2.0))
    outcome = measured(overfitting, run)
    assert isinstance(outcome, Measurement)
    assert status(overfitting, run) is Status.FAIL
    assert "val_b_loss" in outcome.title


HEALTHY = {
    "still improving": (FALLING, FALLING * 1.2),
    "noisy and flat": (FALLING, np.exp(0.3 * np.random.default_rng(1).standard_normal(40))),
    "a bump that recovers": (FALLING, np.where((EPOCHS > 15) & (EPOCHS < 20), 0.63, 0.6)),
    "patience of early stopping": (FALLING[:20], valley(0.08, 12, 20)),
    "returns about the target's variance": (
        1 - 0.0004 * EPOCHS,
        1 + 0.01 * np.random.default_rng(2).standard_normal(40) + 0.0005 * EPOCHS,
    ),
    "one bad last point": (FALLING, np.append(np.full(39, 0.6), 2.0)),
    "three checks": (FALLING[:3], np.array([0.395, 0.415, 0.389])),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_validation_is_not_accused(name: str) -> None:
    train, validation = HEALTHY[name]
    run = run_of(train_loss=train, val_loss=validation)
    assert status(overfitting, run) in (Status.PASS, Status.SKIP)


def test_a_training_loss_that_rises_too_is_divergence() -> None:
    run = run_of(train_loss=valley(2.0), val_loss=valley(2.0))
    assert status(overfitting, run) is Status.PASS


def test_rounds_of_a_booster_are_left_to_boosting_overfit() -> None:
    run = run_of("round", train_loss=FALLING, val_loss=valley(2.0))
    assert status(overfitting, run) is Status.SKIP


LATE = [
    0.2,
    0.17,
    0.08,
    0.01,
    0.9e-3,
    3.6e-3,
    1.5e-3,
    1.7e-3,
    3.5e-3,
    1.4e-3,
    2.8e-3,
    1.6e-3,
    2.1e-3,
]


@pytest.mark.parametrize(
    ("train", "last", "expected"),
    [
        (2e-4, [5.8e-3, 5.2e-3], Status.WARN),
        (2e-4, [5.8e-3], Status.PASS),
        (2e-4, [5.8e-3, 1.7e-3], Status.PASS),
        # as far above, but of a validation loss that is near the training loss
        (2e-3, [5.8e-3, 5.2e-3], Status.PASS),
    ],
)
def test_two_last_validations_far_above_everything(
    train: float, last: list[float], expected: Status
) -> None:
    run = run_of(train_loss=[train] * (len(LATE) + len(last)), val_loss=[*LATE, *last])
    assert status(overfitting, run) is expected


def test_noise_alone_seldom_looks_like_overfitting() -> None:
    rng = np.random.default_rng(5)
    slow = 1 - 0.004 * EPOCHS
    found = 0
    for _ in range(200):
        validation = 0.5 * np.exp(0.15 * rng.standard_normal(40))
        found += status(overfitting, run_of(train_loss=slow, val_loss=validation)).is_finding
    assert found <= 4


@pytest.mark.parametrize(
    ("train", "validation", "expected"),
    [
        ([0.6, 0.8, 0.97], [0.5, 0.55, 0.58], Status.FAIL),
        ([60, 80, 97], [50, 55, 58], Status.FAIL),
        ([0.6, 0.7, 0.75], [0.6, 0.66, 0.68], Status.PASS),
    ],
)
def test_accuracy_gap(train: list[float], validation: list[float], expected: Status) -> None:
    run = run_of(train_accuracy=train, val_accuracy=validation)
    assert status(overfitting, run) is expected


@pytest.mark.parametrize(("accuracy", "expected"), [(0.49, Status.WARN), (0.56, Status.PASS)])
def test_a_fitted_training_set_with_a_coins_accuracy(accuracy: float, expected: Status) -> None:
    run = run_of(train_loss=[0.70, 0.69, 0.67, 0.53], val_accuracy=[accuracy])
    assert status(overfitting, run) is expected


def spread(*levels: float, count: int = 40, noise: float = 0.05) -> np.ndarray:
    rng = np.random.default_rng(4)
    path = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(levels)), levels)
    return path * (1 + noise * rng.standard_normal(count))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (spread(8e-4, 6e-4, 4e-4, 2e-4, 1.5e-4), Status.FAIL),
        ([8e-4, 8e-4, 6.5e-4, 5e-4, 4e-4, 3e-4, 2e-4, 2e-4], Status.FAIL),
        (spread(8e-4, 8e-4, 3e-4, 3e-4, 3e-4), Status.WARN),
        (spread(4e-3, 4e-3, 4e-3), Status.PASS),
        (spread(1e-4, 3e-3, 4e-3, 4e-3), Status.PASS),
        # random outputs of an untrained network shrink to the scale of returns
        (np.concatenate([[0.3, 0.1, 0.03, 0.01], spread(5e-3, 4e-3, count=36)]), Status.PASS),
        (spread(4e-3, 4e-3, 1e-3, 4e-3, 4e-3), Status.PASS),
        (spread(4e-3, 4e-3, noise=0.5), Status.PASS),
        ([0.004] * 5, Status.SKIP),
        ([0.0] * 20, Status.SKIP),
        # the record of 2026-01, four checks of epochs 16 to 35, and one in three checks
        ([7.99e-4, 2.95e-4, 2.24e-4, 2.00e-4], Status.FAIL),
        ([8e-4, 4e-4, 2e-4], Status.FAIL),
        ([8e-4, 4e-4, 5e-4], Status.SKIP),
        ([8e-4, 6e-4, 5e-4], Status.SKIP),
        # an untrained network in four epochs, and a slow start that settles
        ([0.3, 0.05, 0.01, 0.008], Status.SKIP),
        (0.02 * (1 + 8 * np.exp(-np.arange(30) / 4)), Status.PASS),
    ],
)
def test_spread_of_predictions(values: Sequence[float], expected: Status) -> None:
    assert status(variance_collapse, run_of(prediction_std=values)) is expected


def test_a_late_collapse_after_an_early_gain() -> None:
    # the record of 2025-12: sound until epoch 19, then the loss stands and the spread is lost
    loss = 0.0102 + 0.012 * np.exp(-np.arange(25) / 8)
    lost = np.concatenate([spread(4.2e-3, 4.2e-3, count=19), 4.2e-3 * 0.67 ** np.arange(1, 7)])
    assert status(variance_collapse, run_of(train_loss=loss, prediction_std=lost)) is Status.FAIL
    outcome = measured(variance_collapse, run_of(train_loss=loss, prediction_std=lost))
    assert isinstance(outcome, Measurement)
    assert outcome.title.endswith("from epoch 18 on")
    assert (outcome.evidence[0].name, outcome.evidence[0].value) == ("onset", 18)
    assert outcome.line == 19
    # where the loss gains while the spread shrinks, narrower predictions are better ones
    paid = np.concatenate([loss[:19], loss[18] * np.linspace(0.95, 0.6, 6)])
    assert status(variance_collapse, run_of(train_loss=paid, prediction_std=lost)) is Status.PASS


@pytest.mark.parametrize(("side", "expected"), [(0.997, Status.FAIL), (0.003, Status.FAIL),
                                                (0.58, Status.PASS)])  # fmt: skip
def test_a_spread_that_settles_on_one_side_is_lost(side: float, expected: Status) -> None:
    epochs = np.arange(35)
    run = run_of(
        train_loss=0.0102 + 0.012 * np.exp(-epochs / 8),
        prediction_std=2e-4 + 2.8e-3 * np.exp(-epochs / 8),
        val_share_positive=100 * np.clip(np.interp(epochs, [0, 30], [0.5, side]), 0, 1),
    )
    assert status(variance_collapse, run) is expected


def test_a_few_checks_behind_the_warm_up() -> None:
    steps = [16, 22, 29, 35]
    spreads = Curve("prediction_std", "std", steps, [8e-3, 3e-3, 2.2e-3, 2e-3], [1, 2, 3, 4])
    flat = run_of(train_loss=1 + 0.1 * np.exp(-np.arange(36) / 4))
    gaining = run_of(train_loss=np.linspace(2.0, 0.5, 36))
    for run, expected in ((flat, Status.FAIL), (gaining, Status.SKIP)):
        curves = {**run.curves, "prediction_std": spreads}
        assert status(variance_collapse, replace(run, curves=curves)) is expected


def test_rank_sum_against_published_values() -> None:
    # exact tails of U for 5 and 4 observations: 1, 2 and 4 of 126 orders reach 20, 19 and 18
    low = [1.0, 2.0, 3.0, 4.0]
    assert rank_sum_p([5, 6, 7, 8, 9], low) == pytest.approx(1 / 126)
    assert rank_sum_p([3.5, 6, 7, 8, 9], low) == pytest.approx(2 / 126)
    assert rank_sum_p([2.5, 6, 7, 8, 9], low) == pytest.approx(4 / 126)
    assert rank_sum_p([1.0] * 30, [1.0] * 30) > 0.4
    # beyond 400 pairs by the normal approximation: U = 987.5 of 1600, with the continuity
    # correction z = (987.5 - 0.5 - 800) / sqrt(40 * 40 * 81 / 12) = 1.799
    shifted = rank_sum_p([i + 5.0 for i in range(40)], [float(i) for i in range(40)])
    assert shifted == pytest.approx(0.5 * math.erfc(1.79941 / math.sqrt(2)), rel=1e-4)
