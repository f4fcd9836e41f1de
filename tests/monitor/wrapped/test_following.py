"""A growing log is judged by the checks that judge any other log."""

from __future__ import annotations

from pathlib import Path

from ml_debugger.artifacts import HostSnapshot, LogText, TrainingRun
from ml_debugger.contract import Status
from ml_debugger.monitor.judging import Judging
from ml_debugger.monitor.wrapped.following import Following


def _log(path: Path, losses: list[float]) -> Path:
    path.write_text("".join(f"step {i} loss={loss:.4f}\n" for i, loss in enumerate(losses)))
    return path


def test_a_finding_is_new_once(tmp_path: Path) -> None:
    log = _log(tmp_path / "run.log", [1.0, 0.9, 0.8, 0.7, float("nan"), float("nan")])
    judging = Judging(tmp_path)
    first = Following(log, "run.log", judging).finish()
    assert [r.name for r in first.new if r.name == "non-finite-loss"] == ["non-finite-loss"]
    again = Following(log, "run.log", judging).finish()
    assert [r.name for r in again.results if r.name == "non-finite-loss"]
    assert not again.new


def test_a_thread_sees_the_log_while_its_run_goes_on(tmp_path: Path) -> None:
    log = _log(tmp_path / "run.log", [1.0, 0.9, 0.8, 0.7])
    following = Following(log, "run.log", Judging(tmp_path), every=0.01)
    following.start()
    look = following.looks.get(timeout=60)
    assert not isinstance(look, Exception)
    assert [run.running for run in look.runs] == [True]
    last = following.finish()
    assert [run.running for run in last.runs] == [False]


def test_output_without_metrics_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "run.log").write_text("hello\n")
    look = Following(tmp_path / "run.log", "run.log", Judging(tmp_path)).finish()
    assert look.runs == []
    assert not look.new


def test_the_signal_that_ended_the_command_closes_its_log(tmp_path: Path) -> None:
    log = _log(tmp_path / "run.log", [1.0, 0.9, 0.8, 0.7])
    look = Following(log, "run.log", Judging(tmp_path)).finish(end="Killed")
    (text,) = [a for a in look.artifacts if isinstance(a, LogText)]
    assert text.passages[-1].lines == ("Killed",)
    assert text.tail[-1] == "Killed"
    assert [a for a in look.artifacts if isinstance(a, TrainingRun)]


def test_an_exception_ends_the_following_and_is_handed_over(tmp_path: Path) -> None:
    following = Following(tmp_path / "gone.log", "gone.log", Judging(tmp_path), every=0.01)
    following.start()
    assert isinstance(following.looks.get(timeout=60), FileNotFoundError)


def test_trouble_of_the_box_is_told_and_kept_but_ends_nothing(tmp_path: Path) -> None:
    log = _log(tmp_path / "run.log", [1.0, 0.9, 0.8, 0.7])
    full = HostSnapshot("host", None, "box", 8, None, 100, 99, 1000, 500, "memory.max")
    look = Following(log, "run.log", Judging(tmp_path), lambda: [full]).finish()
    assert "memory-near-limit" in {result.name for result in look.new}
    assert look.lost(Status.WARN) is None


def test_a_training_is_lost_by_its_own_findings(tmp_path: Path) -> None:
    log = _log(tmp_path / "run.log", [1.0, 0.9, 0.8, 0.7, float("nan"), float("nan")])
    look = Following(log, "run.log", Judging(tmp_path)).finish()
    lost = look.lost(Status.FAIL)
    assert lost is not None
    assert lost.name == "non-finite-loss"
