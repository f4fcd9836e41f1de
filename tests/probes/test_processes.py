"""Zombies, stuck processes and open files, read from a tree like /proc."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_debugger.artifacts.host import OpenFiles, Processes, ProcessState
from ml_debugger.probes.processes import Walk, examine, walk

UPTIME = 10_000.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path


def process(
    root: Path,
    pid: int,
    state: str = "S",
    *,
    name: str = "python",
    parent: int = 1,
    ran: int = 5,
    threads: int = 1,
    **files: str,
) -> None:
    folder = root / f"proc/{pid}"
    folder.mkdir(parents=True, exist_ok=True)
    numbers = ["0"] * 9 + [str(ran), "0", "0", "0", "20", "0", str(threads), "0", "77"]
    (folder / "stat").write_text(f"{pid} ({name}) {state} {parent} {' '.join(numbers)} 0 0\n")
    (folder / "status").write_text("voluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t1\n")
    for file, content in files.items():
        (folder / file).write_text(content)


def examined(
    root: Path, first: Walk | None = None, nproc: int | None = None, user: int | None = None
) -> Processes:
    found = examine(
        root,
        first or walk(root, 10.0),
        uptime=UPTIME,
        user=os.getuid() if user is None else user,
        nproc=nproc,
    )
    assert found is not None
    return found


def test_nothing_to_be_seen_is_unknown(root: Path) -> None:
    assert examine(root, walk(root), uptime=UPTIME, user=0, nproc=None) is None


def test_zombies_are_counted_and_their_parents_named(root: Path) -> None:
    process(root, 1, name="sh")
    process(root, 9, "Z", name="dd (x) y")
    found = examined(root)
    assert (found.seen, found.zombies, found.complete) == (2, 1, True)
    assert found.collected_late == (ProcessState(9, "dd (x) y", "Z", parent="sh (1)"),)


def test_a_stuck_process_says_how_long_and_where(root: Path) -> None:
    sched = "python (9, #threads: 1)\n---\nse.exec_start        :      9400000.123456\n"
    process(root, 9, "D", sched=sched, wchan="nv_drm_wait", threads=4)
    (stuck,) = examined(root).stuck
    assert (stuck.name, stuck.waiting, stuck.threads) == ("python", "nv_drm_wait", 4)
    assert stuck.seconds == pytest.approx(600, abs=1)


def test_a_process_that_works_between_the_readings_is_not_stuck(root: Path) -> None:
    process(root, 8, "D", ran=5)
    process(root, 9, "D")
    process(root, 10, "D")
    first = walk(root, 10.0)
    process(root, 8, "D", ran=6)
    process(root, 9, "S")
    (root / "proc/10/status").write_text("voluntary_ctxt_switches:\t9\n")
    assert examined(root, first).stuck == ()


def test_kernel_threads_and_frozen_processes_are_not_stuck(root: Path) -> None:
    process(root, 2, "S", name="kthreadd", parent=0)
    process(root, 40, "D", name="nv_queue", parent=2)
    process(root, 41, "D", wchan="__refrigerator")
    assert examined(root).stuck == ()


def test_without_the_schedulers_word_the_time_is_unknown(root: Path) -> None:
    process(root, 9, "D")
    (stuck,) = examined(root).stuck
    assert stuck.seconds is None


def test_the_tightest_limit_of_tasks_is_named(root: Path) -> None:
    process(root, 9, threads=60)
    (root / "proc/sys/kernel").mkdir(parents=True)
    (root / "proc/sys/kernel/pid_max").write_text("32768\n")
    if os.getuid() == 0:
        os.chown(root / "proc/9", 1000, -1)
    owner = (root / "proc/9").stat().st_uid
    found = examined(root, nproc=100, user=owner)
    assert (found.tasks, found.task_limit, found.limit_source) == (60, 100, "RLIMIT_NPROC")
    # processes of others do not count, and root is not held to it
    assert examined(root, nproc=100, user=owner + 1).limit_source != "RLIMIT_NPROC"
    assert examined(root, nproc=100, user=0).limit_source == "/proc/sys/kernel/pid_max"
    found = examined(root)
    assert (found.task_limit, found.limit_source) == (32768, "/proc/sys/kernel/pid_max")


def test_the_process_nearest_to_its_limit_of_files(root: Path) -> None:
    for pid, used, limit in ((8, 30, 4096), (9, 20, 64)):
        process(root, pid, limits=f"Limit  Soft\nMax open files            {limit}   4096  files\n")
        (root / f"proc/{pid}/fd").mkdir()
        for number in range(used):
            (root / f"proc/{pid}/fd/{number}").touch()
    found = examined(root).fullest
    assert found is not None
    assert (found.pid, found.limit) == (9, 64)
    assert isinstance(found, OpenFiles)


def test_file_handles_of_the_machine(root: Path) -> None:
    process(root, 9)
    (root / "proc/sys/fs").mkdir(parents=True)
    (root / "proc/sys/fs/file-nr").write_text("1302\t2\t2466170\n")
    found = examined(root)
    assert (found.file_handles, found.file_handle_limit) == (1300, 2466170)


def test_a_walk_that_runs_out_of_time_says_so(root: Path) -> None:
    for pid in range(1, 30):
        process(root, pid)
    assert not walk(root, 0.0).complete


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=120))
def test_any_text_is_survived(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    root = tmp_path_factory.mktemp("proc")
    process(root, 9, "D", sched=text, wchan=text, limits=text, status=text)
    process(root, 10, stat=text)
    examined(root)
