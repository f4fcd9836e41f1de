import sqlite3
import subprocess
import sys

import pytest

from ml_debugger.contract import Status
from ml_debugger.errors import UsageError
from ml_debugger.runtime.events import CheckFinished, RunFinished, RunStarted
from ml_debugger.runtime.history import History, history_path


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
