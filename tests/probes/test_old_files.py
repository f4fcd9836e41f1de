"""Leftovers and large files below a folder."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ml_debugger.probes import old_files
from ml_debugger.probes.old_files import OldFiles, walk

LATER = time.time() + 40 * 86_400
"""The walk takes this for now: all files of a test are 40 days old by then."""


def make(folder: Path, *names: str, size: int = 5000) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x" * size)


def old(folder: Path, **more: bool) -> OldFiles:
    return walk(str(folder), reads_recorded=more.pop("reads", True), now=LATER, **more)


def test_old_leftovers_are_counted_and_other_files_are_not(tmp_path: Path) -> None:
    make(tmp_path, "a/last.pt.tmp", "b.ckpt.part", "model.pt", "data.parquet")
    found = old(tmp_path)
    assert found.leftovers.files == 2
    assert found.leftovers.size >= 10_000
    assert found.leftovers.oldest == pytest.approx(40, abs=0.5)
    assert found.cut_short is None


def test_a_leftover_of_today_may_still_be_written(tmp_path: Path) -> None:
    make(tmp_path, "last.pt.tmp")
    assert walk(str(tmp_path), reads_recorded=True).files == 0


def test_folders_of_others_are_passed_over(tmp_path: Path) -> None:
    make(tmp_path, ".git/x.tmp", "venv/pyvenv.cfg", "venv/y.tmp", ".diagnostic/z.tmp", "own/w.tmp")
    assert old(tmp_path).leftovers.largest == str(tmp_path / "own/w.tmp")


def test_in_a_temporary_folder_what_lies_in_a_leftover_folder_counts(tmp_path: Path) -> None:
    make(tmp_path, "tmpab12cd34/part/model.bin", "session/model.bin")
    assert old(tmp_path, temporary=True).files == 1
    assert old(tmp_path).files == 0


def test_large_files_with_their_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(old_files, "LARGE", 100_000)
    make(tmp_path, "big.csv", size=200_000)
    make(tmp_path, "small.csv")
    (file,) = old(tmp_path).large
    assert (file.file, file.unread) == (str(tmp_path / "big.csv"), pytest.approx(40, abs=0.5))
    assert old(tmp_path, reads=False).large[0].unread is None
    assert old(tmp_path, temporary=True).large == []


def test_links_and_odd_files_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe.tmp")
    (tmp_path / "gone.tmp").symlink_to(tmp_path / "nowhere")
    assert old(tmp_path).files == 0


def test_a_walk_ends_early_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, *(f"{n}.tmp" for n in range(20)))
    monkeypatch.setattr(old_files, "MAX_ENTRIES", 5)
    found = old(tmp_path)
    assert found.files == 5
    assert found.cut_short == f"{tmp_path}: looked at the first 5 files"
    monkeypatch.undo()
    slow = walk(str(tmp_path), reads_recorded=True, seconds=-1, now=LATER)
    assert slow.cut_short is not None


def test_other_places_are_left_to_their_own_walk(tmp_path: Path) -> None:
    make(tmp_path, "scratch/a.tmp", "b.tmp")
    found = walk(str(tmp_path), reads_recorded=True, without=[str(tmp_path / "scratch")], now=LATER)
    assert found.files == 1
