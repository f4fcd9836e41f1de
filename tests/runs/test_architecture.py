"""What names and shapes of stored tensors tell of a model."""

from __future__ import annotations

import pytest

from ml_debugger.artifacts import Checkpoint, Tensor
from ml_debugger.runs.architecture import (
    input_widths,
    normalises_inputs,
    plain_name,
    shapes,
    stated_sizes,
)
from ml_debugger.runs.saves import are_saves_of_one_run, by_part, places

Shape = tuple[int, ...]


def holding(tensors: dict[str, Shape], **more: object) -> Checkpoint:
    held = tuple(Tensor(name, "float32", shape) for name, shape in tensors.items())
    return Checkpoint("m.pt", "m.pt", "torch-zip", 9, 0.0, tensors=held, **more)  # type: ignore[arg-type]


def named(*names: str, **more: object) -> list[Checkpoint]:
    return [Checkpoint(n, f"r/{n}", "torch-zip", 9, 0.0, **more) for n in names]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("head.weight", "head.weight"),
        ("module.head.weight", "head.weight"),
        ("state_dict._orig_mod.head.weight", "head.weight"),
        ("model.module.head.weight", "head.weight"),
        ("model.weight", "model.weight"),
        ("generator.net.weight", "generator.net.weight"),
    ],
)
def test_names_without_wrappers(name: str, plain: str) -> None:
    assert plain_name(name) == plain


def test_averaged_copies_and_optimizers_are_no_part_of_the_architecture() -> None:
    checkpoint = holding({
        "model.a.weight": (3, 2), "ema.a.weight": (3, 2), "model_ema.b.weight": (3, 2),
        "optimizer.state.0.exp_avg": (3, 2), "model.running_mean": (3,),
    })  # fmt: skip
    assert shapes(checkpoint) == {"a.weight": (3, 2)}


@pytest.mark.parametrize(
    ("tensors", "widths"),
    [
        ({"rnn.weight_ih_l0": (32, 12), "rnn.weight_hh_l0": (32, 8)}, (12,)),
        ({"a.weight_ih_l0": (32, 12), "b.weight_ih_l0": (32, 5)}, (5, 12)),
        ({"0.weight": (64, 240), "2.weight": (1, 64)}, (240,)),
        ({"conv.weight": (16, 12, 3)}, (12,)),
        ({"conv.weight": (16, 1, 3)}, ()),
        ({"conv.weight": (16, 3, 3, 3)}, ()),
        ({"dense/kernel:0": (12, 64)}, (12,)),
        ({"lstm/kernel:0": (12, 64), "lstm/recurrent_kernel:0": (16, 64)}, (12,)),
        ({"embedding.weight": (500, 8), "rnn.weight_ih_l0": (32, 20)}, ()),
        ({"proj.weight": (32, 7), "rnn.weight_ih_l0": (32, 32)}, ()),
        ({}, ()),
    ],
)
def test_how_many_inputs_a_model_takes(tensors: dict[str, Shape], widths: Shape) -> None:
    assert input_widths(holding(tensors)) == widths


@pytest.mark.parametrize(
    ("tensors", "details", "itself"),
    [
        ({"bn.weight": (12,), "bn.running_mean": (12,), "fc.weight": (4, 12)}, {}, True),
        ({"fc.weight": (4, 12), "bn.running_mean": (4,)}, {}, False),
        ({"x_mean": (12,), "fc.weight": (4, 12)}, {}, True),
        ({"fc.weight": (4, 12)}, {"keys": "model\nmean\nstd"}, True),
        ({"fc.weight": (4, 12)}, {"globals": "sklearn.preprocessing._data.StandardScaler"}, True),
        ({"fc.weight": (4, 12)}, {"keys": "model\nepoch"}, False),
    ],
)
def test_models_that_scale_their_inputs(
    tensors: dict[str, Shape], details: dict[str, str], itself: bool
) -> None:
    assert normalises_inputs(holding(tensors, details=details)) is itself


def test_sizes_that_layers_state() -> None:
    lstm = holding({f"lstm.weight_hh_l{n}": (32, 8) for n in range(3)})
    assert {name: size for name, size, _ in stated_sizes(lstm)} == {"hidden": 8, "layers": 3}
    attention = holding({"a.in_proj_weight": (48, 16), "b.in_proj_weight": (48, 16)})
    assert {name: size for name, size, _ in stated_sizes(attention)} == {"model": 16}
    two = holding({"a.weight_hh_l0": (32, 8), "b.weight_hh_l0": (64, 16)})
    assert not list(stated_sizes(two))
    projected = holding({"lstm.weight_hh_l0": (32, 4), "lstm.weight_hr_l0": (4, 8)})
    assert "hidden" not in {name for name, _, _ in stated_sizes(projected)}


@pytest.mark.parametrize(
    ("names", "one_run", "parts"),
    [
        (["model_1.pt", "model_2.pt", "model_3.pt"], True, [""]),
        (["G_1000.pth", "G_2000.pth"], True, [""]),
        (["resnet18.pth", "resnet34.pth", "resnet50.pth"], False, [""]),
        (["600000.pkl", "600004.pkl", "600519.pkl"], False, [""]),
        (["fold-0.ubj", "fold-1.ubj"], True, ["fold-0", "fold-1"]),
        (["lstm_seed1_fold2.pt", "lstm_seed2_fold2.pt"], False, ["seed1 fold2", "seed2 fold2"]),
    ],
)
def test_which_files_are_saves_of_one_run(
    names: list[str], one_run: bool, parts: list[str]
) -> None:
    members = named(*names)
    assert are_saves_of_one_run(members) is one_run
    assert list(by_part(members)) == parts


def test_how_far_the_training_was() -> None:
    assert places(named("model_2.pt", "model_10.pt", "model_6.pt")) == [2, 10, 6]
    assert places(named("a.pt", "b.pt")) is None
    saved = [*named("a.pt", step=30), *named("b.pt", step=10)]
    assert places(saved) == [30, 10]
