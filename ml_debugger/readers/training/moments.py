"""Moments and durations as logs write them in cells of their own."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

_DURATION = re.compile(r"(?:(\d{1,4}):)?(\d{1,3}):(\d{2}(?:\.\d+)?)")
_EARLIEST, _LATEST = 3e8, 1e10
"""1979 to 2286; other numbers count from the start of something."""

CLOCKS = frozenset(
    {"timestamp", "_timestamp", "@timestamp", "time_stamp", "time", "ts", "wall_time", "walltime",
     "datetime", "date", "asctime", "created_at", "created", "logged_at", "utc", "unix_time"}
)  # fmt: skip
"""Names of fields that may hold the moment of a record."""


def moment(value: object) -> float | None:
    """Seconds since 1970 of a Unix time in s, ms, us or ns, or of an ISO 8601 text; else None.

    A text without a zone is taken for UTC.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _unix(float(value)) if abs(value) < 1e20 else None
    if not isinstance(value, str) or not 8 <= len(value.strip()) <= 40:
        return None
    text = value.strip()
    try:
        return _unix(float(text))
    except ValueError:
        pass
    if ":" not in text:
        return None
    try:
        when = datetime.fromisoformat(text.replace(",", ".").replace("/", "-"))
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def duration(text: str) -> float | None:
    """Seconds of a duration such as 00:12 or 1:02:03; None for anything else."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        return None
    hours, minutes, seconds = found.groups()
    return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds)


def _unix(number: float) -> float | None:
    if not math.isfinite(number):
        return None
    for factor in (1.0, 1e-3, 1e-6, 1e-9):
        if _EARLIEST < number * factor < _LATEST:
            return number * factor
    return None
