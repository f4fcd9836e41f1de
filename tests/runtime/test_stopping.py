"""A run that another thread tells to stop."""

import threading
from pathlib import Path

import pytest

from ml_debugger.runtime.events import Progress, RunFinished
from ml_debugger.runtime.report import INTERRUPTED
from ml_debugger.runtime.request import check_request
from ml_debugger.runtime.supervisor import run


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = "\n".join(f"{i},{1 / (i + 1)},{1 / (i + 1)}" for i in range(300))
    (tmp_path / "log.csv").write_text(f"epoch,train_loss,val_loss\n{rows}\n")
    return tmp_path


def test_a_stopped_run_ends_as_interrupted(workspace: Path) -> None:
    stop = threading.Event()
    stop.set()
    *_, last = run(check_request(workspace, ["TRN"]), stop=stop)
    assert isinstance(last, RunFinished)
    assert last.report.exit_code == INTERRUPTED


def test_a_run_tells_how_much_there_is_to_judge_and_shows_its_training(workspace: Path) -> None:
    *events, last = run(check_request(workspace, ["TRN"]), stop=threading.Event())
    totals = [e.total for e in events if isinstance(e, Progress) and e.stage == "judging"]
    assert isinstance(last, RunFinished)
    assert totals == [len(last.report.results)]
    training = last.report.to_dict()["training"]
    assert training["path"] == "log.csv"
    assert len(training["curves"]["train_loss"]["values"]) <= 200
