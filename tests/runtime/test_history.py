import sqlite3
import subprocess
import sys
from dataclasses import replace

import pytest

from ml_debugger.artifacts import StorageSnapshot, Volume
from ml_debugger.contract import Status
from ml_debugger.errors import UsageError
from ml_debugger.runtime.events import CheckFinished, RunFinished, RunStarted
from ml_debugger.runtime.history import VERSION, History, history_path
from ml_debugger.runtime.picture import Picture
from ml_debugger.runtime.volume_history import with_past


@pytest.fixture
def history(tmp_path):
    store = History(tmp_path / "state" / "history.db")
    yield store
    store.close()


def play(history, report):
    events = [
        RunStarted(report.run, report.command, report.profile, report.started, report.workspace),
        *(CheckFinished(result) for result in report.results),
        RunFinished(report),
    ]
    return list(history.record(events))


def test_a_run_is_stored_and_found_again(history, result, report) -> None:
    play(history, report(result(), run="aaa111"))
    (past,) = history.runs()
    assert (past.run, past.exit_code, past.summary["fail"]) == ("aaa111", 1, 1)
    assert history.results("aaa111") == [result()]
    assert history.find("aaa").run == "aaa111"


def test_an_unknown_or_ambiguous_run_is_a_usage_error(history, result, report) -> None:
    play(history, report(result(), run="aaa111"))
    play(history, report(result(), run="aaa222"))
    with pytest.raises(UsageError, match="no run"):
        history.find("zzz")
    with pytest.raises(UsageError, match="2 runs"):
        history.find("aaa")


def test_new_and_gone_are_told_against_the_last_run_like_it(history, result, report) -> None:
    kept, fixed, fresh = result("TRN001"), result("TRN008"), result("CKP005")
    play(history, report(kept, fixed, run="one"))
    passed = result("TRN008", status=Status.PASS)
    now = history.compare(report(kept, passed, fresh, run="two"))
    assert now.new == {fresh.fingerprint}
    assert now.gone == ("TRN008 fault-trn008 (run)",)


def test_what_could_not_be_looked_at_is_not_gone(history, result, report) -> None:
    play(history, report(result(), run="one"))
    now = history.compare(report(result(status=Status.SKIP), run="two"))
    assert now.gone == ()


def test_the_first_run_has_nothing_to_compare_with(history, result, report) -> None:
    assert history.compare(report(result())).new is None


def test_another_workspace_is_another_history(history, result, report) -> None:
    play(history, report(result(), run="one", workspace="/elsewhere"))
    assert history.compare(report(result(), run="two")).new is None


def test_results_survive_a_killed_process(tmp_path) -> None:
    path = tmp_path / "history.db"
    script = """
import os, signal, sys
from pathlib import Path
from ml_debugger.contract import Result, Status
from ml_debugger.runtime.events import CheckFinished, RunStarted
from ml_debugger.runtime.history import History

def events():
    yield RunStarted("killed", "check", "full", "2026-11-21T10:00:00.000Z", "/w")
    yield CheckFinished(Result("TRN001", "x", "training", Status.FAIL, "run", "t"))
    os.kill(os.getpid(), signal.SIGKILL)

list(History(Path(sys.argv[1])).record(events()))
"""
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == -9
    history = History(path)
    (past,) = history.runs()
    assert past.exit_code is None
    assert len(history.results("killed")) == 1
    history.close()


def test_a_newer_store_is_refused_and_left_alone(tmp_path) -> None:
    path = tmp_path / "history.db"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version=99")
    database.close()
    with pytest.raises(UsageError, match="newer version"):
        History(path)


def test_the_place_can_be_named() -> None:
    assert history_path({"DIAGNOSTIC_HISTORY": "/x/h.db"}).as_posix() == "/x/h.db"
    assert history_path({}).name == "history.db"


def storage(free: int, taken: str) -> StorageSnapshot:
    volume = Volume("/", "sda", "ext4", 10**12, free, writable=True, holds=("/w",))
    other = Volume("/nfs", "server:/", "nfs4", 10**13, 10**12)
    return StorageSnapshot("storage", None, (volume, other), taken=taken)


def test_free_space_is_kept_and_comes_back_with_the_next_snapshot(
    history, report, tmp_path
) -> None:
    for hour in range(3):
        start, taken = f"2026-11-21T1{hour}:00:00.000Z", f"2026-11-21T1{hour}:00:01Z"
        picture = Picture(storage=storage(10**11 - hour, taken))
        play(history, report(run=f"run{hour}", started=start, picture=picture))
    stored = tmp_path / "state" / "history.db"
    volume, other = with_past(storage(5, "2026-11-21T20:00:00Z"), stored).volumes
    assert [sample.free for sample in volume.past] == [10**11, 10**11 - 1, 10**11 - 2]
    assert other.past == ()
    grown = replace(volume, total=2 * 10**12, past=())
    found = with_past(StorageSnapshot("storage", None, (grown,)), stored)
    assert found.volumes[0].past == ()


def test_a_snapshot_that_was_read_from_a_file_is_no_sample(history, report, tmp_path) -> None:
    picture = Picture(storage=storage(10**11, "2025-06-02T06:05:00Z"))
    play(history, report(picture=picture))
    found = with_past(storage(5, "x"), tmp_path / "state" / "history.db")
    assert found.volumes[0].past == ()


def test_a_store_of_the_first_version_is_taken_over(tmp_path, result, report) -> None:
    path = tmp_path / "history.db"
    store = History(path)
    play(store, report(result(), run="old"))
    store.close()
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE volumes")
        database.execute("PRAGMA user_version=1")
    database.close()
    store = History(path)
    assert store.results("old") == [result()]
    taken = "2026-11-21T10:00:02Z"
    play(store, report(run="new", picture=Picture(storage=storage(9, taken))))
    store.close()
    with sqlite3.connect(path) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (VERSION,)
    database.close()
    assert len(with_past(storage(5, "x"), path).volumes[0].past) == 1


def test_without_a_history_there_is_no_past(tmp_path) -> None:
    (tmp_path / "broken.db").write_bytes(b"no database")
    for name in ("none.db", "broken.db"):
        assert with_past(storage(5, "x"), tmp_path / name).volumes[0].past == ()
    assert not (tmp_path / "none.db").exists()
