"""Checkpoints that belong to one run are grouped; others are not."""

from __future__ import annotations

import pytest

from ml_debugger.artifacts import Checkpoint, CheckpointEntry, CheckpointIndex
from ml_debugger.workspace.series import indexed, series


def saved(path: str, modified: float = 0.0, kind: str = "torch-zip", size: int = 100) -> Checkpoint:
    return Checkpoint(subject=path, path=path, format=kind, size=size, modified=modified)


@pytest.mark.parametrize(
    "names",
    [
        ("epoch=03-val_loss=0.123.ckpt", "epoch=14-val_loss=1.2.ckpt"),
        ("step_1000.pt", "step_2000.pt", "step_20000.pt"),
        ("checkpoint-500/model.safetensors", "checkpoint-1000/model.safetensors"),
        ("global_step10/weights.bin", "global_step200/weights.bin"),
    ],
)
def test_names_that_differ_in_numbers_form_one_series(names: tuple[str, ...]) -> None:
    (found,) = series([saved(f"runs/a/{name}") for name in names])
    assert len(found.members) == len(names)
    assert found.path == "runs/a"


def test_members_stand_in_order_of_time() -> None:
    (found,) = series([saved("r/e_1.pt", 30), saved("r/e_2.pt", 10), saved("r/e_3.pt", 20)])
    assert [member.path for member in found.members] == ["r/e_2.pt", "r/e_3.pt", "r/e_1.pt"]
    assert found.total_bytes == 300


def test_one_best_checkpoint_in_each_run_is_no_series() -> None:
    assert series([saved(f"sweep/run_{n}/best.pt") for n in range(50)]) == []


def test_other_names_and_folders_stay_apart() -> None:
    files = ("a/epoch_1.pt", "a/last.pt", "b/epoch_2.pt", "a/model.onnx")
    assert series([saved(file) for file in files]) == []


def test_arrays_and_tables_are_no_checkpoints() -> None:
    arrays = [saved(f"data/part_{n}.npy", kind="npy") for n in range(9)]
    assert series([*arrays, *(saved(f"data/day_{n}.h5", kind="hdf5") for n in range(9))]) == []


def test_shards_of_one_save_count_once() -> None:
    shards = [
        saved(f"r/checkpoint-{step}/model-0000{part}-of-00002.safetensors", size=10)
        for step in (500, 1000, 1500)
        for part in (1, 2)
    ]
    (found,) = series(shards)
    assert [member.size for member in found.members] == [20, 20, 20]


def test_an_index_tells_rotation_step_and_loss() -> None:
    index = CheckpointIndex(
        "r/checkpoints.json",
        "r/checkpoints.json",
        (CheckpointEntry("m-1.ubj", 40, 0.5), CheckpointEntry("gone.ubj", 1, 0.1)),
        keep=3,
    )
    files = indexed([saved("r/m-1.ubj"), saved("r/m-2.ubj"), saved("other/m-1.ubj")], [index])
    assert [(f.step, f.val_loss) for f in files] == [(40, 0.5), (None, None), (None, None)]
    (found,) = series(files, [index], lambda folder: 77 if folder == "r" else None)
    assert (found.rotation, found.free_bytes) == (3, 77)
