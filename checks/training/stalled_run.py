"""TRN018: no new record for many times the usual interval while the run is not finished."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from ml_debugger.artifacts import LogText, TrainingRun
from ml_debugger.contract import (
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    Setting,
    Settings,
    check,
)
from ml_debugger.runs.liveness import is_copy, usual_interval
from ml_debugger.runs.log_end import LogEnd
from ml_debugger.runs.run_plan import open_bar, progress, rhythm, stopped_early


@check(
    code="TRN018",
    name="stalled-run",
    component="training",
    playbook="training-run",
    limits=[
        Limit(
            name="silence_while_running",
            unit="times the usual interval",
            direction="above",
            warn=20.0,
            fail=60.0,
            meaning="time since the last record of a process that is known to run",
            source="Determined AI and SageMaker StalledTrainingRule: 30 minutes; design choice: "
            "relative to the run's own slow records",
        ),
        Limit(
            name="silence",
            unit="times the usual interval",
            direction="above",
            warn=20.0,
            meaning="time since the last record of a run that is not at its planned end",
            source="design choice: validations and saves stay below 20 slow records",
        ),
        Limit(
            name="pause",
            unit="share of the run's time",
            direction="above",
            warn=0.5,
            meaning="longest pause between two records, where it is far beyond all others",
            source="design choice: more time lost than spent",
        ),
    ],
    settings=[
        Setting("shortest_silence", "seconds", 600.0,
                "silence below which nothing is said of a stall",
                "PyTorch documentation: NCCL's own timeout is 10 minutes"),
        Setting("shortest_pause", "seconds", 3_600.0,
                "pause between two records below which nothing is said of a stall",
                "a validation or a save of a large model can take minutes"),
    ],
    explained_by=("run-crashed", "incomplete-run", "nccl-timeout", "cuda-out-of-memory",
                  "no-space-left", "oom-killed"),
    profiles=("quick", "full"),
)  # fmt: skip
def stalled_run(run: TrainingRun, settings: Settings, log: LogText | None) -> Outcome:
    """No new record for many times the usual interval while the run is not finished.

    What it measures:
        The time since the last record against the run's own slow records: the upper twentieth
        of its intervals, so that validations and saves are usual. A process that is known to
        run fails; of a log that was left before its planned end it cannot be told from outside
        whether the process hangs or is gone, so that is a warning. It also looks for one pause
        within the run that took more time than all the rest.
        A run that came to its end, that says why it ended, that states no plan, or whose pace
        is unknown is not accused.

    Why it matters:
        A hanging collective, a dead loader worker or a stuck mount holds the GPU for hours and
        writes nothing.

    What to do:
        Look what the process waits for: `py-spy dump --pid`, `nvidia-smi` (100 % with low power
        is a collective that waits), `cat /proc/PID/wchan` for a stuck mount. Look for dead
        loader workers. With several ranks find the one that is at another place.

    Sources:
        Amazon SageMaker Debugger, rule StalledTrainingRule. PyTorch documentation,
        torch.distributed, debugging.
    """
    end = LogEnd(log) if log is not None else None
    running = run.running or (log is not None and log.running)
    if not running and end is not None and (end.ended_by() or end.by_hand):
        return NotMeasured("the log says why it ended")
    usual = usual_interval(run, log)
    pause = _pause(run, log, settings["shortest_pause"])
    silence = _silence(run, log)
    values = {"silence_while_running": 0.0, "silence": 0.0, "pause": pause[0] if pause else 0.0}
    if usual is None or usual <= 0 or silence is None:
        if pause is None:
            return NotMeasured("nothing tells when its records were written")
        values |= {"silence_while_running": math.nan, "silence": math.nan}
        return _told_pause(pause, values)
    if silence < settings["shortest_silence"]:
        return _told_pause(pause, values) if pause else _lively(silence, usual, values)
    times = silence / usual
    evidence = (
        Evidence("silence", round(silence), "s"),
        Evidence("usual_interval", round(usual, 3), "s", "of its slow records"),
    )
    if running:
        values["silence_while_running"] = times
        title = f"No record for {_time(silence)}; its slow ones take {_time(usual)}"
        return Measurement(title, values, evidence, line=_last_line(run))
    unfinished = _unfinished(run, log, end)
    if unfinished is None:
        return NotMeasured("the log states no planned end: its silence may be its end")
    if not unfinished:
        return _told_pause(pause, values) if pause else Measurement("The run has ended", values)
    values["silence"] = times
    title = f"No record since {_when(run)} ({_time(silence)}) and the run is not finished"
    return Measurement(title, values, evidence, line=_last_line(run))


def _silence(run: TrainingRun, log: LogText | None) -> float | None:
    """Seconds from the last record to when the file was read, as far as the file tells."""
    if run.written is None:
        return None
    last = run.written.modified
    stamps = run.curve("timestamp")
    if stamps is not None and len(stamps) and not is_copy(run, log, run.written):
        # records of another kind may have been written to the same file since
        last = min(last, max(stamps.values))
    return max(0.0, run.written.read - last)


def _unfinished(run: TrainingRun, log: LogText | None, end: LogEnd | None) -> bool | None:
    """Whether the run is before its planned end; None where no plan is known."""
    own = log if log is not None and log.path == run.path else None
    if run.finished:
        return False
    if own is not None and end is not None:
        after = end.ordinary_after(_last_line(run) or 0)
        if after is None or len(after) > 60 or end.finished(_last_line(run) or 0):
            return False
        if open_bar(own) is not None:
            return True
    told = progress(run)
    if told is None or run.format == "Hugging Face trainer state":
        return None
    return told.reached + rhythm(run) <= told.planned and stopped_early(run) is None


def _pause(
    run: TrainingRun, log: LogText | None, shortest: float
) -> tuple[float, float, str] | None:
    """Share, seconds and place of the longest pause; None where records carry no times."""
    stamps = run.curve("timestamp")
    if stamps is not None and len(stamps) >= 5:
        gaps = [
            (after - before, line)
            for before, after, line in zip(
                stamps.values, stamps.values[1:], stamps.lines, strict=False
            )
            if after > before
        ]
        total = max(stamps.values) - min(stamps.values)
    elif log is not None and log.path == run.path and run.segment is None:
        if len(log.intervals) < 4 or log.first_time is None or log.last_time is None:
            return None
        gaps = [(pause.seconds, pause.line) for pause in log.pauses]
        first, last = log.first_time.replace(tzinfo=None), log.last_time.replace(tzinfo=None)
        total = (last - first).total_seconds()
    else:
        return None
    if len(gaps) < 2 or total <= 0:
        return None
    (longest, line), (second, _) = sorted(gaps, reverse=True)[:2]
    if longest < shortest or longest < 20 * second:
        return (0.0, longest, f"line {line}")
    return (longest / total, longest, f"line {line}")


def _told_pause(pause: tuple[float, float, str], values: dict[str, float]) -> Measurement:
    share, seconds, where = pause
    if share > 0:
        title = f"One pause of {_time(seconds)} is {share:.0%} of the run's time"
        line = int(where.removeprefix("line "))
        return Measurement(
            title, values, (Evidence("pause", round(seconds), "s", where),), line=line
        )
    title = f"Records come steadily; the longest pause is {_time(seconds)}"
    return Measurement(title, values, (Evidence("longest_pause", round(seconds, 1), "s", where),))


def _lively(silence: float, usual: float, values: dict[str, float]) -> Measurement:
    title = f"The last record is {_time(silence)} old; slow ones take {_time(usual)}"
    return Measurement(title, values)


def _last_line(run: TrainingRun) -> int | None:
    return max((curve.lines[-1] for curve in run.curves.values() if len(curve)), default=None)


def _when(run: TrainingRun) -> str:
    if run.written is None:
        return "long"
    return datetime.fromtimestamp(run.written.modified, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _time(seconds: float) -> str:
    for unit, size in (("days", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 2 else f"{seconds:.2g} s"
