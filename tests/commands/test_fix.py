"""`diagnostic fix` as its user meets it: plan, apply, judge again, undo, purge."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.commands.conftest import Diagnostic
from tests.remedies.safetensors_file import write_safetensors

SAVES = 70


@pytest.fixture
def flooded(tmp_path: Path, diagnostic: Diagnostic) -> Path:
    """A workspace with a run that kept 70 checkpoints, a day ago."""
    workspace = tmp_path / "work"
    (workspace / "run").mkdir(parents=True)
    for epoch in range(SAVES):
        file = (
            workspace
            / "run"
            / f"epoch={epoch}-val_loss={0.5 + abs(epoch - 40) / 100:.3f}.safetensors"
        )
        weights = np.random.default_rng(epoch).normal(size=(16, 16))
        write_safetensors(file, {"linear.weight": weights})
        os.utime(file, (1.7e9 + epoch, 1.7e9 + epoch))
    assert diagnostic("init", cwd=workspace).code == 0
    return workspace


def saves(workspace: Path) -> list[str]:
    """What lies in the folder of the run."""
    return sorted(file.name for file in (workspace / "run").iterdir())


def test_a_plan_changes_nothing(flooded: Path, diagnostic: Diagnostic) -> None:
    before = saves(flooded)
    ended = diagnostic("fix", "checkpoint-flood", cwd=flooded)
    assert ended.code == 1
    assert "rotate-checkpoints: move 66, keep 4" in ended.out
    assert "nothing was done" in ended.err
    assert saves(flooded) == before
    assert not (flooded / ".diagnostic").exists()


def test_it_is_applied_judged_again_undone_and_purged(
    flooded: Path, diagnostic: Diagnostic
) -> None:
    before = saves(flooded)
    ended = diagnostic("fix", "CKP005", "--apply", cwd=flooded)
    assert ended.code == 0, ended.err
    assert "passed when judged again" in ended.out
    assert len(saves(flooded)) == 4
    assert "epoch=40-val_loss=0.500.safetensors" in saves(flooded)
    name = ended.out.partition("--undo ")[2].split()[0]
    assert name in diagnostic("fix", "--list", cwd=flooded).out
    undone = diagnostic("fix", "--undo", name, cwd=flooded)
    assert undone.out.endswith("66 back in their places\n")
    assert saves(flooded) == before
    again = diagnostic("fix", "CKP005", "--apply", cwd=flooded)
    name = again.out.partition("--purge ")[2].split("'")[0]
    assert "freed" in diagnostic("fix", "--purge", name, cwd=flooded).out
    assert "purged" in diagnostic("fix", "--list", cwd=flooded).out
    refused = diagnostic("fix", "--undo", name, cwd=flooded)
    assert refused.code == 3
    assert "was purged already" in refused.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("fix",), "name one check"),
        (("fix", "TRN001"), "has no automatic repair"),
        (("fix", "--undo", "2020"), "no repair is called '2020'"),
        (("fix", "--list", "--apply"), "--apply goes with a check"),
    ],
)
def test_wrong_usage_is_one_clear_line(
    diagnostic: Diagnostic, arguments: tuple[str, ...], said: str
) -> None:
    ended = diagnostic(*arguments)
    assert ended.code == 2
    assert said in ended.err
