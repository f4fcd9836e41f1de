"""Cards that wait while a training runs, and cards that do less than their like."""

from __future__ import annotations

import numpy as np
import pytest

from checks.gpu.gpu_idle_while_training import gpu_idle_while_training
from checks.gpu.uneven_load import uneven_load
from ml_debugger.artifacts import GpuHistory
from ml_debugger.contract import Measurement, NotMeasured, Status
from tests.checks.gpu_boxes import expecting, history_of, series_of
from tests.checks.run_judging import measured, status

STEP = np.arange(240)
RNG = np.random.default_rng(8)
STARVED = np.where(RNG.random(240) < 0.25, 95.0, 0.0)
BY_DAY = np.where((STEP > 80) & (STEP < 130), 60.0, 0.0)
BUSY = RNG.uniform(85, 100, 240)


@pytest.mark.parametrize(
    ("use", "training", "expected"),
    [
        (BUSY, True, Status.PASS),
        (BUSY, None, Status.PASS),
        (STARVED, True, Status.WARN),
        (STARVED, None, Status.WARN),
        (STARVED, False, Status.SKIP),
        (np.zeros(240), True, Status.FAIL),
        (np.zeros(240), None, Status.SKIP),
        (np.where(STEP % 40 > 33, 0.0, 95.0), True, Status.PASS),
        (np.where(STEP < 60, 0.0, BUSY), True, Status.PASS),
        (np.concatenate([BY_DAY[60:], BY_DAY[:60]]), None, Status.PASS),
        (np.where((STEP % 120) < 30, 70.0, 0.0), None, Status.SKIP),
        (np.full(240, 35.0), True, Status.PASS),
        (np.full(240, np.nan), True, Status.SKIP),
    ],
    ids=[
        *("busy", "busy, unknown", "starved", "starved, unknown", "no training"),
        *("on the processor", "idle box", "evaluations", "long start", "one long job"),
        *("a service by day", "small model", "MIG"),
    ],
)
def test_waiting(use: np.ndarray, training: bool | None, expected: Status) -> None:
    history = history_of(series_of(use), training=training)
    assert status(gpu_idle_while_training, history) is expected


def test_a_notebook_without_memory_is_no_training() -> None:
    assert isinstance(
        measured(gpu_idle_while_training, history_of(series_of(STARVED, 0.3))), NotMeasured
    )


def test_the_busiest_of_several_cards_decides() -> None:
    history = history_of(series_of(STARVED), series_of(BUSY, index=1), training=True)
    outcome = measured(gpu_idle_while_training, history)
    assert isinstance(outcome, Measurement)
    assert outcome.title == "The busiest card, GPU 1, waits 0 % of 120 minutes"


@pytest.mark.parametrize(("count", "every"), [(11, 60.0), (240, 1.0)])
def test_too_little_is_not_judged(count: int, every: float) -> None:
    history = history_of(series_of(STARVED[:count], every=every), training=True)
    assert isinstance(measured(gpu_idle_while_training, history), NotMeasured)


def cards(*uses: object, memory: object = 40.0, watts: object = None) -> GpuHistory:
    held = memory if isinstance(memory, list) else [memory] * len(uses)
    power = watts if isinstance(watts, list) else [watts] * len(uses)
    return history_of(
        *(
            series_of(np.broadcast_to(np.asarray(use, dtype=float), 240), m, index=i, watts=w)
            for i, (use, m, w) in enumerate(zip(uses, held, power, strict=True))
        )
    )


ALL = expecting(gpus=4, gpu_training=True)


@pytest.mark.parametrize(
    ("history", "wanted", "expected"),
    [
        (cards(BUSY, BUSY, BUSY, BUSY), None, Status.PASS),
        (cards(BUSY, BUSY, BUSY, 0), None, Status.WARN),
        (cards(BUSY, BUSY, BUSY, 0, memory=[40, 40, 40, 0.01]), None, Status.PASS),
        (cards(BUSY, BUSY, BUSY, 0, memory=[40, 40, 40, 0.01]), ALL, Status.WARN),
        (cards(BUSY, BUSY, 0, 0, memory=[40, 40, 0.01, 0.01]), ALL, Status.PASS),
        (cards(BUSY, 0, memory=[40, 9]), None, Status.PASS),
        (cards(BUSY, 0, memory=[75, 75]), None, Status.WARN),
        (cards(BUSY, BUSY, BUSY, BUSY, watts=[560, 540, 555, 240]), None, Status.WARN),
        (cards(BUSY, BUSY, BUSY, BUSY, watts=[560, 540, 555, 470]), None, Status.PASS),
        (
            cards(BUSY, BUSY, BUSY, 30, memory=[40, 42, 38, 12], watts=[560, 540, 555, 200]),
            None,
            Status.PASS,
        ),
        (cards(STARVED, STARVED, STARVED, STARVED), None, Status.SKIP),
        (cards(0, 0, 0, 0), None, Status.SKIP),
        (cards(BUSY), None, Status.SKIP),
        (cards(np.nan, np.nan, np.nan), None, Status.SKIP),
    ],
    ids=[
        *("alike", "one idle member", "one unused", "one left out", "half unused"),
        *("a notebook beside a job", "all memory taken, one used", "one slow", "ordinary spread"),
        *("another job", "starved together", "idle box", "one card", "MIG"),
    ],
)
def test_cards_beside_each_other(history: GpuHistory, wanted: object, expected: Status) -> None:
    assert status(uneven_load, history, wanted) is expected  # type: ignore[arg-type]


def test_the_idle_member_is_named() -> None:
    outcome = measured(uneven_load, cards(BUSY, BUSY, BUSY, 0))
    assert isinstance(outcome, Measurement)
    assert outcome.title == "GPU 3: memory held and no work, while GPUs 0-2 work"


def test_one_save_by_the_first_rank_is_no_uneven_load() -> None:
    saving = np.where(STEP % 60 > 56, 0.0, BUSY)
    assert status(uneven_load, cards(saving, BUSY, BUSY, BUSY)) is Status.PASS


def test_ten_minutes_together_are_needed() -> None:
    brief = history_of(series_of(BUSY, every=2.0), series_of(BUSY * 0, index=1, every=2.0))
    assert isinstance(measured(uneven_load, brief), NotMeasured)
