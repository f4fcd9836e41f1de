"""The log of a live run is the run: what is read back equals what was watched."""

from __future__ import annotations

import json
import math
import subprocess
import sys

from hypothesis import given, settings
from hypothesis import strategies as st

from ml_debugger.artifacts import TrainingRun
from ml_debugger.monitor import TrainingMonitor
from ml_debugger.monitor.live_log import LiveLog, row_line
from ml_debugger.readers.opening import open_file
from tests.monitor.live import Judge, content, read_back

values = st.floats(allow_nan=True, allow_infinity=True, width=64)
names = st.sampled_from(["acc", "mae", "step", "epoch", "fold", 'odd "name"', "ic/5d", "loss"])
calls = st.one_of(
    st.tuples(st.just("step"), values, st.dictionaries(names, values, max_size=2)),
    st.tuples(st.just("validation"), values, st.dictionaries(names, values, max_size=3)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(calls, min_size=1, max_size=40), st.integers(1, 12), st.booleans())
def test_reading_the_log_back_gives_the_live_run(tmp_path_factory, made, every, finishes) -> None:
    log = tmp_path_factory.mktemp("log") / "run.jsonl"
    monitor = TrainingMonitor(
        "run", log=log, judging=Judge(), every=every, planned_steps=99, model_name="m", horizon=5
    )
    for kind, loss, metrics in made:
        if kind == "step":
            monitor.step(loss, metrics=metrics)
        else:
            monitor.validation(loss, metrics=metrics)
    if finishes:
        monitor.finish()
    else:
        monitor.abort(ValueError("lost"))
    assert content(monitor.run) == content(read_back(log))
    assert read_back(log).finished is finishes
    for line in log.read_text().splitlines():
        assert "NaN" not in line
        assert "Infinity" not in line
        json.loads(line)


def test_a_killed_process_leaves_whole_lines_and_a_run_that_did_not_finish(tmp_path) -> None:
    log = tmp_path / "run.jsonl"
    program = f"""
import os, signal
from ml_debugger.monitor import TrainingMonitor
class Judge:
    look = new = lambda self, found: []
monitor = TrainingMonitor("run", log={str(log)!r}, judging=Judge(), every=5, overhead=1.0)
for step in range(23):
    monitor.step(1.0 / (step + 1))
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", program], check=False)
    run = read_back(log)
    assert run.finished is False
    assert len(run.curves["train_loss"]) >= 10
    assert log.read_bytes().endswith(b"\n")


def test_half_a_line_is_cut_off_and_the_log_goes_on_as_another_run(tmp_path) -> None:
    log = tmp_path / "run.jsonl"
    for start in (0, 100):
        with TrainingMonitor("run", log=log, judging=Judge()) as monitor:
            for step in range(start, start + 5):
                monitor.step(float(step), step=step)
        with log.open("ab") as stream:
            stream.write(b'{"event": "round", "step": 9, "tra')
    artifacts = open_file(log, "run.jsonl", named=True)
    runs = [artifact for artifact in artifacts if isinstance(artifact, TrainingRun)]
    assert [run.curves["train_loss"].steps[0] for run in runs] == [0, 100]
    assert all(run.finished for run in runs)


def test_a_full_disk_ends_the_log_and_not_the_watching(tmp_path, monkeypatch, caplog) -> None:
    judge = Judge()
    monitor = TrainingMonitor("run", log=tmp_path / "run.jsonl", judging=judge, every=1)
    monitor.step(1.0)

    def full(*_given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(LiveLog, "append", full)
    for step in range(5):
        monitor.step(float(step))
    monitor.finish()
    assert len(monitor.run.curves["train_loss"]) == 6
    assert judge.looks
    assert [r.message for r in caplog.records if "ends here" in r.message][1:] == []
    assert "No space left" in caplog.text


def test_a_log_that_cannot_be_opened_is_said_once(tmp_path, caplog) -> None:
    monitor = TrainingMonitor("run", log=tmp_path, judging=Judge())
    monitor.step(1.0)
    monitor.finish()
    assert "there will be no log" in caplog.text
    assert monitor.run.path is None


def test_a_row_is_strict_json() -> None:
    row = json.loads(row_line(3.0, {"a": math.nan, "b": -math.inf, 'c"': 1e-300}))
    assert row == {"event": "round", "step": 3.0, "a": "nan", "b": "-inf", 'c"': 1e-300}
