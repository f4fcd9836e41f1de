"""Runs in several files: copies and continuations."""

from datetime import UTC, datetime

from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.workspace.same_runs import each_run_once

CSV, EVENTS, STATE = "CSV training log", "TensorBoard events", "Hugging Face trainer state"


def run(path: str, form: str, steps, *, seed: float = 0.0, hour: int = 0) -> TrainingRun:
    values = [1 / (step + 1) + seed for step in steps]
    curve = Curve("train_loss", "loss", list(steps), values, list(steps))
    return TrainingRun(path, path, form, "step", {"train_loss": curve},
                       started=datetime(2025, 1, 1, hour, tzinfo=UTC))  # fmt: skip


def paths(runs) -> list[str]:
    return [str(one.path) for one in each_run_once(runs)]


def test_what_two_loggers_wrote_is_one_run() -> None:
    runs = [run("v0/metrics.csv", CSV, range(9)), run("v0/events.1", EVENTS, range(9), seed=1e-9)]
    assert len(paths(runs)) == 1


def test_checkpoints_repeat_the_beginning() -> None:
    runs = [
        run(f"out/checkpoint-{n}/trainer_state.json", STATE, range(n)) for n in (10, 20, 30)
    ] + [run("out/trainer_state.json", STATE, range(30))]
    assert len(paths(runs)) == 1
    assert len(each_run_once(runs)[0].curves["train_loss"]) == 30


def test_other_runs_stay() -> None:
    runs = [
        run("a/metrics.csv", CSV, range(9)),
        run("a/copy.csv", CSV, range(9)),
        run("b/events.1", EVENTS, range(9)),
        run("a/events.1", EVENTS, range(9), seed=0.1),
    ]
    assert paths(runs) == [one.path for one in runs]


def test_an_event_file_goes_on_where_another_ended() -> None:
    runs = [
        run("tb/events.1", EVENTS, range(50)),
        run("tb/events.2", EVENTS, range(40, 90), hour=1),
    ]
    (whole,) = each_run_once(runs)
    assert list(whole.curves["train_loss"].steps) == [*range(50), *range(40, 90)]
    assert whole.started == runs[0].started
    assert whole.details["files"] == "events.1, events.2"


def test_an_event_file_that_starts_anew_is_another_run() -> None:
    runs = [
        run("tb/events.1", EVENTS, range(50)),
        run("tb/events.2", EVENTS, range(50), hour=1, seed=0.1),
        run("tb/events.3", EVENTS, range(500, 600), hour=2),
    ]
    assert paths(runs) == ["tb/events.1", "tb/events.2", "tb/events.3"]
