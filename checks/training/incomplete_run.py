"""TRN020: the log stops before its own planned end, with no word why."""

from __future__ import annotations

import math
import re

from ml_debugger.artifacts import LogText, TrainingRun
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.runs.liveness import may_still_run
from ml_debugger.runs.log_end import LogEnd
from ml_debugger.runs.run_plan import (
    Progress,
    just_past_best,
    open_bar,
    progress,
    rhythm,
    stopped_early,
)

_SNAPSHOT = re.compile(r"checkpoint-\d+")


@check(
    code="TRN020",
    name="incomplete-run",
    component="training",
    playbook="training-run",
    limits=[
        Limit(
            name="missing",
            unit="share of the plan",
            direction="above",
            fail=0.0,
            meaning="what is missing of the planned steps, where nothing explains the end",
            source="the log's own plan; Keras and PyTorch Lightning print it in every epoch",
        ),
        Limit(
            name="maybe_missing",
            unit="share of the plan",
            direction="above",
            warn=0.0,
            meaning="what is missing, where a patience of one epoch may explain the end",
            source="Keras EarlyStopping and Lightning EarlyStopping end in silence by default",
        ),
    ],
    explained_by=("run-crashed", "cuda-out-of-memory", "no-space-left", "nccl-timeout",
                  "oom-killed"),
    profiles=("pre-train", "full"),
)  # fmt: skip
def incomplete_run(run: TrainingRun, log: LogText | None) -> Outcome:
    """The log stops before its own planned end, with no word why.

    What it measures:
        The last record against the end that the log itself announces: "Epoch 3/10", max_steps,
        a progress bar. Also a run that wrote its settings and then nothing. What explains an
        end is no fault: a crash or a signal, which another check names, an interruption by
        hand, early stopping, whether announced or seen from a best value that lies some records
        back, and a word that the training is done. A log without a plan and one that may still
        be written to are not judged, nor is the state that a trainer keeps in each checkpoint.

    Why it matters:
        What looks like a result is an unfinished one: its schedule never came to its low rates,
        and the checkpoint is that of some moment.

    What to do:
        Look for the process: is it still there, has the machine started anew, did a session
        end that held the terminal (nohup, tmux), did a time limit of the scheduler pass? Look
        into dmesg for the out-of-memory killer. Go on from the last checkpoint.

    Sources:
        The log's own plan. Slurm documentation, job states. Prechelt, Early Stopping - But
        When?, 1998.
    """
    reason = _not_judged(run, log)
    if reason is not None:
        return NotMeasured(reason)
    own = log if log is not None and log.path == run.path else None
    if not run.curves:
        if run.finished:
            return Measurement("The run logged no metric and came to its end", _values(0.0))
        title = "The run logged its settings and then nothing"
        return Measurement(title, _values(1.0), (Evidence("metrics", 0),))
    told = progress(run)
    bar = open_bar(own) if own is not None else None
    if run.finished:
        return Measurement(f"The run came to its end{_of(told)}", _values(0.0))
    line = max(curve.lines[-1] for curve in run.curves.values() if len(curve))
    if own is not None:
        after = LogEnd(own).ordinary_after(line)
        if after is None or len(after) > 60:
            return NotMeasured("the log goes on with something else behind this run")
        if LogEnd(own).finished(line):
            return Measurement(f"The log says that it is done{_of(told)}", _values(0.0))
    if bar is not None and own is not None:
        return _stopped_in_bar(run, own, bar, line)
    if told is None:
        if run.finished is False:
            title = "The log says that the run did not come to its end"
            return Measurement(title, _values(1.0), line=line)
        return NotMeasured("the log states no planned end")
    return _against_plan(run, own, told, line)


def _not_judged(run: TrainingRun, log: LogText | None) -> str | None:
    if run.format == "Hugging Face trainer state" or _SNAPSHOT.search(run.path or ""):
        return "the state that a trainer keeps in a checkpoint ends where the checkpoint was made"
    if log is not None:
        end = LogEnd(log)
        if end.ended_by():
            return "the log says why it ended"
        if end.by_hand:
            return "it was interrupted by hand"
    return may_still_run(run, log)


def _stopped_in_bar(
    run: TrainingRun, log: LogText, bar: tuple[int, int, int], line: int
) -> Measurement:
    percent, done, total = bar
    where = f"line {log.tail_lines[-1]}" if log.tail_lines else None
    evidence = [Evidence("bar", f"{done}/{total}", None, where)]
    told = progress(run)
    if told is not None:
        evidence.append(Evidence("reached", round(told.reached, 3), told.unit))
        evidence.append(Evidence("planned", told.planned, told.unit))
    title = f"The log stops within a progress bar at {percent} % ({done:,} of {total:,})"
    return Measurement(title, _values(1 - done / total), tuple(evidence), line=line)


def _against_plan(run: TrainingRun, log: LogText | None, told: Progress, line: int) -> Measurement:
    evidence = (
        Evidence("reached", round(told.reached, 3), told.unit, f"line {line}"),
        Evidence("planned", told.planned, told.unit),
        *((Evidence("last_line", log.tail[-1][:120], None, "cut off"),)
          if log is not None and not log.complete and log.tail else ()),
    )  # fmt: skip
    if told.reached + rhythm(run) > told.planned:
        return Measurement(f"The run came to its end{_of(told)}", _values(0.0), evidence)
    missing = 1 - told.share
    within = told.unit == "epoch" and told.reached != int(told.reached)
    waited = None if within else stopped_early(run)
    if waited is not None:
        title = f"Ended{_of(told)} with {waited} past its best, as early stopping does"
        return Measurement(title, _values(0.0), evidence)
    unsure = not within and just_past_best(run)
    title = f"The log stops{_of(told)} with no word why"
    return Measurement(
        title, _values(0.0 if unsure else missing, missing if unsure else 0.0), evidence, line=line
    )


def _values(missing: float, maybe: float = 0.0) -> dict[str, float]:
    return {"missing": missing, "maybe_missing": maybe}


def _of(told: Progress | None) -> str:
    if told is None:
        return ""
    reached = f"{told.reached:.2f}".rstrip("0").rstrip(".") if math.isfinite(told.reached) else "?"
    return f" at {told.unit} {reached} of {told.planned:g}"
