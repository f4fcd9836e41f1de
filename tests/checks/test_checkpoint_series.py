"""Saves of one run against each other: sizes, weights and shapes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from checks.checkpoints.checkpoint_mismatch import checkpoint_mismatch
from checks.checkpoints.checkpoint_size_drop import checkpoint_size_drop
from ml_debugger.testing.plant import faults
from ml_debugger.testing.torch_file import torch_zip
from ml_debugger.testing.twins.checkpoints import safetensors_bytes
from tests.checks.folder_judging import found, judged, said

Arrays = dict[str, np.ndarray[Any, Any]]
HOUR = 3600.0


def model(hidden: int = 32, *, prefix: str = "", dtype: str = "f4") -> Arrays:
    rng = np.random.default_rng(hidden)
    shapes = {"body.weight": (hidden, 12), "body.bias": (hidden,), "head.weight": (1, hidden)}
    return {prefix + n: rng.normal(size=s).astype(dtype) for n, s in shapes.items()}


def save(file: Path, content: Mapping[str, Any], hour: float) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(torch_zip(content))
    os.utime(file, (1.7e9 + HOUR * hour,) * 2)


def saves(folder: Path, *contents: Mapping[str, Any], first: int = 1) -> Path:
    """Saves of consecutive epochs, an hour apart."""
    for number, content in enumerate(contents, start=first):
        save(folder / f"epoch={number:02d}.ckpt", content, number)
    return folder


@pytest.mark.parametrize("check", [checkpoint_size_drop, checkpoint_mismatch])
def test_the_planted_fault_and_the_twin(check: Any, twin: Path) -> None:
    assert said(check, twin) == "pass"
    faults()[check.name].plant(twin, np.random.default_rng(3))
    (result,) = found(judged(check, twin))
    assert "runs/tcn/checkpoints/tcn-epoch=" in str(result.path)


def with_optimizer(weights: Arrays, **more: Any) -> dict[str, Any]:
    state = {n: {"exp_avg": v, "exp_avg_sq": v} for n, v in enumerate(weights.values())}
    groups = [{"lr": 0.1, "params": list(range(len(weights)))}]
    return {"model": weights, "optimizer": {"state": state, "param_groups": groups}, **more}


FULL = with_optimizer(model(64))
BARE = {"model": model(64)}
LARGE = {"model": model(2000)}
FRESH = {"model": model(64), "optimizer": {"state": {}, "param_groups": [{"params": [0, 1, 2]}]}}
HALF = {"model": model(64, dtype="f2")}
BUFFER = [with_optimizer(model(64), replay=np.ones(2000 * n)) for n in range(1, 5)]


@pytest.mark.parametrize(
    ("contents", "status"),
    [
        ([BARE, BARE, BARE], "pass"),
        ([BARE, BARE, {"model": {"head.weight": model(64)["head.weight"]}}], "warn"),
        ([BARE, {"model": {"head.weight": model(64)["head.weight"]}}, BARE, BARE], "warn"),
        ([LARGE, LARGE, {"model": {"head.weight": model(64)["head.weight"]}}], "fail"),
        # other kinds: weights only beside full states, no state yet, half precision
        ([FULL, FULL, FULL, BARE], "pass"),
        ([FRESH, FULL, FULL, FULL], "pass"),
        ([BARE, BARE, BARE, HALF], "pass"),
        (BUFFER, "pass"),
        (BUFFER[::-1], "warn"),
        ([BARE, BARE], "skip"),
    ],
)
def test_sizes(contents: list[Any], status: str, tmp_path: Path) -> None:
    assert said(checkpoint_size_drop, saves(tmp_path, *contents)) == status


def test_sizes_of_a_model_zoo_are_not_compared(tmp_path: Path) -> None:
    for hour, layers in enumerate((152, 101, 50, 34, 18)):
        save(tmp_path / f"resnet{layers}.pth", model(layers * 8), hour)
    assert said(checkpoint_size_drop, tmp_path) == "skip"
    assert said(checkpoint_mismatch, tmp_path) == "skip"


def test_models_of_folds_may_differ(tmp_path: Path) -> None:
    for fold in range(4):
        save(tmp_path / f"fold-{fold}.pt", model(512 >> (2 * fold)), fold)
    assert said(checkpoint_size_drop, tmp_path) == "skip"
    assert said(checkpoint_mismatch, tmp_path) == "skip"


def without(weights: Arrays, name: str) -> Arrays:
    return {n: v for n, v in weights.items() if n != name}


TIED = {"emb": np.ones((9, 4), "f4"), "mid.weight": np.eye(4, dtype="f4"),
        "out.weight": np.ones((9, 4), "f4")}  # fmt: skip
ADAPTER = {"body.lora_A.weight": np.ones((2, 12), "f4")}


@pytest.mark.parametrize(
    ("contents", "status"),
    [
        ([model(), model(), model()], "pass"),
        ([model(), model(16), model()], "fail"),
        ([model(), without(model(), "body.bias"), model()], "fail"),
        ([model(), model(), model(16), model(16)], "warn"),
        ([model(), model(), model(16)], "warn"),
        # wrappers, tied weights, averaged copies, optimizer states, buffers, adapters
        ([model(), model(prefix="module."), model(prefix="module._orig_mod.")], "pass"),
        ([{"state_dict": model()}, model()], "pass"),
        ([TIED, without(TIED, "out.weight"), TIED], "pass"),
        ([model(), {**model(), **model(16, prefix="ema.")}], "pass"),
        ([{"model": model()}, with_optimizer(model())], "pass"),
        ([model(), {**model(), "mask": np.ones((9, 9), "f4")}], "pass"),
        ([model(), ADAPTER, model()], "pass"),
        ([model(), model(dtype="f2"), model()], "pass"),
        ([model()], "skip"),
    ],
)
def test_names_and_shapes(contents: list[Any], status: str, tmp_path: Path) -> None:
    results = [r for r in judged(checkpoint_mismatch, saves(tmp_path, *contents))
               if "*" in r.subject]  # fmt: skip
    assert [str(r.status) for r in results] == ([status] if len(contents) > 1 else [])


def test_another_run_that_starts_anew_may_be_built_otherwise(tmp_path: Path) -> None:
    saves(tmp_path, model(), model(), model(), model())
    for epoch in (1, 2):
        save(tmp_path / f"epoch={epoch:02d}.ckpt", model(16), 30 + epoch)
    assert said(checkpoint_mismatch, tmp_path) == "pass"
    save(tmp_path / "epoch=02.ckpt", model(8), 32)
    assert said(checkpoint_mismatch, tmp_path) == "warn"


def test_the_difference_is_told(tmp_path: Path) -> None:
    (result,) = found(judged(checkpoint_mismatch, saves(tmp_path, model(), model(16), model())))
    assert result.title == "epoch=02.ckpt: 3 weights differ from its siblings"
    assert "body.weight: [16, 12] for [32, 12]" in [e.value for e in result.evidence]
    assert str(result.path).endswith("epoch=02.ckpt")


def lstm(hidden: int = 8, layers: int = 2, *, gates: int = 4) -> Arrays:
    state: Arrays = {}
    for layer in range(layers):
        inputs = 12 if layer == 0 else hidden
        state[f"lstm.weight_ih_l{layer}"] = np.ones((gates * hidden, inputs), "f4")
        state[f"lstm.weight_hh_l{layer}"] = np.ones((gates * hidden, hidden), "f4")
    return state


CONFIG = "model: lstm\nlr: 0.001\nepochs: 3\n"


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ("hidden_size: 8\nnum_layers: 2\n", "pass"),
        ("hidden_size: 16\nnum_layers: 2\n", "fail"),
        ("num_layers: 3\n", "fail"),
        ("encoder:\n  hidden_size: 8\nhead:\n  hidden_size: 99\n", "skip"),
        ("hidden_size: true\n", "skip"),
        ("", "skip"),
    ],
)
@pytest.mark.parametrize("gates", [3, 4])
def test_the_configured_sizes(
    settings: str, status: str, gates: int, tmp_path: Path, write: Callable[[str, str], Path]
) -> None:
    save(tmp_path / "run/checkpoints/epoch=1.ckpt", lstm(gates=gates), 1)
    write("run/hparams.yaml", CONFIG + settings)
    assert said(checkpoint_mismatch, tmp_path) == status


def test_one_configuration_for_two_runs_is_that_of_none(
    tmp_path: Path, write: Callable[[str, str], Path]
) -> None:
    for run in "ab":
        save(tmp_path / f"runs/{run}/checkpoints/epoch=1.ckpt", lstm(), 1)
    write("runs/hparams.yaml", CONFIG + "hidden_size: 16\n")
    assert said(checkpoint_mismatch, tmp_path) == "skip"


def test_missing_shards_are_named(tmp_path: Path) -> None:
    for shard in (1, 3):
        file = tmp_path / f"model-{shard:05d}-of-00003.safetensors"
        file.write_bytes(safetensors_bytes({f"l{shard}.weight": np.ones((2, 2))}))
    (result,) = found(judged(checkpoint_mismatch, tmp_path))
    assert "1 of the files of" in result.title
    assert any("model-00002-of-00003" in str(e.value) for e in result.evidence)
    (tmp_path / "model-00002-of-00003.safetensors").write_bytes(file.read_bytes())
    assert said(checkpoint_mismatch, tmp_path) == "pass"
