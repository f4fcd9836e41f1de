"""The clock's state: asked of the kernel, of systemd's file, and compared with the hardware."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ml_debugger.artifacts.host import Clock
from ml_debugger.probes.clock import Word, ask_kernel, read


def clock(root: Path, word: Word | None = None, names: tuple[str, ...] = ()) -> Clock:
    found = read(root, names, lambda: word)
    assert found is not None
    return found


def put(root: Path, name: str, text: str) -> None:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_the_kernels_word_counts(tmp_path: Path) -> None:
    found = clock(tmp_path, Word(True, 0.002, -0.0004), ("chronyd", "python"))
    assert (found.synchronised, found.max_error, found.offset) == (True, 0.002, -0.0004)
    assert found.services == ("chronyd",)


def test_without_it_the_file_of_systemd_does(tmp_path: Path) -> None:
    assert clock(tmp_path).synchronised is None
    (tmp_path / "run/systemd/timesync").mkdir(parents=True)
    assert clock(tmp_path).synchronised is False
    put(tmp_path, "run/systemd/timesync/synchronized", "")
    assert clock(tmp_path).synchronised is True


@pytest.mark.parametrize(
    ("info", "virtual"),
    [
        ("flags\t: fpu tsc hypervisor lm\n", True),
        ("flags\t: fpu tsc lm\n", False),
        ("Features: fp asimd\n", False),
        (None, None),
    ],
)
def test_virtual_machines(tmp_path: Path, info: str | None, virtual: bool | None) -> None:
    if info is not None:
        put(tmp_path, "proc/cpuinfo", info)
    assert clock(tmp_path).virtual is virtual


@pytest.mark.parametrize(("behind", "ahead"), [(0, 0), (30, 30), (7200, 0), (7230, 30)])
def test_the_hardware_clock_may_keep_the_time_of_any_zone(
    tmp_path: Path, behind: int, ahead: int
) -> None:
    put(tmp_path, "sys/class/rtc/rtc0/since_epoch", f"{int(time.time()) - behind}\n")
    found = clock(tmp_path).hardware_offset
    assert found == pytest.approx(ahead, abs=1.6)


def test_the_kernel_of_this_machine_can_be_asked() -> None:
    word = ask_kernel()
    assert word is None or 0 <= word.max_error <= 17
