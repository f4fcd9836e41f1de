"""Checks of logged metrics and step times: what they accuse and what they leave alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from checks.boosting.boosting_overfit import boosting_overfit
from checks.training.best_checkpoint_missed import best_checkpoint_missed
from checks.training.implausible_metric import implausible_metric
from checks.training.non_finite_loss import non_finite_loss
from checks.training.non_finite_metric import non_finite_metric
from checks.training.pinned_metric import pinned_metric
from checks.training.sign_collapse import sign_collapse
from checks.training.slow_step import slow_step
from ml_debugger.contract import Check, Measurement, Status
from ml_debugger.curves.granularity import least_rows
from ml_debugger.testing.faults import boosting_rounds, training_metrics
from ml_debugger.testing.selftest import judge_folder
from ml_debugger.testing.twins import checkpoints, gradients, training
from tests.checks.run_judging import measured, run_of, status

NAN = math.nan
PLANTED: list[tuple[Check, Callable[[Path, np.random.Generator], str]]] = [
    (non_finite_metric, training_metrics.plant_non_finite_metric),
    (best_checkpoint_missed, training_metrics.plant_best_checkpoint_missed),
    (implausible_metric, training_metrics.plant_implausible_metric),
    (pinned_metric, training_metrics.plant_pinned_metric),
    (slow_step, training_metrics.plant_slow_step),
    (sign_collapse, training_metrics.plant_sign_collapse),
    (boosting_overfit, boosting_rounds.plant_boosting_overfit),
]


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("twin"), 7)


def written(folder: Path, seed: int) -> Path:
    for one in (training, checkpoints, gradients):
        one.write(folder, np.random.default_rng(seed))
    return folder


@pytest.mark.parametrize(("check", "plant"), PLANTED)
@pytest.mark.parametrize("seed", range(3))
def test_planted_faults_are_found(check, plant, seed, tmp_path) -> None:
    written(tmp_path, seed)
    assert plant(tmp_path, np.random.default_rng(seed))
    results = [r for r in judge_folder(tmp_path, [check]) if r.status.is_finding]
    # a run with several checkpoints is judged with each, alike
    assert len({(r.subject, r.title) for r in results}) == 1
    assert results[0].status is Status.FAIL
    assert results[0].evidence


@pytest.mark.parametrize("check", [check for check, _ in PLANTED])
def test_the_twin_passes(check: Check, twin: Path) -> None:
    found = {result.status for result in judge_folder(twin, [check])}
    assert Status.PASS in found
    assert found <= {Status.PASS, Status.SKIP}


@pytest.mark.parametrize("check", [check for check, _ in PLANTED])
def test_a_run_without_curves_is_not_passed(check: Check) -> None:
    assert status(check, run_of()) is Status.SKIP


EVERY_FIFTH = [0.5 if i % 5 == 4 else NAN for i in range(30)]


@pytest.mark.parametrize(
    ("curves", "expected"),
    [
        ({"val_roc_auc": [NAN] * 5}, Status.FAIL),
        ({"val_roc_auc": [NAN]}, Status.FAIL),
        ({"val_roc_auc": [0.6] * 10 + [NAN] * 3}, Status.FAIL),
        ({"val_ic": [0.02] * 9 + [NAN] + [0.02] * 10}, Status.WARN),
        ({"prediction_std": [0.1, NAN, NAN]}, Status.FAIL),
        ({"val_roc_auc": EVERY_FIFTH}, Status.PASS),
        # the sanity check before training, and predictions that are still constant
        ({"val_ic": [NAN, 0.01, 0.02]}, Status.PASS),
        # a batch of one class now and then
        ({"train_auc": [NAN if i % 40 == 7 else 0.6 for i in range(400)]}, Status.PASS),
        ({"val_ppl": [math.inf, 900.0, 400.0, 300.0]}, Status.PASS),
        ({"val_rmse": [0.1, math.inf, math.inf]}, Status.FAIL),
        ({"val_directional_accuracy": [0.0, 0.51, 0.52]}, Status.PASS),
        ({"val_directional_accuracy": [0.51, 0.0, 0.0]}, Status.FAIL),
        ({"val_dir_acc": [0.0]}, Status.FAIL),
        # batches of eight rows
        ({"directional_accuracy": [0.5, 0.625, 0.0, 0.375, 0.25, 0.75]}, Status.PASS),
        ({"grad_norm": [NAN] * 4, "learning_rate": [NAN] * 4}, Status.SKIP),
        ({"val_loss": [NAN] * 4}, Status.SKIP),
    ],
)
def test_metrics_that_are_no_numbers(curves: dict[str, list[float]], expected: Status) -> None:
    assert status(non_finite_metric, run_of(**curves)) is expected


def test_a_single_check_before_training_is_no_evidence() -> None:
    run = run_of(val_roc_auc=[NAN], train_loss=[1.0, 0.9])
    later = replace(run.curves["train_loss"], lines=[2, 3])
    assert status(non_finite_metric, replace(run, curves={**run.curves, "train_loss": later})) is (
        Status.PASS
    )


def test_rows_of_training_and_validation_that_a_tool_filled() -> None:
    rows = [i % 7 == 6 for i in range(20)]
    run = run_of(
        train_loss=[NAN if validates else 0.5 for validates in rows],
        val_loss=[0.6 if validates else NAN for validates in rows],
        val_auc=[0.55 if validates else NAN for validates in rows],
    )
    assert status(non_finite_metric, run) is Status.PASS
    assert status(non_finite_loss, run) is Status.PASS
    broken = [NAN] * 20
    assert status(non_finite_metric, run_of(train_loss=[0.5] * 20, val_auc=broken)) is Status.FAIL


def test_evidence_of_a_metric_that_became_nan() -> None:
    outcome = measured(non_finite_metric, run_of(val_auc=[0.6, 0.62, NAN, NAN, NAN]))
    assert isinstance(outcome, Measurement)
    facts = {one.name: one.value for one in outcome.evidence}
    assert (facts["first_step"], facts["last_finite"], outcome.line) == (2, 0.62, 3)
    assert outcome.title == "val_auc is NaN from epoch 2 to the end"


def shares(*levels: float, count: int = 25, noise: float = 0.01) -> np.ndarray:
    rng = np.random.default_rng(2)
    path = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(levels)), levels)
    return np.clip(path + noise * rng.standard_normal(count), 0, 1)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # the record of 2025-12: 53 to 54 % up to epoch 19, all positive at epoch 25
        (np.append(shares(0.53, 0.54, count=19), [0.6, 0.72, 0.85, 0.93, 0.97, 1.0]), Status.FAIL),
        ([55.0, 80.0, 100.0], Status.FAIL),
        (shares(0.5, 0.5, 0.02, 0.01), Status.FAIL),
        ([0.94] * 8, Status.WARN),
        ([1.0] * 6, Status.FAIL),
        (shares(0.53, 0.58), Status.PASS),
        (shares(0.75, 0.78), Status.PASS),
        # an untrained output layer, on one side or at zero, that comes back
        ([1.0, 1.0, 0.9, 0.6, 0.55, 0.53, 0.54], Status.PASS),
        ([0.0, 0.0, 0.5, 0.52], Status.PASS),
        (np.append(shares(0.53, 0.53, count=12), 0.99), Status.PASS),
        ([0.5, 0.1, 0.97, 0.2, 0.9, 0.3, 0.96, 0.97], Status.PASS),
        ([1.0, 1.0], Status.SKIP),
        ([0.997], Status.SKIP),
        ([-0.2, 3.0], Status.SKIP),
    ],
)
def test_share_of_positive_predictions(values: Sequence[float], expected: Status) -> None:
    assert status(sign_collapse, run_of(share_positive=values)) is expected


def test_one_sided_forecasts_that_may_be_right() -> None:
    run = run_of(share_positive=[0.97] * 10)
    assert status(sign_collapse, replace(run, horizon=60)) is Status.SKIP
    assert status(sign_collapse, replace(run, horizon=5)) is Status.FAIL
    rare = run_of(share_positive=[0.02] * 10, val_precision=[0.4] * 10, val_recall=[0.3] * 10)
    assert status(sign_collapse, rare) is Status.SKIP
    assert status(sign_collapse, replace(run, finished=True)) is Status.FAIL


def test_the_share_of_a_boosted_model_stands_at_its_end() -> None:
    # the record of 2025-12: 99.7 % positive
    assert status(sign_collapse, run_of("round", share_positive=[0.997])) is Status.FAIL
    assert status(sign_collapse, run_of("round", share_positive=[0.55])) is Status.PASS


def test_a_run_that_goes_on_is_given_time() -> None:
    one_sided = run_of(share_positive=[1.0] * 6)
    undefined = run_of(val_ic=[NAN])
    none_found = run_of(train_loss=LOSS, val_recall=[0.0] * 5, val_precision=[0.0] * 5)
    for check, run in (
        (sign_collapse, one_sided),
        (non_finite_metric, undefined),
        (pinned_metric, none_found),
    ):
        assert status(check, run) is Status.FAIL
        assert not status(check, replace(run, running=True)).is_finding


LOSS = 0.7 - 0.002 * np.arange(30)


@pytest.mark.parametrize(
    ("curves", "expected"),
    [
        ({"val_accuracy": [0.85] * 30, "train_accuracy": [599 / 700] * 30}, Status.FAIL),
        ({"val_directional_accuracy": [0.5312] * 30}, Status.FAIL),
        ({"val_recall": [1.0] * 2, "val_precision": [0.05733792, 0.05733739]}, Status.WARN),
        ({"val_recall": [0.0] * 5, "val_precision": [0.0] * 5}, Status.FAIL),
        ({"val_accuracy": [0.6, 0.7, 0.72] + [0.5137] * 12}, Status.FAIL),
        # learnt, then still: a small set, a perfect score, a recall that is full
        ({"val_accuracy": [0.5, 0.7, 0.8] + [0.85] * 27}, Status.PASS),
        ({"val_accuracy": [0.6, 0.9] + [1.0] * 20}, Status.PASS),
        ({"val_accuracy": [1.0] * 20}, Status.PASS),
        ({"val_recall": [1.0] * 9, "val_precision": np.linspace(0.3, 0.8, 9)}, Status.PASS),
        # rare events are not found in the first checks
        ({"val_recall": [0, 0, 0, 0.2, 0.4], "val_precision": [0, 0, 0, 0.5, 0.6]}, Status.PASS),
        # three of four rows
        ({"val_accuracy": [0.75] * 8}, Status.PASS),
        ({"val_accuracy": [0.85]}, Status.SKIP),
    ],
)
def test_metrics_that_do_not_move(curves: dict[str, Sequence[float]], expected: Status) -> None:
    assert status(pinned_metric, run_of(train_loss=LOSS, **curves)) is expected


def test_a_metric_stands_still_with_its_loss() -> None:
    run = run_of(train_loss=[0.6931] * 30, val_accuracy=[0.4967] * 30)
    assert status(pinned_metric, run) is Status.PASS


@pytest.mark.parametrize(
    ("curves", "horizon", "expected"),
    [
        ({"val_directional_accuracy": [0.6, 0.7, 0.8, 0.85]}, 1, Status.FAIL),
        ({"val_dir_acc": [55.0, 68.12, 71.31, 71.43]}, None, Status.WARN),
        ({"val_directional_accuracy": [0.52, 0.53, 0.54]}, 1, Status.PASS),
        # 60 sessions rise more often than one
        ({"val_directional_accuracy": [0.69] * 4}, 60, Status.PASS),
        # seven of ten rows
        ({"val_directional_accuracy": [0.6, 0.7]}, 1, Status.PASS),
        ({"train_directional_accuracy": [0.9] * 5}, 1, Status.SKIP),
        ({"val_ic": [0.02, 0.04, 0.05]}, 1, Status.PASS),
        ({"val_rank_ic": [0.3, 0.45, 0.5]}, 1, Status.FAIL),
        ({"val_icir": [2.0, 3.0]}, 1, Status.SKIP),
        ({"val_sharpe": [1.0, 14.0, 15.0]}, None, Status.FAIL),
        ({"val_sharpe": [1.0, 1.5]}, None, Status.PASS),
        ({"val_r2_returns": [0.5, 0.6, 0.7]}, 1, Status.FAIL),
        ({"val_r2": [0.98, 0.99, 0.995]}, 1, Status.WARN),
        # no market: neither an accuracy nor an R2 is judged
        ({"val_r2": [0.98, 0.99, 0.995]}, None, Status.SKIP),
        ({"val_accuracy": [0.99] * 5, "val_loss": [0.01] * 8, "train_loss": [0.1] * 8}, None,
         Status.SKIP),
        ({"val_accuracy": [1.0] * 5}, 1, Status.WARN),
        ({"val_loss": [6e-4, 3.21e-5, 0.0, 0.0]}, 1, Status.WARN),
        ({"val_loss": [0.12, 0.0231, 0.0, 0.0]}, 1, Status.SKIP),
    ],
)  # fmt: skip
def test_results_that_markets_do_not_allow(
    curves: dict[str, Sequence[float]], horizon: int | None, expected: Status
) -> None:
    run = replace(run_of(**curves), horizon=horizon)
    assert status(implausible_metric, run) is expected


def test_validation_below_training_beyond_a_calm_period() -> None:
    epochs = np.arange(20)
    train = 0.9 + 0.1 * np.exp(-epochs / 4)
    leaking = replace(run_of(train_loss=train, val_loss=train * np.exp(-epochs / 6)), horizon=1)
    calm = replace(run_of(train_loss=train, val_loss=0.4 * train), horizon=1)
    assert status(implausible_metric, leaking) is Status.WARN
    assert status(implausible_metric, calm) is Status.PASS


def test_rows_behind_shares() -> None:
    assert least_rows([1 / 3, 2 / 3]) == 3
    assert least_rows([0.333, 0.667]) == 3
    assert least_rows([599 / 700]) == 700
    assert least_rows([0.0, 1.0]) == 1000


RNG = np.random.default_rng(8)
STEADY = 0.08 * RNG.lognormal(0, 0.05, 400)


def stalled(every: int, times: float) -> np.ndarray:
    return np.where(np.arange(400) % every == every - 1, STEADY * times, STEADY)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (STEADY * np.linspace(1, 6, 400), Status.FAIL),
        (np.where(np.arange(400) < 200, STEADY, 1.7 * STEADY), Status.WARN),
        (np.where(RNG.random(400) < 0.06, STEADY * 15, STEADY), Status.FAIL),
        (STEADY, Status.PASS),
        # compilation, validation at a rhythm, a busy neighbour for a while
        (np.concatenate([[9.0, 4.0, 2.0], STEADY]), Status.PASS),
        (stalled(25, 20), Status.PASS),
        (np.where((np.arange(400) > 150) & (np.arange(400) < 220), 2 * STEADY, STEADY),
         Status.PASS),
        (STEADY[:9], Status.SKIP),
    ],
)  # fmt: skip
def test_step_times(times: np.ndarray, expected: Status) -> None:
    assert status(slow_step, run_of("step", step_time=times)) is expected
    moments = 1.7e9 + np.concatenate([[0.0], np.cumsum(times)])
    assert status(slow_step, run_of("step", timestamp=moments)) is expected


def test_whole_seconds_say_little_of_short_steps() -> None:
    moments = np.floor(1.7e9 + np.cumsum(STEADY * np.linspace(1, 4, 400)))
    assert status(slow_step, run_of("step", timestamp=moments)) is Status.SKIP


def test_a_growing_batch_is_more_work() -> None:
    run = run_of("step", step_time=STEADY * np.linspace(1, 4, 400), seq_len=np.linspace(64, 512, 9))
    assert status(slow_step, run) is Status.SKIP


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("max_minutes", "10", Status.WARN),
        ("time_limit", "00:10:00", Status.WARN),
        ("max_time", "00:02:00:00", Status.PASS),
        ("time_limit_hours", "2", Status.PASS),
        ("max_steps", "10", Status.SKIP),
    ],
)
def test_the_time_limit_of_the_log(name: str, text: str, expected: Status) -> None:
    run = run_of("step", timestamp=[1.7e9, 1.7e9 + 900])
    assert status(slow_step, replace(run, details={name: text})) is expected
