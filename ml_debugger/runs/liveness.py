"""Whether a run may still go on while its log is read, and how long its records usually take."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ml_debugger.artifacts import LogText, TrainingRun, Written

_FEW = 5.0
"""Intervals within which a next record is no surprise: a validation or a save lies between."""
_UNKNOWN = 120.0
"""Seconds instead, for a log that tells nothing of its pace."""
_ZONES = 14 * 4
"""Quarters of an hour by which a local clock may differ from UTC."""
_BAR_TIME = re.compile(r"\[(?:(\d+):)?(\d+):(\d\d)<")
_BAR_RATE = re.compile(r"([\d.]+)(s/it|it/s)")


def usual_interval(run: TrainingRun, log: LogText | None) -> float | None:
    """Seconds that the slower records of the run take: the upper twentieth of its intervals.

    From the time stamps of its records, else from its step times, from its log, from the rate
    that a progress bar shows, or from how long the file was written to, if it is no copy. None
    where nothing tells.
    """
    stamps = run.curve("timestamp")
    if stamps is not None and len(stamps) >= 4:
        gaps = [b - a for a, b in zip(stamps.values, stamps.values[1:], strict=False) if b > a]
        if gaps:
            return _upper(gaps)
    times = run.curve("step_time")
    if times is not None and len(times) >= 4:
        return _upper([value for value in times.values if value > 0])
    if log is not None and len(log.intervals) >= 4:
        return _upper([value for value in log.intervals if value > 0])
    if log is not None and (rate := _rate_of_bar(log.tail)) is not None:
        return rate
    written = run.written
    if written is None or written.born is None or written.modified <= written.born:
        return None
    if is_copy(run, log, written):
        return None
    records = max((len(curve) for curve in run.curves.values()), default=0)
    return (written.modified - written.born) / records if records >= 3 else None


def may_still_run(run: TrainingRun, log: LogText | None) -> str | None:
    """Why the run may still go on; None where it has ended as far as can be known.

    A file that was written a moment ago may be written to again, unless it is a copy: its own
    time stamps lie elsewhere, or it was made in less time than its content took.
    """
    if run.running or (log is not None and log.running):
        return "it is running"
    written = run.written
    if written is None:
        return None
    age = written.read - written.modified
    usual = usual_interval(run, log)
    window = _UNKNOWN if usual is None else max(_FEW * usual, 10.0)
    if age > window or is_copy(run, log, written):
        return None
    return f"its file was written {max(age, 0.0):.0f} s before it was read: it may still run"


def is_copy(run: TrainingRun, log: LogText | None, written: Written) -> bool:
    """Whether the file was made later than what it tells of."""
    last = log.last_time if log is not None else None
    if last is not None and last.year > 1904 and not _agree(last, written.modified):
        return True
    if written.born is None:
        return False
    lifetime = written.modified - written.born
    told = _told_seconds(run, log)
    if told is not None:
        return lifetime < 0.5 * told
    records = max((len(curve) for curve in run.curves.values()), default=0)
    return records >= 3 and lifetime < 0.5


def _agree(stamp: datetime, modified: float) -> bool:
    """Whether a time stamp is that of the last write, in some time zone of the world."""
    away = modified - stamp.replace(tzinfo=UTC).timestamp()
    if stamp.tzinfo is not None:
        return abs(away) < 900
    quarter = timedelta(minutes=15).total_seconds()
    return abs(away) <= _ZONES * quarter and abs(away - quarter * round(away / quarter)) < 300


def _told_seconds(run: TrainingRun, log: LogText | None) -> float | None:
    """How long the run went on by its own account."""
    stamps = run.curve("timestamp")
    if stamps is not None and len(stamps) >= 2:
        return max(stamps.values) - min(stamps.values)
    if log is not None and log.first_time is not None and log.last_time is not None:
        return (
            log.last_time.replace(tzinfo=None) - log.first_time.replace(tzinfo=None)
        ).total_seconds()
    if log is not None:
        for text in reversed(log.tail):
            if found := _BAR_TIME.search(text):
                hours, minutes, seconds = (int(part or 0) for part in found.groups())
                return hours * 3600.0 + minutes * 60.0 + seconds
    return None


def _rate_of_bar(tail: Sequence[str]) -> float | None:
    for text in reversed(tail):
        found = _BAR_RATE.search(text)
        if found is not None and float(found.group(1)) > 0:
            value = float(found.group(1))
            return value if found.group(2) == "s/it" else 1 / value
    return None


def _upper(values: Sequence[float]) -> float | None:
    ordered = sorted(value for value in values if math.isfinite(value))
    return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))] if ordered else None
