"""Checks of gradients: they fire on planted faults and stay silent on healthy runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from checks.gradients.exploding_gradient import exploding_gradient
from checks.gradients.layer_imbalance import layer_imbalance
from checks.gradients.loss_scale_collapse import loss_scale_collapse
from checks.gradients.missing_zero_grad import missing_zero_grad
from checks.gradients.non_finite_gradient import non_finite_gradient
from checks.gradients.vanishing_gradient import vanishing_gradient
from ml_debugger.artifacts import TrainingConfig, TrainingRun
from ml_debugger.contract import Check, Measurement, Status
from ml_debugger.runtime.causes import feeding, fold
from ml_debugger.runtime.registry import registry
from ml_debugger.testing.faults import gradients
from ml_debugger.testing.plant import faults
from ml_debugger.testing.selftest import judge_folder
from ml_debugger.testing.twins import gradients as twin
from ml_debugger.workspace.assembly import assemble
from ml_debugger.workspace.configuration import load
from tests.checks.run_judging import a_config, a_run, measured, read_twin, status, with_config

Read = Callable[[], tuple[TrainingRun, TrainingConfig]]
PLANTED = [
    (vanishing_gradient, gradients.plant_vanishing_gradient),
    (exploding_gradient, gradients.plant_exploding_gradient),
    (non_finite_gradient, gradients.plant_non_finite_gradient),
    (layer_imbalance, gradients.plant_layer_imbalance),
    (missing_zero_grad, gradients.plant_missing_zero_grad),
    (loss_scale_collapse, gradients.plant_loss_scale_collapse),
]
CHAIN = ("unscaled-feature", "exploding-gradient", "non-finite-loss")
CHECKS = [check for check, _ in PLANTED]


@pytest.fixture
def tft(tmp_path: Path) -> Read:
    twin.write(tmp_path, np.random.default_rng(3))

    return lambda: read_twin(tmp_path)


@pytest.mark.parametrize(("check", "plant"), PLANTED)
@pytest.mark.parametrize("seed", range(3))
def test_planted_faults_are_found_and_no_other(check, plant, seed, tft: Read, tmp_path) -> None:
    assert plant(tmp_path, np.random.default_rng(seed))
    run, config = tft()
    assert with_config(check, run, config) is Status.FAIL
    others = {other.name: with_config(other, run, config) for other in CHECKS if other is not check}
    assert not [name for name, found in others.items() if found.is_finding]


@pytest.mark.parametrize("check", CHECKS)
def test_the_twin_passes(check: Check, tft: Read) -> None:
    assert with_config(check, *tft()) is Status.PASS


@pytest.mark.parametrize("check", CHECKS)
def test_a_run_without_gradients_is_not_passed(check: Check) -> None:
    assert status(check, a_run({})) is Status.SKIP
    assert status(check, a_run({"train_loss": [1.0] * 50})) is Status.SKIP


def test_unscaled_input_explains_the_gradient_and_the_gradient_the_loss(twin: Path) -> None:
    rng = np.random.default_rng(5)
    assert faults()["unscaled-feature"].plant(twin, rng)
    gradients.plant_exploding_gradient(twin, rng)
    chain = [registry().find(name) for name in CHAIN]
    assembled = assemble([twin], load(twin), configured=True)
    found = [result for result in judge_folder(twin, chain) if result.status.is_finding]
    upstream = feeding(assembled.artifacts, assembled.links)
    folded = fold(found, {check.name: check.explained_by for check in chain}, upstream)
    codes = {check.name: check.code for check in chain}
    assert {result.name: {*result.caused_by} for result in folded} == {
        "unscaled-feature": set(),
        "exploding-gradient": {codes["unscaled-feature"]},
        "non-finite-loss": {codes["unscaled-feature"], codes["exploding-gradient"]},
    }


def noise(size: float, count: int, seed: int = 0) -> np.ndarray:
    return np.exp(size * np.random.default_rng(seed).standard_normal(count))


AT = np.arange(200)
LEARNS = (0.4 + 1.5 * np.exp(-AT / 40)) * noise(0.03, 200)
STILL = 0.6931 * noise(0.0005, 200)
FALLING = 2.0 * np.exp(-AT / 12) * noise(0.2, 200)


@pytest.mark.parametrize(
    ("loss", "norms", "expected"),
    [
        (STILL, FALLING, Status.FAIL),
        (STILL, np.where(AT < 4, 2.013742, 0.0), Status.FAIL),
        # a model that has learnt has no gradient left; one without noise learns in few steps
        (LEARNS, FALLING, Status.PASS),
        (np.where(AT < 3, 1.0, 0.91) - 1e-6 * AT, FALLING, Status.PASS),
        # a loss about the target's variance, tiny losses, printed with two decimals
        (1.0 * noise(0.03, 200), 0.4 * noise(0.3, 200), Status.PASS),
        (1e-7 * noise(0.03, 200), 1e-8 * noise(0.3, 200), Status.PASS),
        (STILL, np.where(AT < 20, 0.02, 0.0), Status.PASS),
        # high at first
        (STILL, np.where(AT < 5, 60.0, 0.5) * noise(0.3, 200), Status.PASS),
        (STILL[:5], FALLING[:5], Status.SKIP),
    ],
)
def test_gradients_that_vanish(loss, norms, expected) -> None:
    run = a_run({"train_loss": loss, "grad_norm": norms})
    assert status(vanishing_gradient, run) is expected


def layered(shares: Sequence[float], loss: np.ndarray) -> TrainingRun:
    curves = {
        f"grad_norm/layers.{i}.weight": share * noise(0.3, 200, i) for i, share in enumerate(shares)
    }
    return a_run({"train_loss": loss, **curves})


@pytest.mark.parametrize(
    ("shares", "loss", "vanishing", "imbalance"),
    [
        # measured on sigmoid networks of six and of ten layers
        ([1e-8, 1e-6, 1e-4, 1e-2, 1.0], STILL, Status.FAIL, Status.FAIL),
        ([1e-4, 1e-3, 1e-2, 1.0], STILL, Status.WARN, Status.WARN),
        ([1e-8, 1e-6, 1e-4, 1e-2, 1.0], LEARNS, Status.PASS, Status.FAIL),
        ([1e6, 1e3, 1.0], LEARNS, Status.PASS, Status.FAIL),
        ([0.1, 0.3, 1.0, 3.0], STILL, Status.PASS, Status.PASS),
        ([0.0, 0.0, 0.5, 1.0, 1.0], STILL, Status.PASS, Status.PASS),
    ],
)
def test_layers(shares, loss, vanishing, imbalance) -> None:
    run = layered(shares, loss)
    assert status(vanishing_gradient, run) is vanishing
    assert status(layer_imbalance, run) is imbalance


def test_like_is_compared_with_like() -> None:
    curves = {
        "grad_norm/embed.weight": 1e-7 * noise(0.2, 200),
        "grad_norm/blocks.0.attn.weight": noise(0.2, 200),
        "grad_norm/blocks.0.norm1.weight": 1e-6 * noise(0.2, 200),
        "grad_norm/blocks.1.attn.weight": noise(0.2, 200),
        "grad_norm/blocks.2.attn.weight": 2 * noise(0.2, 200),
        "grad_norm/head.weight": 3e4 * noise(0.2, 200),
        "grad_norm/head.bias": 1e-6 * noise(0.2, 200),
    }
    assert status(layer_imbalance, a_run(curves)) is Status.PASS
    # one layer that is slow to start, as above an output layer that begins at zero
    started = np.where(AT < 15, 1e-9, 1.0)
    late = {f"grad_norm/l{i}.weight": started * noise(0.2, 200) for i in range(3)}
    late["grad_norm/l3.weight"] = noise(0.2, 200)
    assert status(layer_imbalance, a_run(late)) is Status.PASS


def exploding(norms: np.ndarray, loss: np.ndarray, **more: Sequence[float]) -> Status:
    return status(exploding_gradient, a_run({"train_loss": loss, "grad_norm": norms, **more}))


USUAL = 0.8 * noise(0.3, 200)
GROWS = USUAL * np.exp(np.maximum(0, AT - 120) / 12)
GONE = np.where(AT >= 190, math.nan, 1.0)


@pytest.mark.parametrize(
    ("norms", "loss", "expected"),
    [
        (GROWS, 0.7 * noise(0.02, 200) * np.exp(np.maximum(0, AT - 130) / 60), Status.FAIL),
        (USUAL * np.where(AT < 187, 1, 500) * GONE, LEARNS * GONE, Status.FAIL),
        # a NaN without any growth has another reason
        (USUAL * GONE, LEARNS * GONE, Status.PASS),
        # healthy: heavy batches, first steps, a plateau that is left, slow growth
        (USUAL * np.where(AT % 61 == 60, 30, 1), LEARNS, Status.PASS),
        (np.where(AT < 8, 47.8, 2.0) * noise(0.2, 200), LEARNS, Status.PASS),
        (USUAL * np.exp(AT / 40), LEARNS, Status.PASS),
        (USUAL * (1 + AT / 80), 1.0 * noise(0.02, 200), Status.PASS),
        (1e-7 * USUAL, 1e-9 * LEARNS, Status.PASS),
    ],
)
def test_gradients_that_explode(norms, loss, expected) -> None:
    assert exploding(norms, loss) is expected


def test_an_explosion_within_the_first_steps() -> None:
    # measured on features a thousand times too large
    norms = [3.68e4, 2.2e9, 2.05e15, math.nan, math.nan, math.nan]
    losses = [3.2e3, 9.1e12, 4.4e23, math.nan, math.nan, math.nan]
    outcome = measured(exploding_gradient, a_run({"train_loss": losses, "grad_norm": norms}))
    assert isinstance(outcome, Measurement)
    assert outcome.values["norm_growth"] > 1e9
    assert "2.05e+15" in outcome.title
    assert outcome.title.endswith(f"from step {outcome.evidence[0].value:g} on")


def test_a_jump_that_the_loss_follows() -> None:
    loss, norms = LEARNS.copy(), USUAL.copy()
    norms[150] *= 60
    assert exploding(norms, loss) is Status.PASS
    loss[151:160] *= 2
    assert exploding(norms, loss) is Status.WARN
    outcome = measured(exploding_gradient, a_run({"train_loss": loss, "grad_norm": norms}))
    assert isinstance(outcome, Measurement)
    assert outcome.line == 152
    # the loss of the heavy batch itself is no sign
    own = LEARNS.copy()
    own[150] *= 5
    assert exploding(norms, own) is Status.PASS


def test_clipping() -> None:
    most = np.where(AT < 20, 1.0, 0.97)
    rises = 0.6 * noise(0.01, 200) * (1 + AT / 400)
    assert exploding(USUAL, rises, clipped_share=most) is Status.WARN
    assert exploding(USUAL, LEARNS, clipped_share=most) is Status.PASS
    run = a_run({"train_loss": STILL, "grad_norm": 50 * USUAL})
    assert status(exploding_gradient, run, a_config(gradient_clip_val=1.0)) is Status.WARN
    assert status(exploding_gradient, run, a_config(gradient_clip_val=20.0)) is Status.PASS
    learns = a_run({"train_loss": LEARNS, "grad_norm": 50 * USUAL})
    assert status(exploding_gradient, learns, a_config(max_grad_norm=1.0)) is Status.PASS


def holes(at: Sequence[int], what: float = math.nan) -> np.ndarray:
    norms = USUAL.copy()
    norms[list(at)] = what
    return norms


@pytest.mark.parametrize(
    ("norms", "loss", "expected"),
    [
        (holes(range(100, 200)), LEARNS, Status.FAIL),
        (holes(range(40, 200, 7)), LEARNS, Status.FAIL),
        (holes((50, 90, 91, 130, 131, 160)), LEARNS, Status.WARN),
        (holes((197, 198, 199), math.inf), LEARNS, Status.FAIL),
        # the scaler of mixed precision finds its height, and tries a higher one now and then
        (holes((0, 1, 2), math.inf), LEARNS, Status.PASS),
        (holes((60, 150), math.inf), LEARNS, Status.PASS),
        # first the loss, then the gradient
        (holes(range(120, 200)), LEARNS * np.where(AT >= 120, math.nan, 1), Status.PASS),
        # computed every tenth step, filled by the tool that wrote the table
        (holes([i for i in range(200) if i % 10 != 9]), LEARNS, Status.SKIP),
    ],
)
def test_norms_that_are_no_numbers(norms, loss, expected) -> None:
    run = a_run({"train_loss": loss, "grad_norm": norms})
    assert status(non_finite_gradient, run) is expected


def test_the_gradient_before_the_loss() -> None:
    lost = LEARNS * np.where(AT >= 125, math.nan, 1)
    run = a_run({"train_loss": lost, "grad_norm": holes(range(120, 200))})
    outcome = measured(non_finite_gradient, run)
    assert isinstance(outcome, Measurement)
    assert outcome.values["last_in_a_row"] == 5
    assert outcome.line == 122


def saw(length: int, power: float = 1.0, size: float = 0.05, count: int = 400) -> np.ndarray:
    return 0.3 * (np.arange(count) % length + 1) ** power * noise(size, count)


@pytest.mark.parametrize("length", [20, 50, 100])
@pytest.mark.parametrize("power", [0.6, 1.0])
def test_gradients_that_are_cleared_once_an_epoch(length: int, power: float) -> None:
    run = a_run({"train_loss": 1 + 0 * np.arange(400), "grad_norm": saw(length, power)})
    assert status(missing_zero_grad, run) is Status.FAIL
    outcome = measured(missing_zero_grad, run)
    assert isinstance(outcome, Measurement)
    assert {one.name: one.value for one in outcome.evidence}["length"] == length


@pytest.mark.parametrize("power", [0.55, 1.0])
def test_gradients_that_are_never_cleared(power: float) -> None:
    norms = 0.2 * (np.arange(400) + 1) ** power * noise(0.03, 400)
    assert status(missing_zero_grad, a_run({"grad_norm": norms})) is Status.FAIL


SMALL = np.arange(400)
NOT_ADDED = {
    "noise": 0.8 * noise(0.35, 400),
    "noise of a heavy tail": 0.8 * noise(0.9, 400),
    "slow growth": (1 + SMALL / 200) * noise(0.2, 400),
    "an output layer that begins at zero": (1 - np.exp(-SMALL / 15) + 0.02) * noise(0.1, 400),
    "without noise": 0.5 * np.exp(-SMALL / 100) + 0.1,
    "an escape from a plateau": 0.01 + 1 / (1 + np.exp(-(SMALL - 200) / 15)),
    "exploding": 0.3 * np.exp(SMALL / 60) * noise(0.02, 400),
    "a few records": saw(5)[:11],
}


@pytest.mark.parametrize("name", NOT_ADDED)
def test_norms_that_do_not_add_up(name: str) -> None:
    run = a_run({"grad_norm": NOT_ADDED[name]})
    assert status(missing_zero_grad, run) in (Status.PASS, Status.SKIP)


def test_teeth_that_are_meant() -> None:
    # small batches that are added up on purpose
    micro = a_run({"grad_norm": saw(16, 1.0, 0.02)})
    assert status(missing_zero_grad, micro) is Status.FAIL
    asked = a_config(gradient_accumulation_steps=16)
    assert status(missing_zero_grad, micro, asked) is Status.PASS
    # batches in the order of time, in epochs that all end in the same wild months
    wild = saw(50, 1.0, 0.02)
    ordered = a_run({"train_loss": 0.5 + 0.01 * wild, "grad_norm": wild})
    assert status(missing_zero_grad, ordered) is Status.PASS


def sawtooth(first: float, top: float, count: int = 200, every: int = 20) -> list[float]:
    """Halves down to its height, then doubles every 20 records and halves when too high."""
    scales, scale = [], first
    for at in range(count):
        if scale > top:
            scale /= 2
        elif at and at % every == 0:
            scale *= 2
        scales.append(scale)
    return scales


def halving(at: int, every: int, count: int = 200, first: float = 65536.0) -> list[float]:
    return [first * 2.0 ** -max(0, (i - at) // every) for i in range(count)]


@pytest.mark.parametrize(
    ("scales", "expected"),
    [
        (halving(60, 5), Status.FAIL),
        (halving(0, 8), Status.FAIL),
        (halving(150, 5), Status.FAIL),
        (halving(100, 18), Status.WARN),
        (sawtooth(65536.0, 2**15), Status.PASS),
        (sawtooth(2.0**32, 2**14), Status.PASS),
        (sawtooth(2.0**24, 2**11, count=30), Status.PASS),
        ([1.0] * 50, Status.PASS),
        ([128.0] * 50, Status.PASS),
        ([65536.0, 32768.0, 16384.0, 8192.0, *[8192.0] * 40], Status.PASS),
        ([65536.0] * 3, Status.SKIP),
    ],
)
def test_scales_of_mixed_precision(scales: Sequence[float], expected: Status) -> None:
    assert status(loss_scale_collapse, a_run({"loss_scale": scales}, every=50)) is expected


@pytest.mark.parametrize(
    ("each", "expected"), [(0, Status.PASS), (4, Status.WARN), (30, Status.FAIL)]
)
def test_steps_that_are_skipped(each: int, expected: Status) -> None:
    skipped = [3 + each * max(0, i - 100) for i in range(200)]
    run = a_run({"skipped_steps": skipped}, every=50)
    assert status(loss_scale_collapse, run) is expected
