"""Rotation judges each fold by itself, and by the losses that the files hold."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ml_debugger.contract import Result, Status
from ml_debugger.remedies.rotate_checkpoints import plan
from ml_debugger.testing.torch_file import torch_zip


def finding(folder: str, pattern: str) -> Result:
    return Result(
        "CKP005", "checkpoint-flood", "infrastructure", Status.FAIL, f"{folder}/{pattern}", "t",
        folder,
    )  # fmt: skip


def save(file: Path, epoch: int, loss: float) -> None:
    file.parent.mkdir(exist_ok=True)
    state = {
        "epoch": epoch,
        "val_loss": np.array(loss, "f4"),
        "model": {"w": np.ones((4, 4), "f4")},
    }
    file.write_bytes(torch_zip(state))
    os.utime(file, (1e9 + epoch, 1e9 + epoch))


def test_the_losses_inside_the_files_decide(tmp_path: Path) -> None:
    for epoch, loss in enumerate((0.5, 0.1, 0.4, 0.2, 0.3, 0.6)):
        save(tmp_path / "run" / f"epoch_{epoch}.pt", epoch, loss)
    made = plan(tmp_path, [finding("run", "epoch_*.pt")])
    assert sorted(step.path.stem for step in made.steps) == ["epoch_0", "epoch_2"]
    assert "validation loss 0.4" in {step.path.stem: step.why for step in made.steps}["epoch_2"]


def test_every_fold_keeps_its_own_three(tmp_path: Path) -> None:
    for fold in range(3):
        for epoch in range(5):
            save(tmp_path / "run" / f"fold{fold}_epoch{epoch}.pt", epoch, fold + 0.1 * epoch)
    made = plan(tmp_path, [finding("run", "fold*_epoch*.pt")])
    assert sorted(step.path.stem for step in made.steps) == [f"fold{n}_epoch3" for n in range(3)]


def test_one_model_of_each_fold_stays(tmp_path: Path) -> None:
    for fold in range(8):
        save(tmp_path / "run" / f"fold-{fold}.pt", 1, 0.1 * fold)
    made = plan(tmp_path, [finding("run", "fold-*.pt")])
    assert made.steps == ()
    assert made.obstacle is not None
