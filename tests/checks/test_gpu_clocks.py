"""Cards that slow down, heat and fans."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from checks.gpu.fan_fault import fan_fault
from checks.gpu.overheating import overheating
from checks.gpu.throttled_power import throttled_power
from checks.gpu.throttled_thermal import throttled_thermal
from ml_debugger.artifacts import GpuDevice
from ml_debugger.contract import Check, Measurement, NotMeasured, Status
from tests.checks.gpu_boxes import A10, GAMING, T4, box, one
from tests.checks.run_judging import measured, status

BUSY, QUIET = {"utilisation": 97.0}, {"utilisation": 0.0}
BRAKE = ("hardware-slowdown", "hardware-power-brake")
HOT = ("hardware-slowdown", "hardware-thermal")


@pytest.mark.parametrize(
    ("check", "changes", "expected"),
    [
        (throttled_thermal, {"throttled": HOT, **BUSY}, Status.FAIL),
        (throttled_thermal, {"throttled": HOT, **QUIET}, Status.WARN),
        (throttled_thermal, {"throttled": ("software-thermal",), **BUSY}, Status.WARN),
        (throttled_thermal, {"throttled": ("idle",), **QUIET}, Status.PASS),
        (throttled_thermal, {"throttled": BRAKE, **BUSY}, Status.PASS),
        (throttled_thermal, {"throttled": None}, Status.SKIP),
        (throttled_power, {"throttled": BRAKE, **BUSY}, Status.FAIL),
        (throttled_power, {"throttled": BRAKE, **QUIET}, Status.WARN),
        (throttled_power, {"throttled": ("software-power-cap",), **BUSY}, Status.PASS),
        (throttled_power, {"throttled": ("software-power-cap",), **QUIET}, Status.PASS),
        (throttled_power, {"throttled": ("hardware-slowdown",), **BUSY}, Status.FAIL),
        (throttled_power, {"throttled": ("hardware-slowdown",), **QUIET}, Status.PASS),
        (
            throttled_power,
            {"throttled": ("hardware-slowdown",), "margin": 2.0, **BUSY},
            Status.PASS,
        ),
        (throttled_power, {"throttled": HOT, **BUSY}, Status.PASS),
        (throttled_power, {"throttled": None}, Status.SKIP),
        (overheating, {"margin": 3.0}, Status.PASS),
        (overheating, {"margin": 2.0}, Status.WARN),
        (overheating, {"margin": 0.0}, Status.FAIL),
        (overheating, {"margin": -2.0}, Status.FAIL),
        (overheating, {"margin": None, "temperature": 95.0}, Status.SKIP),
        (
            overheating,
            {"margin": None, "slowdown_at": 97.0, "temperature": 85.0},
            Status.PASS,
        ),
        (
            overheating,
            {"margin": None, "slowdown_at": 97.0, "temperature": 95.0},
            Status.WARN,
        ),
        (
            overheating,
            {"margin": None, "shutdown_at": 93.0, "temperature": 93.0},
            Status.FAIL,
        ),
    ],
)
def test_slowdown_and_heat(check: Check, changes: dict[str, Any], expected: Status) -> None:
    assert status(check, one(**changes)) is expected


def test_the_power_limit_that_was_set_is_told() -> None:
    outcome = measured(
        throttled_power, one(throttled=("software-power-cap",), power_limit_watts=200.0)
    )
    assert isinstance(outcome, Measurement)
    assert outcome.title == "No power brake; GPU 0 at the power limit set (200 W)"


HOT_CARD = {"temperature": 82.0, "margin": 8.0, "utilisation": 99.0}


@pytest.mark.parametrize(
    ("card", "changes", "expected"),
    [
        (GAMING, {"fan": 0.0, **HOT_CARD}, Status.FAIL),
        (GAMING, {"fan": 70.0, **HOT_CARD}, Status.PASS),
        (GAMING, {"fan": None, "problems": ("Fan Speed: Unknown Error",)}, Status.WARN),
        (GAMING, {"fan": 100.0, "temperature": 24.0}, Status.PASS),
        (GAMING, {"fan": 0.0, "margin": None, "temperature": 82.0}, Status.PASS),
        (A10, {"temperature": 90.0}, Status.SKIP),
        (T4, {}, Status.SKIP),
        (
            replace(GAMING, name="NVIDIA RTX PRO 6000 Blackwell Server Edition"),
            {"fan": 0.0, **HOT_CARD},
            Status.SKIP,
        ),
    ],
)
def test_fans(card: GpuDevice, changes: dict[str, Any], expected: Status) -> None:
    assert status(fan_fault, one(card, **changes)) is expected


def test_a_card_has_a_fan_where_its_sibling_turns_one() -> None:
    cool = replace(A10, name="NVIDIA A10 with fan", fan=40.0, temperature=50.0)
    hot = replace(cool, index=1, fan=0.0, temperature=88.0)
    outcome = measured(fan_fault, box(cool, hot))
    assert isinstance(outcome, Measurement)
    assert outcome.title == "GPU 1: fan at 0 % with the card at 88 C"


def test_a_card_that_does_not_answer_does_not_hide_the_others() -> None:
    lost = GpuDevice(1, "unknown", problem="GPU is lost")
    assert status(overheating, box(replace(GAMING), lost)) is Status.PASS
    assert isinstance(measured(overheating, box(lost)), NotMeasured)
