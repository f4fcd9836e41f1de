"""The time limit that a log states, and how much of it the run has used."""

from __future__ import annotations

import re

from ml_debugger.artifacts import TrainingRun
from ml_debugger.curves.points import finite
from ml_debugger.runs.metric_names import words

_LIMIT = frozenset({"limit", "max", "maximum", "budget", "timeout", "walltime"})
_OF_THE_RUN = frozenset({"time", "train", "training", "run", "runtime", "job", "wall", "walltime",
                         "minutes", "hours", "duration"})  # fmt: skip
_OF_A_PART = frozenset({"wait", "delay", "step", "epoch", "request", "nccl", "idle", "horizon"})
_UNITS = {
    **dict.fromkeys(("hours", "hour", "hrs", "h"), 3600.0),
    **dict.fromkeys(("minutes", "minute", "mins", "min"), 60.0),
    **dict.fromkeys(("seconds", "second", "secs", "sec", "s"), 1.0),
}
_CLOCK = re.compile(r"(?:(\d+)[-:])?(\d{1,3}):(\d{2}):(\d{2})")


def time_limit_used(run: TrainingRun) -> float | None:
    """Time between the first and the last record, as a share of the limit; None without one."""
    moments = run.curve("timestamp")
    values = finite(moments).values if moments is not None else []
    limit = next((s for name, text in run.details.items() if (s := _seconds(name, text))), None)
    return (max(values) - min(values)) / limit if limit and len(values) > 1 else None


def _seconds(name: str, text: str) -> float | None:
    """A time limit in seconds: by its unit in the name, or as a clock writes it."""
    said = set(words(name))
    if _LIMIT.isdisjoint(said) or _OF_THE_RUN.isdisjoint(said) or not _OF_A_PART.isdisjoint(said):
        return None
    if "timeout" in said and {"train", "training", "run", "job"}.isdisjoint(said):
        return None
    unit = next((_UNITS[word] for word in said if word in _UNITS), None)
    clock = _CLOCK.fullmatch(text.strip())
    if clock:
        days, hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
    try:
        return float(text) * unit if unit is not None and float(text) > 0 else None
    except ValueError:
        return None
