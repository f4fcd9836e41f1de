"""Checks of learning rates and resumes: they fire on planted faults, healthy schedules pass."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from checks.training.learning_rate_flat import learning_rate_flat
from checks.training.learning_rate_overridden import learning_rate_overridden
from checks.training.learning_rate_too_high import learning_rate_too_high
from checks.training.learning_rate_too_low import learning_rate_too_low
from checks.training.resume_discontinuity import resume_discontinuity
from ml_debugger.artifacts import TrainingConfig, TrainingRun
from ml_debugger.contract import Check, Measurement, Status
from ml_debugger.runs.configured_rate import asked_rate
from ml_debugger.testing.faults import training_rates as faults
from ml_debugger.testing.twins import gradients as twin
from tests.checks.run_judging import (
    a_config,
    a_run,
    curve_of,
    measured,
    read_twin,
    status,
    with_config,
)

Read = Callable[[], tuple[TrainingRun, TrainingConfig]]
PLANTED = [
    (learning_rate_flat, faults.plant_learning_rate_flat),
    (learning_rate_overridden, faults.plant_learning_rate_overridden),
    (learning_rate_too_high, faults.plant_learning_rate_too_high),
    (learning_rate_too_low, faults.plant_learning_rate_too_low),
    (resume_discontinuity, faults.plant_resume_discontinuity),
]
CHECKS = [check for check, _ in PLANTED]


@pytest.fixture
def tft(tmp_path: Path) -> Read:
    twin.write(tmp_path, np.random.default_rng(3))

    return lambda: read_twin(tmp_path)


@pytest.mark.parametrize(("check", "plant"), PLANTED)
@pytest.mark.parametrize("seed", range(3))
def test_planted_faults_are_found(check: Check, plant, seed, tft: Read, tmp_path) -> None:
    assert plant(tmp_path, np.random.default_rng(seed))
    assert with_config(check, *tft()) is Status.FAIL


@pytest.mark.parametrize("check", CHECKS)
def test_the_twin_passes(check: Check, tft: Read) -> None:
    assert with_config(check, *tft()) is Status.PASS


@pytest.mark.parametrize("check", CHECKS)
def test_a_run_without_curves_is_not_passed(check: Check) -> None:
    assert with_config(check, a_run({}), a_config(lr=0.1)) is Status.SKIP


def test_a_schedule_over_epochs_in_a_log_of_steps() -> None:
    config = a_config(lr=3e-4, lr_scheduler="cosine", epochs=15)
    for last, expected in (("14", Status.FAIL), ("0", Status.SKIP)):
        run = replace(a_run({"learning_rate": FLAT}), details={"last_epoch": last})
        assert status(learning_rate_flat, run, config) is expected


COSINE = [1e-3 * 0.5 * (1 + math.cos(math.pi * i / 99)) for i in range(100)]
WARM = [1e-3 * min(1.0, i / 20) for i in range(100)]
FLAT = [3e-4] * 100


@pytest.mark.parametrize(
    ("rates", "asked", "expected"),
    [
        (FLAT, {"lr_scheduler_type": "cosine", "max_steps": 100}, Status.FAIL),
        (FLAT, {"scheduler.name": "torch.optim.lr_scheduler.OneCycleLR"}, Status.FAIL),
        (FLAT, {"scheduler": "StepLR", "step_size": 20, "gamma": 0.1}, Status.FAIL),
        ([0.001] * 100, {"lr_schedule": "linear", "total_steps": 100}, Status.FAIL),
        (WARM, {"scheduler": "cosine", "max_steps": 100, "warmup_steps": 20}, Status.FAIL),
        (COSINE, {"lr_scheduler_type": "cosine", "max_steps": 100}, Status.PASS),
        (FLAT, {}, Status.PASS),
        (FLAT, {"lr_scheduler_type": "constant"}, Status.PASS),
        (FLAT, {"scheduler": "ReduceLROnPlateau", "min_lr": 1e-6}, Status.SKIP),
        # before its first milestone, inside its warm-up, of unknown length
        (FLAT, {"scheduler": "StepLR", "step_size": 80}, Status.SKIP),
        (WARM[:15], {"scheduler": "cosine", "max_steps": 100, "warmup_steps": 20}, Status.PASS),
        (FLAT, {"scheduler": "cosine", "max_steps": 100, "warmup_steps": 200}, Status.SKIP),
        (FLAT, {"scheduler": "cosine"}, Status.SKIP),
        # early in the schedule, and printed with one digit
        ([0.001] * 20, {"scheduler": "cosine", "max_steps": 100}, Status.SKIP),
        ([0.0] * 100, {"scheduler": "cosine", "max_steps": 100}, Status.SKIP),
    ],
)
def test_a_rate_that_does_not_move(rates, asked, expected) -> None:
    config = a_config(lr=3e-4, **{k.replace(".", "__"): v for k, v in asked.items()})
    assert status(learning_rate_flat, a_run({"learning_rate": rates}), config) is expected


def test_one_group_of_parameters_that_moves_is_enough() -> None:
    run = a_run({"learning_rate": FLAT, "learning_rate/head": COSINE})
    assert status(learning_rate_flat, run, a_config(scheduler="cosine", steps=100)) is Status.PASS


def test_the_schedule_of_the_record_whose_lowest_rate_was_its_highest() -> None:
    config = a_config(schedule__max_lr=2e-5, schedule__min_lr=2e-5, schedule__warmup_lr=3e-6)
    outcome = measured(learning_rate_flat, a_run({}), config)
    assert isinstance(outcome, Measurement)
    assert outcome.values == {"range_asked": 0.0}
    assert "schedule.min_lr" in outcome.title


def recorded(peak: float) -> list[float]:
    """Warm-up from 3e-6 over ten epochs, then a cosine to 5e-6, as the record has it."""
    down = [5e-6 + (peak - 5e-6) * 0.5 * (1 + math.cos(math.pi * i / 40)) for i in range(40)]
    return [3e-6 + (peak - 3e-6) * i / 10 for i in range(10)] + down


def test_the_schedule_of_the_record_that_overrode_the_optimizer() -> None:
    run = a_run({"learning_rate": recorded(2e-5)}, unit="epoch")
    config = a_config(optimizer__lr=1e-3, schedule__max_lr=2e-5, schedule__min_lr=5e-6)
    outcome = measured(learning_rate_overridden, run, config)
    assert isinstance(outcome, Measurement)
    assert outcome.values["rate_factor"] == pytest.approx(50)
    assert (outcome.line, "0.001" in outcome.title) == (12, True)
    repaired = a_run({"learning_rate": recorded(1e-3)}, unit="epoch")
    config = a_config(optimizer__lr=1e-3, schedule__max_lr=1e-3, schedule__min_lr=1e-5)
    assert status(learning_rate_overridden, repaired, config) is Status.PASS


@pytest.mark.parametrize(
    ("rates", "asked", "expected"),
    [
        (COSINE, {"lr": "1e-3"}, Status.PASS),
        (COSINE, {"learning_rate": 5e-5}, Status.FAIL),
        (COSINE, {"learning_rate": 4e-4}, Status.WARN),
        # the peak of a one-cycle schedule replaces the optimizer's rate
        (COSINE, {"lr": 4e-5, "max_lr": 1e-3, "scheduler": "OneCycleLR"}, Status.PASS),
        # linear scaling by stated and by unstated numbers of devices
        (COSINE, {"lr": 1e-3 / 6, "world_size": 6}, Status.PASS),
        (COSINE, {"lr": 1e-3 / 8}, Status.PASS),
        (COSINE, {"lr": 5e-4, "batch_size": 512}, Status.PASS),
        (COSINE, {"backbone_lr": 1e-4, "head_lr": 1e-3}, Status.PASS),
        # a log that ends inside the warm-up, or begins deep in the decay
        (WARM[:8], {"lr": 1e-3}, Status.SKIP),
        (COSINE, {"lr": 1.0, "optimizer": "Prodigy"}, Status.SKIP),
        (COSINE, {"lr": 1.0, "auto_lr_find": True}, Status.SKIP),
        (COSINE, {"min_lr": 1e-5, "lr_decay": 0.5, "warmup_lr": 1e-6}, Status.SKIP),
        ([0.0] * 50, {"lr": 1e-3}, Status.SKIP),
    ],
)
def test_a_rate_that_is_not_the_configured_one(rates, asked, expected) -> None:
    run = a_run({"learning_rate": rates})
    assert status(learning_rate_overridden, run, a_config(**asked)) is expected


def test_a_log_of_four_rows_whose_schedule_falls_before_the_first() -> None:
    # a linear decay over 45 steps, logged every 10, as short fine-tunings leave it
    rates = [2e-4 * (1 - step / 45) for step in (10, 20, 30, 40)]
    run = a_run({"learning_rate": rates}, steps=[10, 20, 30, 40], planned=45)
    assert status(learning_rate_overridden, run, a_config(learning_rate=2e-4)) is Status.PASS
    late = a_run({"learning_rate": rates[1:] * 2}, steps=[20, 30, 40, 41, 42, 43], planned=45)
    assert status(learning_rate_overridden, late, a_config(learning_rate=2e-4)) is not Status.FAIL


def test_rates_are_found_among_their_spellings() -> None:
    config = a_config(
        model__optimizer__init_args__lr="2e-4", trainer__actor_lr=1e-3, scheduler__eta_min=0,
        scheduler__class_path="torch.optim.lr_scheduler.CosineAnnealingLR", lr_patience=3,
        find_lr=False, decay_lr=True,
    )  # fmt: skip
    asked = asked_rate(a_run({}), config)
    assert dict(asked.optimizer) == {"model.optimizer.init_args.lr": 2e-4, "trainer.actor_lr": 1e-3}
    assert asked.schedule == "CosineAnnealingLR"


def noise(size: float, count: int, seed: int = 0) -> np.ndarray:
    return np.exp(size * np.random.default_rng(seed).standard_normal(count))


def warm_then_cosine(count: int, warm: float, peak: float) -> np.ndarray:
    at = np.arange(count) / (count - 1)
    up, down = at / warm, 0.5 * (1 + np.cos(np.pi * (at - warm) / (1 - warm)))
    return peak * np.where(at < warm, np.maximum(up, 1e-3), down)


def overshooting(count: int, high: float, gone: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """A loss that learns at first, turns where the rate is high, and calms when it falls."""
    rates = warm_then_cosine(count, 0.4, 0.3)
    loss = 0.6 + 1.7 * np.exp(-np.arange(count) / (0.1 * count))
    loss += np.where(rates > 0.2, high, 0.0)
    if gone:
        loss[int(0.6 * count) :] = math.nan
    return loss * noise(0.03, count), rates


@pytest.mark.parametrize("count", [40, 300, 3000])
def test_a_loss_that_turns_as_the_rate_rises(count: int) -> None:
    loss, rates = overshooting(count, 3.0)
    run = a_run({"train_loss": loss, "learning_rate": rates})
    outcome = measured(learning_rate_too_high, run)
    assert isinstance(outcome, Measurement)
    assert status(learning_rate_too_high, run) is Status.FAIL
    facts = {one.name: one.value for one in outcome.evidence}
    assert 0.2 * count < facts["onset"] < 0.45 * count
    assert facts["after"] == "calm again as the rate falls"
    lost, rates = overshooting(count, 3.0, gone=True)
    run = a_run({"train_loss": lost, "learning_rate": rates})
    assert status(learning_rate_too_high, run) is Status.FAIL


def restarts(count: int) -> tuple[np.ndarray, np.ndarray]:
    at = np.arange(count) / count
    cycle = (at * 4) % 1.0
    rates = 0.1 * 0.5 * (1 + np.cos(np.pi * cycle))
    loss = 0.5 + 1.5 * np.exp(-at * 8) + np.where(at > 0.2, 0.35 * np.exp(-cycle * 8), 0)
    return loss * noise(0.04, count), rates


HIGH_BUT_HEALTHY = {
    "warm-up and cosine": (
        (0.5 + np.exp(-np.arange(200) / 40)) * noise(0.1, 200),
        warm_then_cosine(200, 0.1, 1e-2),
    ),
    "restarts raise the loss": restarts(400),
    "returns about the target's variance": (noise(0.05, 300), warm_then_cosine(300, 0.3, 1e-3)),
    "divergence at a rate that was lived with": (
        np.concatenate([np.linspace(2, 0.5, 200), np.linspace(0.5, 4, 100)]),
        np.concatenate([np.linspace(1e-4, 1e-3, 10), np.full(290, 1e-3)]),
    ),
    "a rate that falls by steps": (
        np.concatenate([noise(0.2, 100, 1), 0.3 * noise(0.05, 100, 2)]),
        np.concatenate([np.full(100, 0.1), np.full(100, 0.01)]),
    ),
    "adversarial: the loss rises and stays": (
        (0.7 + 2 * (1 - np.exp(-np.arange(300) / 40))) * noise(0.05, 300),
        np.concatenate([np.linspace(1e-5, 2e-4, 15), np.full(285, 2e-4)]),
    ),
    "losses about zero": (
        0.05 * np.sin(np.arange(300) / 40) + 0.01 * noise(0.5, 300),
        warm_then_cosine(300, 0.2, 1e-4),
    ),
}


@pytest.mark.parametrize("name", HIGH_BUT_HEALTHY)
def test_healthy_runs_with_rising_rates(name: str) -> None:
    loss, rates = HIGH_BUT_HEALTHY[name]
    run = a_run({"train_loss": loss, "learning_rate": rates})
    assert status(learning_rate_too_high, run) is Status.PASS


@pytest.mark.parametrize(
    ("rate", "config", "last", "expected"),
    [
        (10.0, a_config(), 5.0, Status.FAIL),
        (0.1, a_config(optimizer="AdamW"), 5.0, Status.FAIL),
        (0.1, a_config(optimizer="SGD"), 5.0, Status.PASS),
        (10.0, a_config(), 0.2, Status.PASS),
    ],
)
def test_a_rate_that_nothing_bears(rate, config, last, expected) -> None:
    loss = np.linspace(1.0, last, 30) * noise(0.02, 30)
    run = a_run({"train_loss": loss, "learning_rate": [rate] * 30})
    assert status(learning_rate_too_high, run, config) is expected


@pytest.mark.parametrize(("last", "expected"), [(2.0, Status.WARN), (0.3, Status.PASS)])
def test_updates_as_large_as_the_weights(last: float, expected: Status) -> None:
    run = a_run({"train_loss": np.linspace(1, last, 30), "update_ratio": [0.4] * 30})
    assert status(learning_rate_too_high, run) is expected


LINE = np.linspace(2.303, 2.290, 120) * noise(0.0008, 120)
LEARNS = (0.4 + 2 * np.exp(-np.arange(120) / 25)) * noise(0.02, 120)


@pytest.mark.parametrize(
    ("loss", "rates", "expected"),
    [
        (LINE, [1e-6] * 120, Status.FAIL),
        (2.3 * noise(0.001, 120), [1e-6] * 120, Status.WARN),
        (2.3 * noise(0.001, 120), [3e-8] * 120, Status.FAIL),
        # fine-tuning, and a good start that learns little
        (LEARNS, [1e-6] * 120, Status.PASS),
        (1.1 * noise(0.05, 120), [2e-5] * 120, Status.PASS),
        (1.1 * noise(0.05, 120), [1e-5] * 120, Status.PASS),
        # the end of a schedule is low by design; rewards go about zero; 0.00 was rounded away
        (LINE, list(np.linspace(1e-3, 1e-9, 120)), Status.PASS),
        (0.01 * np.sin(np.arange(120)), [1e-6] * 120, Status.PASS),
        (LINE, [0.0] * 120, Status.SKIP),
        # a log that ends inside the warm-up
        (LINE, list(np.linspace(1e-9, 1e-6, 120)), Status.SKIP),
        (LINE[:5], [1e-6] * 5, Status.SKIP),
    ],
)
def test_rates_that_are_too_low(loss, rates, expected) -> None:
    run = a_run({"train_loss": loss, "learning_rate": rates})
    assert status(learning_rate_too_low, run) is expected


def test_a_tiny_rate_by_its_configuration_optimizer_or_updates() -> None:
    alone = a_run({"train_loss": LINE})
    assert status(learning_rate_too_low, alone) is Status.SKIP
    assert status(learning_rate_too_low, alone, a_config(lr=1e-6)) is Status.FAIL
    sgd = a_run({"train_loss": LINE, "learning_rate": [3e-5] * 120})
    assert status(learning_rate_too_low, sgd) is Status.PASS
    assert status(learning_rate_too_low, sgd, a_config(optimizer="SGD")) is Status.FAIL
    tiny = a_run({"train_loss": LINE, "update_ratio": [2e-7] * 120})
    assert status(learning_rate_too_low, tiny) is Status.FAIL
    booster = a_run({"train_loss": LINE}, unit="round")
    assert status(learning_rate_too_low, booster, a_config(learning_rate=1e-4)) is Status.FAIL
    assert status(learning_rate_too_low, booster, a_config(learning_rate=0.05)) is Status.PASS


def resumed(second: np.ndarray, at: int = 60, back_to: int = 50, seed: int = 1) -> TrainingRun:
    """Steps 0 to 59, then again from 50 on."""
    first = (0.5 + 1.5 * np.exp(-np.arange(at) / 15)) * noise(0.01, at, seed)
    steps = [*range(at), *range(back_to, back_to + len(second))]
    return a_run({"train_loss": np.concatenate([first, second])}, steps=steps)


def after(start: int, count: int = 50, seed: int = 2) -> np.ndarray:
    """The loss of a training that has gone for `start` steps."""
    return (0.5 + 1.5 * np.exp(-np.arange(start, start + count) / 15)) * noise(0.01, count, seed)


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (after(0), Status.FAIL),
        (after(20), Status.WARN),
        (after(50), Status.PASS),
        # the counter was set back, the weights were not
        (0.6 * after(90), Status.WARN),
        # the same rows written again
        ((0.5 + 1.5 * np.exp(-np.arange(50, 60) / 15)), Status.PASS),
    ],
)
def test_a_loss_after_a_resume(second: np.ndarray, expected: Status) -> None:
    outcome = measured(resume_discontinuity, resumed(second))
    assert isinstance(outcome, Measurement)
    assert status(resume_discontinuity, resumed(second)) is expected
    assert outcome.line == (None if expected is Status.PASS else 62)


def test_a_rate_that_begins_anew() -> None:
    rates = warm_then_cosine(120, 0.1, 1e-3)
    loss = (0.5 + np.exp(-np.arange(120) / 30)) * noise(0.01, 120)
    steps = [*range(70), *range(60, 110)]
    right = [rates[step] for step in steps]
    wrong = [*right[:70], *rates[:50]]
    whole = {"train_loss": [loss[s] for s in steps]}
    assert status(resume_discontinuity, a_run({**whole, "learning_rate": right}, steps=steps)) \
        is Status.PASS  # fmt: skip
    assert status(resume_discontinuity, a_run({**whole, "learning_rate": wrong}, steps=steps)) \
        is Status.WARN  # fmt: skip
    # the counter goes on, and the warm-up comes a second time
    again = [*rates[:50], *rates[:70]]
    run = a_run({"train_loss": loss, "learning_rate": again})
    assert status(resume_discontinuity, run) is Status.WARN


def test_a_long_gap_after_which_the_training_is_untrained() -> None:
    clock = [10.0 * i + (50_000 if i >= 60 else 0) for i in range(110)]
    for start, expected in ((0, Status.FAIL), (60, Status.PASS)):
        loss = np.concatenate([after(0, 60, 3), after(start)])
        run = a_run({"train_loss": loss, "timestamp": clock})
        assert status(resume_discontinuity, run) is expected


def test_what_looks_like_a_resume_and_is_none() -> None:
    loss, rates = restarts(400)
    pauses = [3.0 * i + 60 * (i // 25) for i in range(400)]
    run = a_run({"train_loss": loss, "learning_rate": rates, "timestamp": pauses})
    assert status(resume_discontinuity, run) is Status.PASS
    # two ranks that write through each other
    steps = [step for i in range(100) for step in (i, i)]
    ranks = a_run({"train_loss": np.repeat(after(0, 100), 2) * noise(0.2, 200)}, steps=steps)
    assert status(resume_discontinuity, ranks) is Status.PASS
    # epochs of a booster or of a log that counts batches: one line each
    assert curve_of("train_loss", after(0)).lines[0] == 2
