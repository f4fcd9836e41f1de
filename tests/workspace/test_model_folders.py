"""Which models lie together, and what belongs to them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ml_debugger.artifacts import Checkpoint
from ml_debugger.artifacts.model_folder import ModelFolder, SaveLeftover
from ml_debugger.testing.twins.checkpoints import safetensors_bytes
from ml_debugger.workspace.assembly import assemble
from ml_debugger.workspace.configuration import load
from ml_debugger.workspace.open_files import open_files
from ml_debugger.workspace.save_leftovers import is_save_leftover

LOG = "epoch,loss,val_loss\n0,0.5,0.6\n1,0.4,0.5\n2,0.3,0.4\n"
SETTINGS = "lr: 0.1\nepochs: 3\nmodel: mlp\n"
SCALER = '{"mean_": [0.1, 0.2], "scale_": [1.0, 2.0], "feature_names": ["a", "b"]}'
MODEL = safetensors_bytes({"w": np.ones((2, 2))})


def folders(root: Path, *paths: Path) -> dict[str, ModelFolder]:
    artifacts = assemble([*paths] or [root], load(root), configured=False).artifacts
    found = [a for a in artifacts if isinstance(a, ModelFolder)]
    return {str(one.path).removeprefix(f"{root}").strip("/"): one for one in found}


def test_what_belongs_to_the_models_of_a_run(write, tmp_path) -> None:
    for run in ("a", "b"):
        write(f"runs/{run}/checkpoints/best.safetensors", MODEL)
        write(f"runs/{run}/metrics.csv", LOG)
        write(f"runs/{run}/hparams.yaml", SETTINGS)
    write("runs/a/scaler.json", SCALER)
    found = folders(tmp_path)
    assert list(found) == ["runs/a/checkpoints", "runs/b/checkpoints"]
    one, other = found.values()
    assert [len(held) for held in (one.checkpoints, one.runs, one.configurations)] == [1, 1, 1]
    assert [Path(str(s.path)).name for s in one.scalers] == ["scaler.json"]
    assert (other.scalers, len(other.scaled_beside)) == ((), 1)
    assert one.whole


def test_saves_in_folders_of_their_own_are_one_folder_of_models(write, tmp_path) -> None:
    for step in (500, 1000):
        write(f"run/checkpoint-{step}/model.safetensors", MODEL)
    (found,) = folders(tmp_path).values()
    assert len(found.checkpoints) == 2


def test_what_two_folders_of_models_share_is_that_of_neither(write, tmp_path) -> None:
    write("run/best/a.safetensors", MODEL)
    write("run/checkpoints/b.safetensors", MODEL)
    write("run/metrics.csv", LOG)
    assert [one.runs for one in folders(tmp_path).values()] == [(), ()]


def test_a_file_named_alone_is_no_whole_folder(write, tmp_path) -> None:
    file = write("models/a.safetensors", MODEL)
    write("models/b.safetensors", MODEL)
    (found,) = folders(tmp_path, file).values()
    assert not found.whole


def test_leftovers_are_no_checkpoints(write, tmp_path) -> None:
    write("run/a.safetensors", MODEL)
    left = write("run/a.safetensors.tmp", MODEL[:-3])
    artifacts = assemble([tmp_path], load(tmp_path), configured=False).artifacts
    models = [a for a in artifacts if isinstance(a, Checkpoint)]
    assert [Path(str(model.path)).name for model in models] == ["a.safetensors"]
    (found,) = [a for a in artifacts if isinstance(a, SaveLeftover)]
    assert "missing" in str(found.problem)
    # who names it wants to know what it is
    named = assemble([left], load(tmp_path), configured=False).artifacts
    assert [a.path for a in named if isinstance(a, Checkpoint)] == [str(left)]


def test_names_of_unfinished_saves() -> None:
    for name in ("a.pt.tmp", "a.ckpt.tmp.1234", "a.safetensors.part", "a.h5.incomplete"):
        assert is_save_leftover(name, among_models=False), name
    for name in ("tmpab12cd34", ".a.pt.Xy12Ab"):
        assert is_save_leftover(name, among_models=True), name
    for name in ("a.pt", "a.pt.bak", "a.pt~", ".a.pt.swp", "core.123", "prices.parquet.tmp"):
        assert not is_save_leftover(name, among_models=False), name


def test_open_files_are_told_with_their_process(tmp_path) -> None:
    file = tmp_path / "a.pt.tmp"
    file.touch()
    descriptors = tmp_path / "proc" / "42" / "fd"
    descriptors.mkdir(parents=True)
    (descriptors / "3").symlink_to(file)
    (tmp_path / "proc" / "43").mkdir()
    assert open_files(tmp_path / "proc") == {str(file): "process 42"}
