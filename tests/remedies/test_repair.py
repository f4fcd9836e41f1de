"""A repair can be killed at any moment, undone, and never touches what is in use."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ml_debugger.remedies.in_use import RECENT, in_use_now
from ml_debugger.remedies.journal import Journal
from ml_debugger.remedies.plan import Plan, RepairError, Seen, Step
from ml_debugger.remedies.repair import carry_out, past_repairs, purge, undo

OLD = b"old" * 1000


def free(_: Path) -> None:
    """Nothing is in use."""


def shorter(old: Path, new: Path) -> None:
    """A new version of a file."""
    new.write_bytes(old.read_bytes()[:30])


def plan_for(root: Path) -> Plan:
    """One file to move, one folder to move, one file to rewrite."""
    (root / "save-1").mkdir(parents=True)
    steps = []
    for path, write in (("a.pt", None), ("save-1/weights", None), ("data.parquet", shorter)):
        (root / path).write_bytes(OLD)
        whole = root / path.partition("/")[0]
        steps.append(Step(whole, "why", Seen.of(whole), 3000, write))
    return Plan("test", root, tuple(steps))


def content(root: Path) -> dict[str, bytes]:
    """Every file below a folder but for the quarantine."""
    return {
        str(file.relative_to(root)): file.read_bytes()
        for file in root.rglob("*")
        if file.is_file() and ".diagnostic" not in file.parts
    }


def test_a_repair_and_its_undoing(tmp_path: Path) -> None:
    plan = plan_for(tmp_path)
    before = content(tmp_path)
    told = list(carry_out(plan, free))
    assert [one.done for one in told] == [True, True, True]
    assert content(tmp_path) == {"data.parquet": OLD[:30]}
    (past,) = past_repairs(tmp_path)
    assert (past.state, past.moved, past.held) == ("done", 3, 9000)
    assert all(one.done for one in undo(past, tmp_path))
    assert content(tmp_path) == before
    assert past_repairs(tmp_path)[0].state == "undone"


KILLED = """
import os, sys, pathlib
sys.path.insert(0, sys.argv[2])
from tests.remedies.test_repair import OLD, content, free, plan_for
from ml_debugger.remedies import journal, repair

calls = 0
def counted(function, stop):
    def call(*a, **k):
        global calls
        calls += 1
        if calls == stop:
            os._exit(9)
        return function(*a, **k)
    return call

top, stop = pathlib.Path(sys.argv[1]), 1
while True:
    root = top / str(stop)
    plan = plan_for(root)
    before = content(root)
    pid = os.fork()
    if pid == 0:
        for owner, name in ((journal.Journal, "note"), (pathlib.Path, "rename"), (os, "fsync"),
                            (pathlib.Path, "replace"), (os, "link"), (pathlib.Path, "mkdir")):
            setattr(owner, name, counted(getattr(owner, name), stop))
        list(repair.carry_out(plan, free))
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert content(root).get("data.parquet") in (OLD, OLD[:30])
    for past in repair.past_repairs(root):
        list(repair.undo(past, root))
    assert content(root) == before, (stop, content(root).keys())
    if code == 0:
        break
    stop += 1
