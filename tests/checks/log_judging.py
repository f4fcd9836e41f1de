"""Judges the text of a log: written to a file, opened as any file is, given to checks."""

from __future__ import annotations

import os
from pathlib import Path

from ml_debugger.artifacts import Artifact, LogText, TrainingRun
from ml_debugger.contract import Check, Measurement, NotMeasured, Settings, Status
from ml_debugger.readers.opening import open_file

PAST = 1_700_000_000.0


def read_log(
    folder: Path, text: str, name: str = "train.log", age: float | None = None
) -> list[Artifact]:
    """What the file yields; written in the past, or `age` seconds before it is read."""
    file = folder / name
    file.write_text(text, encoding="utf-8")
    if age is None:
        os.utime(file, (PAST, PAST))
    else:
        now = file.stat().st_mtime - age
        os.utime(file, (now, now))
    return [a for a in open_file(file, name, named=True) if isinstance(a, LogText | TrainingRun)]


def log_of(artifacts: list[Artifact]) -> LogText:
    """The text among what was read."""
    return next(a for a in artifacts if isinstance(a, LogText))


def judged(check: Check, artifacts: list[Artifact]) -> tuple[Status, Measurement | None]:
    """The worst status over the check's subjects, with its measurement."""
    settings = Settings({s.name: s.default for s in check.settings})
    log = next((a for a in artifacts if isinstance(a, LogText)), None)
    worst: tuple[Status, Measurement | None] = (Status.SKIP, None)
    for subject in (a for a in artifacts if type(a) is check.judges):
        given = [subject] if len(check.needs) == 1 else [subject, log]
        outcome = check.run(given, settings)
        if isinstance(outcome, NotMeasured):
            continue
        values = [limit.judge(outcome.values[limit.name]) for limit in check.limits]
        status = max(values, key=lambda one: one.gravity)
        if worst[1] is None or status.gravity > worst[0].gravity:
            worst = (status, outcome)
    return worst
