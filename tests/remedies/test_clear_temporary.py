"""Clearing away of leftovers: what the check counted, and nothing else."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ml_debugger.contract import Result, Status
from ml_debugger.remedies.clear_temporary import plan

TWO_DAYS_ON = time.time() + 2 * 86_400


def found(path: str) -> Result:
    return Result("STO007", "temp-accumulation", "infrastructure", Status.WARN, path, "t", path)


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


@pytest.fixture
def two_days_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml_debugger.probes.old_files.time.time", lambda: TWO_DAYS_ON)


@pytest.mark.usefixtures("two_days_on")
def test_below_a_folder_only_what_the_check_counts(tmp_path: Path) -> None:
    make(
        tmp_path, "runs/last.pt.tmp", "runs/best.pt.bak", ".git/index.tmp",
        ".diagnostic/fixes/one/files/0/older.pt.tmp", "venv/pyvenv.cfg", "venv/lib/x.tmp",
    )  # fmt: skip
    steps = plan(tmp_path, [found(".")]).steps
    assert [step.path for step in steps] == [tmp_path / "runs/last.pt.tmp"]


def test_what_was_written_today_stays(tmp_path: Path) -> None:
    make(tmp_path, "last.pt.tmp")
    os.utime(tmp_path / "last.pt.tmp", (1, 1))
    assert plan(tmp_path, [found(".")]).obstacle == "there is no leftover any more"


def test_a_file_that_is_named_is_taken_whatever_its_age(tmp_path: Path) -> None:
    make(tmp_path, "last.pt.tmp", "model.pt")
    steps = plan(tmp_path, [found("last.pt.tmp"), found("model.pt"), found("gone.pt.tmp")]).steps
    assert [step.path.name for step in steps] == ["last.pt.tmp"]