print(stop)
"""


def test_killed_at_any_moment_it_leaves_the_old_or_the_new_and_can_be_undone(
    tmp_path: Path,
) -> None:
    here = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), here],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20


def test_a_file_that_is_open_is_left_alone(tmp_path: Path) -> None:
    plan = plan_for(tmp_path)
    for file in tmp_path.rglob("*"):
        os.utime(file, (1e9, 1e9))
    plan = Plan(
        "test", tmp_path, tuple(Step(s.path, "", Seen.of(s.path), 0, s.write) for s in plan.steps)
    )
    with (tmp_path / "a.pt").open("rb"):
        told = list(carry_out(plan, in_use_now()))
    assert [one.done for one in told] == [False, True, True]
    assert "open" in told[0].words
    assert (tmp_path / "a.pt").read_bytes() == OLD


def test_a_file_written_just_now_is_left_alone(tmp_path: Path) -> None:
    told = list(carry_out(plan_for(tmp_path), in_use_now()))
    assert [one.done for one in told] == [False, False, False]
    assert "minutes ago" in told[0].words
    assert RECENT == 600.0


def test_a_file_that_changed_since_the_plan_is_left_alone(tmp_path: Path) -> None:
    plan = plan_for(tmp_path)
    (tmp_path / "a.pt").write_bytes(b"newer")
    told = list(carry_out(plan, free))
    assert [one.done for one in told] == [False, True, True]
    assert (tmp_path / "a.pt").read_bytes() == b"newer"


def test_undoing_overwrites_nothing(tmp_path: Path) -> None:
    list(carry_out(plan_for(tmp_path), free))
    (tmp_path / "a.pt").write_bytes(b"a new run")
    (tmp_path / "data.parquet").write_bytes(b"a new table")
    told = {one.path.name: one.done for one in undo(past_repairs(tmp_path)[0], tmp_path)}
    assert told == {"a.pt": False, "save-1": True, "data.parquet": False}
    assert (tmp_path / "a.pt").read_bytes() == b"a new run"
    assert (tmp_path / "data.parquet").read_bytes() == b"a new table"
    assert past_repairs(tmp_path)[0].state == "done"


def test_a_new_version_that_is_no_smaller_or_not_equal_is_not_taken(tmp_path: Path) -> None:
    def larger(old: Path, new: Path) -> None:
        new.write_bytes(old.read_bytes() * 2)

    def unequal(_: Path, new: Path) -> None:
        new.write_bytes(b"x")
        raise RepairError("the new file's values differ")

    for write in (larger, unequal):
        file = tmp_path / "data.parquet"
        file.write_bytes(OLD)
        plan = Plan("test", tmp_path, (Step(file, "", Seen.of(file), 0, write),))
        (told,) = carry_out(plan, free)
        assert not told.done
        assert content(tmp_path) == {"data.parquet": OLD}


def test_a_purge_frees_the_space_and_ends_the_undoing(tmp_path: Path) -> None:
    list(carry_out(plan_for(tmp_path), free))
    assert purge(past_repairs(tmp_path)[0]) == 9000
    (past,) = past_repairs(tmp_path)
    assert (past.state, past.held) == ("purged", 0)
    with pytest.raises(RepairError, match="purged"):
        list(undo(past, tmp_path))


def test_after_a_cut_entry_the_next_one_still_counts(tmp_path: Path) -> None:
    list(carry_out(plan_for(tmp_path), free))
    (past,) = past_repairs(tmp_path)
    with (past.folder / "journal.jsonl").open("a") as journal:
        journal.write('{"did": "mov')
    assert all(one.done for one in undo(past, tmp_path))
    assert past_repairs(tmp_path)[0].state == "undone"


@pytest.mark.parametrize("call", [0, 2])
def test_a_full_disk_is_told_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    calls = iter(range(10))

    def full(*_: object, **__: object) -> None:
        if next(calls) >= call:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Journal, "note", full)
    with pytest.raises(RepairError, match="No space left on device; a repair needs some KB"):
        list(carry_out(plan_for(tmp_path), free))


def test_a_purge_frees_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    list(carry_out(plan_for(tmp_path), free))
    (past,) = past_repairs(tmp_path)
    note = Journal.note

    def full(journal: Journal, did: str, **facts: object) -> None:
        if (past.folder / "files").exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        note(journal, did, **facts)

    monkeypatch.setattr(Journal, "note", full)
    assert purge(past) == 9000
    assert past_repairs(tmp_path)[0].state == "purged"


def test_what_another_repair_takes_at_the_last_moment_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_for(tmp_path)
    note = Journal.note

    def taken(journal: Journal, did: str, **facts: object) -> None:
        note(journal, did, **facts)
        if did == "moving":
            (tmp_path / "a.pt").unlink(missing_ok=True)

    monkeypatch.setattr(Journal, "note", taken)
    told = list(carry_out(plan, free))
    assert [one.done for one in told] == [False, True, True]
    assert "taken away meanwhile" in told[0].words
