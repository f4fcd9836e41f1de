"""Runs that stop before their planned end, and runs that stall; and those that do neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from checks.training.incomplete_run import incomplete_run
from checks.training.stalled_run import stalled_run
from ml_debugger.artifacts import Artifact, Curve, LogText, TrainingRun, Written
from ml_debugger.contract import Status
from tests.checks.log_judging import PAST, judged, read_log

BAR = "\rEpoch 2/9:  21%|##        | 277/1332 [00:10<00:40, 26.0it/s, loss=0.71]"


def epochs(last: int, planned: int = 9, best: int | None = None) -> str:
    """Epochs whose validation loss is lowest at `best`, by default at the last one."""
    best = last if best is None else best
    return "".join(
        f"Epoch {n}/{planned} loss: {1 - n / 50:.4f} val_loss: {1 + abs(n - best) / 40:.4f}\n"
        for n in range(1, last + 1)
    )


ENDS = {
    "in the middle": (epochs(4), Status.FAIL),
    "in the middle, half a line": (epochs(4) + "Epoch 5/9 loss: 0.9", Status.FAIL),
    "within a bar": (epochs(1) + BAR, Status.FAIL),
    "one epoch past the best": (epochs(5, best=4), Status.WARN),
    "at its end": (epochs(9), Status.PASS),
    "early stopping in silence": (epochs(7, best=4), Status.PASS),
    "early stopping announced": (epochs(5, best=4) + "Early stopping at epoch 5\n", Status.PASS),
    "says that it is done": (epochs(5) + "Training finished, best model saved\n", Status.PASS),
    "no plan": ("".join(f"epoch {n} loss: {1 / n:.3f}\n" for n in range(1, 6)), Status.SKIP),
    "crashed": (epochs(4) + "Killed\n", Status.SKIP),
    "interrupted": (epochs(4) + "^C\nKeyboardInterrupt\n", Status.SKIP),
    "a full bar": (epochs(9) + "\r100%|####| 9/9 [00:09<00:00,  1.0it/s]\n", Status.PASS),
}


@pytest.mark.parametrize("name", ENDS)
def test_ends_before_the_plan(name: str, tmp_path: Path) -> None:
    text, expected = ENDS[name]
    status, outcome = judged(incomplete_run, read_log(tmp_path, text))
    assert status is expected, outcome


def _dated(found: Sequence[Artifact], written: Written) -> list[Artifact]:
    return [
        replace(a, written=written) if isinstance(a, LogText | TrainingRun) else a for a in found
    ]


@pytest.mark.parametrize(
    ("age", "lifetime", "expected"),
    [
        (20, 4_000, Status.SKIP),  # written to a moment ago, for an hour
        (20, 0.01, Status.FAIL),  # a copy of just now: it was made in one go
        (90_000, 4_000, Status.FAIL),  # nothing came for a day
    ],
)
def test_a_log_that_is_still_written_to_is_not_judged(
    age: float, lifetime: float, expected: Status, tmp_path: Path
) -> None:
    found = read_log(tmp_path, epochs(4))
    written = Written(PAST, PAST + age, PAST - lifetime)
    status, outcome = judged(incomplete_run, _dated(found, written))
    assert status is expected, outcome


def test_time_stamps_tell_a_copy(tmp_path: Path) -> None:
    text = "".join(
        f"2021-03-01 10:{n:02d}:00 INFO Epoch {n}/9 loss: {1 - n / 50:.4f}\n" for n in range(1, 5)
    )
    found = read_log(tmp_path, text)
    written = Written(PAST, PAST + 5, PAST - 4_000)
    assert judged(incomplete_run, _dated(found, written))[0] is Status.FAIL


def test_a_running_process_is_not_incomplete(tmp_path: Path) -> None:
    found = [
        replace(a, running=True) if isinstance(a, LogText | TrainingRun) else a
        for a in read_log(tmp_path, epochs(4))
    ]
    assert judged(incomplete_run, found)[0] is Status.SKIP


def test_a_run_with_settings_and_no_value_is_incomplete() -> None:
    run = TrainingRun("run", "run", format="TensorBoard events", step_unit="step", curves={})
    assert judged(incomplete_run, [run])[0] is Status.FAIL
    assert judged(incomplete_run, [replace(run, finished=True)])[0] is Status.PASS


def test_the_state_in_a_checkpoint_is_no_end() -> None:
    run = replace(_run(), path="out/checkpoint-260/trainer_state.json")
    assert judged(incomplete_run, [run])[0] is Status.SKIP


def _run(step: float = 60.0, pause: float = 0.0, planned: int | None = 100) -> TrainingRun:
    """Forty records a minute apart, with one pause in the middle."""
    count = 40
    stamps = [PAST + step * n + (pause if n >= count // 2 else 0.0) for n in range(count)]
    values = [1 - n / 100 for n in range(count)]
    steps, lines = list(range(1, count + 1)), list(range(2, count + 2))
    curves = {
        "train_loss": Curve("train_loss", "loss", steps, values, lines),
        "val_loss": Curve("val_loss", "val_loss", steps, values, lines),
        "timestamp": Curve("timestamp", "time", steps, stamps, lines),
    }
    written = Written(stamps[-1], stamps[-1] + 1, PAST)
    return TrainingRun(
        "run", "run.jsonl", "test", "epoch", curves, planned_steps=planned, written=written
    )


def _read_after(run: TrainingRun, seconds: float) -> TrainingRun:
    assert run.written is not None
    return replace(run, written=replace(run.written, read=run.written.modified + seconds))


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (_run(), Status.PASS),
        (_read_after(_run(), 500), Status.PASS),
        (_read_after(_run(), 10_000), Status.WARN),
        (_read_after(replace(_run(), running=True), 10_000), Status.FAIL),
        (_read_after(replace(_run(), running=True), 300), Status.PASS),
        (_read_after(_run(planned=None), 10_000), Status.SKIP),
        (_read_after(_run(planned=40), 10_000), Status.PASS),
        (_read_after(replace(_run(), finished=True), 10_000), Status.PASS),
        (_read_after(_run(step=3_600.0), 10_000), Status.PASS),
        (_run(pause=600.0), Status.PASS),
        (_run(pause=30_000.0), Status.WARN),
        (_run(step=3_600.0, pause=30_000.0), Status.PASS),
    ],
)
def test_silence_is_held_against_the_runs_own_pace(run: TrainingRun, expected: Status) -> None:
    status, outcome = judged(stalled_run, [run])
    assert status is expected, outcome


def test_a_run_without_any_time_is_not_judged() -> None:
    run = _run()
    curves = {name: curve for name, curve in run.curves.items() if name != "timestamp"}
    assert judged(stalled_run, [replace(run, curves=curves, written=None)])[0] is Status.SKIP


@pytest.mark.parametrize(("lifetime", "expected"), [(0.01, Status.SKIP), (1_200.0, Status.PASS)])
def test_a_file_that_was_made_at_once_tells_no_pace(lifetime: float, expected: Status) -> None:
    run = _run()
    curves = {name: curve for name, curve in run.curves.items() if name != "timestamp"}
    written = Written(PAST, PAST + 120, PAST - lifetime)
    assert judged(stalled_run, [replace(run, curves=curves, written=written)])[0] is expected
