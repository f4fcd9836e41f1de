"""Checks of stored weights: they fire on planted faults and stay silent on healthy models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from checks.gradients.dead_units import dead_units
from checks.gradients.frozen_parameters import frozen_parameters
from checks.weights.non_finite_weights import non_finite_weights
from checks.weights.uninitialised_or_constant_weights import uninitialised_or_constant_weights
from checks.weights.weight_blow_up import weight_blow_up
from ml_debugger.artifacts import Checkpoint, CheckpointSeries, Curve, Tensor, TrainingRun
from ml_debugger.contract import Check, Measurement, NotMeasured, Status
from ml_debugger.readers.checkpoints.element_types import element_type
from ml_debugger.readers.checkpoints.tally import Tally
from ml_debugger.testing.plant import faults
from ml_debugger.testing.torch_file import torch_zip
from ml_debugger.testing.twins import weights as twin_of_weights
from tests.checks.model_judging import measured, read, read_series, status

CHECKS = {
    check.name: check
    for check in (non_finite_weights, weight_blow_up, uninitialised_or_constant_weights,
                  frozen_parameters, dead_units)
}  # fmt: skip
RNG = np.random.default_rng(5)


def matrix(*shape: int, scale: float = 1.0) -> np.ndarray:
    return (scale * RNG.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


def checkpoint(
    tensors: dict[str, np.ndarray],
    step: int | None = None,
    optimised: frozenset[str] | None = None,
    path: str = "run/last.ckpt",
) -> Checkpoint:
    figures = {}
    for name, values in tensors.items():
        kind = element_type(str(values.dtype))
        assert kind is not None
        tally = Tally(kind, str(values.dtype), values.shape)
        tally.feed(np.frombuffer(values.tobytes(), dtype=np.uint8))
        figures[name] = tally.figures()
    listed = tuple(Tensor(n, str(v.dtype), v.shape) for n, v in tensors.items())
    return Checkpoint(path, path, "torch-zip", 1, 0.0, tensors=listed, step=step,
                      figures=figures, optimised=optimised)  # fmt: skip


def saves(*states: dict[str, np.ndarray]) -> tuple[Checkpoint, CheckpointSeries]:
    members = tuple(
        checkpoint(state, step=100 * n, path=f"run/step_{100 * n}.ckpt")
        for n, state in enumerate(states, start=1)
    )
    return members[-1], CheckpointSeries("run/step_*.ckpt", "run", members)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    twin_of_weights.write(tmp_path, np.random.default_rng(3))
    return tmp_path


@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("seed", range(3))
def test_planted_faults_are_found_and_nothing_else(name: str, seed: int, run: Path) -> None:
    assert faults()[name].plant(run, np.random.default_rng(seed))
    one = read_series(run)
    found = {n for n, check in CHECKS.items() if status(check, one.members[-1], one).is_finding}
    assert found == {name}


@pytest.mark.parametrize("check", CHECKS.values(), ids=list(CHECKS))
def test_the_twin_passes(check: Check, run: Path) -> None:
    one = read_series(run)
    assert {status(check, member, one) for member in one.members} == {Status.PASS}


def test_the_first_bad_checkpoint_is_named(run: Path) -> None:
    faults()["non-finite-weights"].plant(run, np.random.default_rng(0))
    one = read_series(run)
    outcome = measured(non_finite_weights, one.members[-1], one)
    assert isinstance(outcome, Measurement)
    statuses = [status(non_finite_weights, member, one) for member in one.members]
    first = one.members[statuses.index(Status.FAIL)]
    assert {e.name: e.value for e in outcome.evidence}["first_bad"] == first.subject
    assert "3 of 12 weights" in outcome.title


NAN = np.full((4, 4), np.nan, dtype=np.float32)
MASK = np.triu(np.full((6, 6), -np.inf, dtype=np.float32), 1)


@pytest.mark.parametrize(
    ("tensors", "expected"),
    [
        ({"a.weight": NAN}, Status.FAIL),
        ({"bn.running_var": NAN[0], "a.weight": matrix(4, 4)}, Status.FAIL),
        ({"optimizer.state.0.exp_avg": NAN, "a.weight": matrix(4, 4)}, Status.FAIL),
        ({"encoder/kernel:0": NAN}, Status.FAIL),
        ({"a.weight": matrix(4, 4), "attn_mask": MASK}, Status.PASS),
        ({"a.weight": matrix(4, 4), "attn.bias": MASK}, Status.PASS),
        ({"a.weight": matrix(4, 4), "attn.masked_bias": np.array([-np.inf], "f4")}, Status.PASS),
        ({"a.weight": matrix(4, 4), "observer.min_val": np.array([np.inf], "f4")}, Status.PASS),
        ({"a.weight": matrix(4, 4), "callbacks.best_score": np.array([np.inf], "f4")}, Status.PASS),
        ({"tokens": np.arange(9)}, Status.SKIP),
    ],
)
def test_what_must_be_finite(tensors: dict[str, np.ndarray], expected: Status) -> None:
    assert status(non_finite_weights, checkpoint(tensors)) is expected


def test_growth_is_judged_against_the_start_and_the_initial_scale() -> None:
    def states(*factors: float) -> list[dict[str, np.ndarray]]:
        base = matrix(16, 64)
        return [{"a.weight": base * np.float32(f), "b.weight": matrix(4, 16)} for f in factors]

    for factors, expected in (
        ((1, 10, 100, 1000), Status.FAIL),
        ((1, 4, 12, 40), Status.WARN),
        ((1, 2, 3, 4), Status.PASS),
        # a layer that starts at zero grows without measure, and rightly
        ((0.001, 0.1, 0.5, 1), Status.PASS),
        # grown once, and steady since
        ((1, 50, 50, 50), Status.PASS),
    ):
        last, one = saves(*states(*factors))
        assert status(weight_blow_up, last, one) is expected, factors
        assert status(weight_blow_up, one.members[0], one) is Status.PASS


@pytest.mark.parametrize(
    ("tensors", "expected"),
    [
        ({"a.weight": matrix(8, 32, scale=300)}, Status.WARN),
        ({"a.weight": matrix(8, 32, scale=3000)}, Status.FAIL),
        ({"a.weight": matrix(8, 32, scale=12)}, Status.PASS),
        ({"embeddings.weight": matrix(50, 8, scale=900), "a.weight": matrix(8, 8)}, Status.PASS),
        ({"logit_scale": np.array([4.6e3], "f4"), "a.weight": matrix(8, 8)}, Status.PASS),
        ({"norm.weight": np.full(8, 900, "f4"), "a.weight": matrix(8, 8)}, Status.PASS),
        ({"optimizer.state.0.exp_avg": matrix(8, 8, scale=1e6), "a.weight": matrix(8, 8)},
         Status.PASS),
    ],
)  # fmt: skip
def test_absolute_size(tensors: dict[str, np.ndarray], expected: Status) -> None:
    assert status(weight_blow_up, checkpoint(tensors)) is expected


@pytest.mark.parametrize(
    ("shape", "variance", "expected"),
    [
        ((16, 12, 3), 9e4, Status.WARN),
        ((16, 12, 3), 40.0, Status.PASS),
        # images of 0 to 255 are normalised by the first layer itself
        ((16, 3, 3, 3), 9e4, Status.PASS),
    ],
)
def test_statistics_of_unscaled_inputs(shape, variance, expected) -> None:
    tensors = {"conv.0.weight": matrix(*shape), "conv.1.running_var": np.full(16, variance, "f4")}
    assert status(weight_blow_up, checkpoint(tensors)) is expected


ZERO, SAME = np.zeros((8, 8), "f4"), np.full((8, 8), 0.2, "f4")


@pytest.mark.parametrize(
    ("tensors", "step", "expected"),
    [
        ({"a.weight": ZERO, "b.weight": matrix(8, 8)}, None, Status.FAIL),
        ({"a.weight": SAME, "b.weight": matrix(8, 8)}, 0, Status.FAIL),
        ({"a.weight": matrix(8, 8), "head.weight": ZERO}, 0, Status.PASS),
        ({"a.weight": matrix(8, 8), "head.weight": ZERO}, None, Status.PASS),
        ({"a.weight": matrix(8, 8), "head.weight": ZERO}, 5000, Status.FAIL),
        ({"q.lora_B.weight": ZERO, "q.lora_A.weight": matrix(8, 8)}, 0, Status.PASS),
        ({"a.weight": np.full((8, 8), 1e-38, "f4"), "b.weight": matrix(8, 8)}, 9, Status.FAIL),
        ({"a.weight": matrix(8, 8), "a.bias": np.zeros(8, "f4"), "n.weight": np.ones(8, "f4")},
         9, Status.PASS),
        ({"a.weight": ZERO, "a.weight_mask": ZERO, "b.weight": matrix(8, 8)}, 9, Status.PASS),
        ({"a.weight": SAME, "b.weight": SAME, "n.weight": SAME[0]}, None, Status.SKIP),
        ({"attn_mask": np.ones((8, 8), "f4"), "a.weight": matrix(8, 8)}, 9, Status.PASS),
    ],
)  # fmt: skip
def test_constant_weights(tensors, step, expected) -> None:
    assert status(uninitialised_or_constant_weights, checkpoint(tensors, step)) is expected


LAYERS = ("embed.weight", "enc.0.weight", "enc.1.weight", "enc.2.weight", "head.weight")


@pytest.mark.parametrize(
    ("still", "expected"),
    [
        (("enc.1.weight",), Status.WARN),
        (("head.weight",), Status.WARN),
        ((), Status.PASS),
        # fine-tuning: everything up to one place is held
        (("embed.weight", "enc.0.weight"), Status.PASS),
        (("embed.weight", "enc.0.weight", "enc.1.weight", "enc.2.weight"), Status.PASS),
        (LAYERS, Status.SKIP),
    ],
)
def test_what_stands_still_among_what_moves(still: tuple[str, ...], expected: Status) -> None:
    first = {name: matrix(8, 8) for name in LAYERS}
    later = {n: v if n in still else v + np.float32(0.01) for n, v in first.items()}
    last, one = saves(first, later)
    assert status(frozen_parameters, last, one) is expected
    known = checkpoint(later, optimised=frozenset(set(LAYERS) - set(still)))
    assert status(frozen_parameters, known) is expected


def test_a_layer_with_a_state_that_never_moved_fails() -> None:
    first = {name: matrix(8, 8) for name in LAYERS}
    later = {n: v if n == "enc.1.weight" else v + np.float32(0.01) for n, v in first.items()}
    members = [checkpoint(first, 1, path="r/1.pt"),
               checkpoint(later, 2, frozenset(LAYERS), path="r/2.pt")]  # fmt: skip
    one = CheckpointSeries("r", "r", tuple(members))
    assert status(frozen_parameters, members[1], one) is Status.FAIL
    same_step = CheckpointSeries("r", "r", (checkpoint(first, 2, path="r/1.pt"), members[1]))
    assert status(frozen_parameters, members[1], same_step) is Status.PASS


def test_the_first_layers_stand_still_though_the_optimizer_stepped_for_them() -> None:
    first = {name: matrix(8, 8) for name in LAYERS}
    held = LAYERS[:3]
    later = {n: v if n in held else v + np.float32(0.01) for n, v in first.items()}
    for optimised, expected in ((LAYERS, Status.WARN), (LAYERS[3:], Status.PASS)):
        members = (checkpoint(first, 1, path="r/1.pt"),
                   checkpoint(later, 2, frozenset(optimised), path="r/2.pt"))  # fmt: skip
        one = CheckpointSeries("r", "r", members)
        assert status(frozen_parameters, members[1], one) is expected


def test_adapters_beside_frozen_weights_are_meant() -> None:
    first = {f"l{n}.{part}.weight": matrix(8, 8) for n in range(4) for part in ("q", "lora_A")}
    later = {n: v + np.float32(0.1) if "lora" in n else v for n, v in first.items()}
    last, one = saves(first, later)
    assert status(frozen_parameters, last, one) is Status.PASS


def dead(rows: int, layers: int = 4, which: tuple[int, ...] = (1,)) -> Checkpoint:
    tensors = {f"l{n}.weight": matrix(20, 20) for n in range(layers)}
    for n in which:
        tensors[f"l{n}.weight"][:rows] = 0
    return checkpoint(tensors)


@pytest.mark.parametrize(
    ("rows", "expected"), [(19, Status.FAIL), (13, Status.WARN), (8, Status.PASS)]
)
def test_zero_rows(rows: int, expected: Status) -> None:
    assert status(dead_units, dead(rows)) is expected


def test_batch_normalisation_behind_a_residual_branch_that_starts_at_zero() -> None:
    tensors = {"fc.weight": matrix(16, 32, scale=1e-4), "bn.running_var": np.full(16, 2.0, "f4")}
    assert status(weight_blow_up, checkpoint(tensors)) is Status.PASS


def test_pruning_may_empty_a_whole_matrix() -> None:
    tensors = {f"l{n}.weight": matrix(20, 20) for n in range(4)}
    for values in tensors.values():
        values[RNG.random(values.shape) < 0.9] = 0
    tensors["head.weight"] = np.zeros((1, 20), "f4")
    pruned = checkpoint(tensors, 5000)
    assert status(uninitialised_or_constant_weights, pruned) is Status.PASS


def test_pruned_models_are_not_judged() -> None:
    assert status(dead_units, dead(15, which=(0, 1, 2, 3))) is Status.SKIP
    sparse = {f"l{n}.weight": matrix(20, 20) for n in range(4)}
    for values in sparse.values():
        values[RNG.random(values.shape) < 0.5] = 0
    sparse["l1.weight"][:15] = 0
    assert status(dead_units, checkpoint(sparse)) is Status.SKIP


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.1, 0.3, 0.6, 0.95, 0.97, 0.97], Status.FAIL),
        ([10, 30, 60, 70, 71, 72], Status.WARN),
        ([0.1, 0.2, 0.3, 0.3, 0.3], Status.PASS),
        ([0.1, 0.1, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], Status.PASS),
    ],
)
def test_the_logged_share_of_dead_units(values: list[float], expected: Status) -> None:
    count = range(len(values))
    curve = Curve("dead_share/conv1", "dead/conv1", list(count), values, [n + 1 for n in count])
    run = TrainingRun("r", "r", "csv", "epoch", {"dead_share/conv1": curve})
    assert status(dead_units, run) is expected
    empty = TrainingRun("r", "r", "csv", "epoch", {})
    assert isinstance(measured(dead_units, empty), NotMeasured)


def test_a_file_is_judged_as_it_is_read(tmp_path: Path) -> None:
    state = {"model": {"a.weight": NAN, "b.weight": matrix(4, 4)}}
    (tmp_path / "model.pt").write_bytes(torch_zip(state))
    (one,) = read(tmp_path / "model.pt")
    assert status(non_finite_weights, one) is Status.FAIL
