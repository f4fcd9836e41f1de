"""The real write leaves nothing and tells what the volume said."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ml_debugger.probes import trial_write as module
from ml_debugger.probes.trial_write import trial_write


def test_a_write_is_timed_and_leaves_nothing(tmp_path: Path) -> None:
    trial = trial_write(tmp_path, size=3 * 2**20)
    assert trial.outcome == "done"
    assert all(rate > 0 for rate in trial.rates)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "outcome"),
    [
        (errno.EDQUOT, "quota"),
        (errno.ENOSPC, "no space"),
        (errno.EROFS, "read-only"),
        (errno.EIO, "failed"),
    ],
)
def test_what_the_volume_says(
    number: int, outcome: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(module.os, "write", write)
    trial = trial_write(tmp_path)
    assert (trial.outcome, trial.problem) == (outcome, os.strerror(number))
    assert list(tmp_path.iterdir()) == []


def test_a_quota_may_only_show_when_the_data_are_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fsync(_: int) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(module.os, "fsync", fsync)
    assert trial_write(tmp_path).outcome == "quota"


def test_a_file_system_without_nameless_files_gets_one_that_loses_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def no_tmpfile(path: object, flags: int, *mode: int) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")
        return opened(path, flags, *mode)  # type: ignore[arg-type]

    monkeypatch.setattr(module.os, "open", no_tmpfile)
    assert trial_write(tmp_path, size=2**20).outcome == "done"
    assert list(tmp_path.iterdir()) == []


def test_slow_tries_are_repeated_and_fast_ones_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for rate, tries in ((1e6, 3), (1e9, 1)):
        monkeypatch.setattr(module, "_one_try", lambda *_, rate=rate: rate)
        assert len(trial_write(tmp_path).rates) == tries
    monkeypatch.setattr(module, "_one_try", lambda *_: 1e6)
    assert len(trial_write(tmp_path, seconds=-1).rates) == 2


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    trial = trial_write(tmp_path / "gone")
    assert trial.outcome == "failed"
    assert trial.problem == "No such file or directory"
