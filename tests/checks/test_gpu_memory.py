"""Memory of cards: full, held by nobody, growing, and other than configured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from checks.gpu.memory_claim_wrong import memory_claim_wrong
from checks.gpu.vram_growth import vram_growth
from checks.gpu.vram_near_full import vram_near_full
from checks.gpu.vram_orphaned import vram_orphaned
from ml_debugger.artifacts import GpuDevice, GpuSnapshot
from ml_debugger.contract import Measurement, NotMeasured, Status
from tests.checks.gpu_boxes import (
    ABSENT,
    GAMING,
    GIB,
    MIB,
    box,
    expecting,
    h100s,
    history_of,
    one,
    series_of,
)
from tests.checks.run_judging import measured, status


def filled(total_mib: int, free_mib: int) -> GpuSnapshot:
    used = (total_mib - free_mib) * MIB
    return one(memory_total=total_mib * MIB, memory_used=used, memory_reserved=None)


@pytest.mark.parametrize(
    ("total", "free", "expected"),
    [
        (81_559, 8_000, Status.PASS),
        (81_559, 1_030, Status.PASS),
        (81_559, 1_000, Status.WARN),
        (24_564, 800, Status.PASS),
        (24_564, 700, Status.WARN),
        (2_048, 300, Status.PASS),
        (2_048, 40, Status.WARN),
    ],
)
def test_free_memory_against_the_smaller_floor(total: int, free: int, expected: Status) -> None:
    assert status(vram_near_full, filled(total, free)) is expected


def test_the_drivers_reserve_is_not_free() -> None:
    assert status(vram_near_full, one(memory_used=80_200 * MIB, memory_reserved=479 * MIB)) is (
        Status.WARN
    )


HELD = {"memory_used": 20 * GIB, "processes": (), "utilisation": 0.0}


@pytest.mark.parametrize(
    ("snapshot", "expected"),
    [
        (box(*h100s(1, **HELD), users=()), Status.WARN),
        (box(*h100s(1, **HELD), users=(17,)), Status.PASS),
        (box(*h100s(1, **HELD), users=None), Status.SKIP),
        (box(*h100s(1, **{**HELD, "utilisation": 90.0}), users=()), Status.PASS),
        (box(*h100s(1, **{**HELD, "memory_used": 600 * MIB}), users=()), Status.PASS),
        (box(*h100s(1, **{**HELD, "processes": None}), users=()), Status.SKIP),
        (box(*h100s(1, **{**HELD, "mig": True}), users=()), Status.SKIP),
    ],
)
def test_memory_that_nobody_seems_to_hold(snapshot: GpuSnapshot, expected: Status) -> None:
    assert status(vram_orphaned, snapshot) is expected


def test_what_is_held_elsewhere_is_not_called_a_leak() -> None:
    outcome = measured(vram_orphaned, box(*h100s(1, **HELD), users=()))
    assert isinstance(outcome, Measurement)
    assert outcome.title == (
        "GPU 0: 20.0 GiB held outside this container or by a process that is gone"
    )


STEP = np.arange(240)
RNG = np.random.default_rng(4)


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        (np.full(240, 40.0), Status.PASS),
        (20 + 0.02 * STEP, Status.WARN),
        (20 + 0.2 * STEP, Status.FAIL),
        (20 + 0.02 * STEP + RNG.normal(0, 0.02, 240), Status.WARN),
        (20 + np.where(STEP % 40 > 36, 6.0, 0.0) + 0.02 * STEP, Status.WARN),
        (20 + np.where(STEP % 40 > 36, 6.0, 0.0), Status.PASS),
        (20 + 3 * (STEP > 60) + 2 * (STEP > 150), Status.PASS),
        (20 + 4 * np.log1p(STEP), Status.PASS),
        (30 - 10 * np.exp(-STEP / 40), Status.PASS),
        (20 + np.maximum.accumulate(RNG.gumbel(0, 1.5, 240)), Status.PASS),
        (20 + 0.0005 * STEP, Status.PASS),
        (np.concatenate([np.full(60, 0.002), 20 + 0.02 * np.arange(180)]), Status.WARN),
        (np.tile(np.concatenate([[0.01] * 4, np.full(56, 30.0)]), 4), Status.PASS),
    ],
    ids=[
        *("level", "leak", "fast leak", "noisy leak", "leak under evaluations", "evaluations"),
        *("late modules", "fragmentation", "caches that fill", "longest batch so far"),
        *("a hundred MiB", "leak after an idle hour", "four jobs"),
    ],
)
def test_growth(memory: np.ndarray, expected: Status) -> None:
    assert status(vram_growth, history_of(series_of(np.full(240, 95.0), memory))) is expected


def test_growth_names_the_card_the_rate_and_the_end() -> None:
    steady = series_of(np.full(240, 95.0), 40.0)
    leaking = series_of(np.full(240, 95.0), 20 + 0.1 * STEP, index=1)
    outcome = measured(vram_growth, history_of(steady, leaking))
    assert isinstance(outcome, Measurement)
    assert outcome.title == "GPU 1: memory grew steadily by 19.4 GiB in 2.0 h, full in 3 h"
    assert 2.9 < outcome.values["hours_to_full"] < 3.3


@pytest.mark.parametrize("every", [1.0, 600.0])
def test_short_histories_are_not_judged(every: float) -> None:
    count = 240 if every == 1.0 else 12
    short = series_of(np.full(count, 95.0), 20 + np.linspace(0, 30, count), every=every)
    assert isinstance(measured(vram_growth, history_of(short)), NotMeasured)


def rented(name: str, mib: int, count: int) -> GpuSnapshot:
    card = replace(GAMING, name=name, memory_total=mib * MIB)
    return box(*(replace(card, index=index) for index in range(count)))


B200S = rented("NVIDIA B200", 183_359, 8)


@pytest.mark.parametrize(
    ("snapshot", "claim", "expected"),
    [
        (B200S, 192.0, Status.FAIL),
        (B200S, 1440.0, Status.PASS),
        (B200S, 1432.0, Status.PASS),
        (B200S, 1536.0, Status.PASS),
        (B200S, 1260.0, Status.FAIL),
        (rented("NVIDIA GeForce RTX 4090", 24_564, 8), 192.0, Status.PASS),
        (rented("NVIDIA H200", 143_771, 8), 1128.0, Status.PASS),
        (rented("NVIDIA H100 80GB HBM3", 81_559, 8), 640.0, Status.PASS),
        (rented("NVIDIA A10G", 23_028, 1), 24.0, Status.PASS),
        (rented("Tesla T4", 15_360, 1), 16.0, Status.PASS),
        (rented("Tesla K80", 11_441, 2), 24.0, Status.PASS),
        (rented("NVIDIA A100-SXM4-40GB", 40_960, 1), 80.0, Status.FAIL),
        (rented("NVIDIA H100 80GB HBM3", 81_559, 1), 90.0, Status.WARN),
    ],
)
def test_claims_in_any_usual_unit(snapshot: GpuSnapshot, claim: float, expected: Status) -> None:
    assert status(memory_claim_wrong, snapshot, expecting(gpu_memory_gb=claim)) is expected


def test_the_memory_of_one_card_is_recognised() -> None:
    outcome = measured(memory_claim_wrong, B200S, expecting(gpu_memory_gb=192.0))
    assert isinstance(outcome, Measurement)
    assert outcome.title == ("1,432 GiB (1,538 GB) on 8 GPUs, 192 GB claimed: one of them")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("B200", Status.PASS), ("nvidia-b200", Status.PASS), ("H100", Status.FAIL)],
)
def test_claimed_names(name: str, expected: Status) -> None:
    assert status(memory_claim_wrong, B200S, expecting(gpu_name=name)) is expected


LOST = GpuDevice(8, "unknown", problem="GPU is lost")


@pytest.mark.parametrize(
    "snapshot",
    [
        ABSENT,
        replace(B200S, devices=(*B200S.devices, LOST)),
        replace(B200S, attached=9),
        replace(B200S, partial="memory"),
        replace(B200S, source="nvidia-smi --query-gpu"),
    ],
    ids=["no card", "one lost", "cut off", "a part", "a log"],
)
def test_a_sum_that_is_not_known_is_not_compared(snapshot: GpuSnapshot) -> None:
    outcome = measured(memory_claim_wrong, snapshot, expecting(gpu_memory_gb=192.0))
    assert isinstance(outcome, NotMeasured)


def test_nothing_claimed_is_not_judged() -> None:
    assert isinstance(measured(memory_claim_wrong, B200S, expecting()), NotMeasured)
    assert isinstance(measured(memory_claim_wrong, B200S), NotMeasured)
