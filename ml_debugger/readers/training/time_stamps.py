"""The time stamps of a log while it streams by: the first, the last, and the intervals between."""

from __future__ import annotations

import heapq
import re
from datetime import UTC, datetime, timedelta

from ml_debugger.artifacts import Pause

MAX_INTERVALS = 1_000
_PAUSES = 5
# every line of the first pieces; of more, one line in this many bytes
_WHOLE = 1 << 18
_EVERY = 4_096
_SILENT = 500
_WIDTH = 120

_ISO = re.compile(
    r"(?<!\d)(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,6})\d*)?"
    r"(Z|[+-]\d\d:?\d\d)?"
)
_AMERICAN = re.compile(r"(?<!\d)(\d\d)/(\d\d)/(\d{4})[ T](\d\d):(\d\d):(\d\d)")
_SHORT = re.compile(r"(?<!\d)(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)(?!\d)")
_SYSLOG = re.compile(
    r"\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)\b"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# logs without a year: any leap year does for intervals
_NO_YEAR = 1904


def stamp_of(text: str) -> datetime | None:
    """The time stamp near a line's beginning; UTC where it names a zone, else as written.

    Without a year the year is 1904.
    """
    head = text[:_WIDTH]
    if ":" not in head:
        return None
    try:
        return _iso(head) or _american(head) or _yearless(head)
    except ValueError:
        return None


def _iso(head: str) -> datetime | None:
    found = _ISO.search(head)
    if found is None:
        return None
    year, month, day, hour, minute, second, part, zone = found.groups()
    micro = int((part or "0").ljust(6, "0"))
    when = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), micro)
    if zone is None:
        return when
    if zone != "Z":
        digits = zone[1:].replace(":", "")
        away = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        when = when - away if zone[0] == "+" else when + away
    return when.replace(tzinfo=UTC)


def _american(head: str) -> datetime | None:
    found = _AMERICAN.search(head)
    if found is None:
        return None
    first, second, year = (int(group) for group in found.group(1, 2, 3))
    month, day = (first, second) if first <= 12 else (second, first)
    return datetime(year, month, day, *_clock(found))


def _yearless(head: str) -> datetime | None:
    found = _SHORT.search(head)
    if found is not None:
        return datetime(_NO_YEAR, int(found[1]), int(found[2]), *_clock(found))
    found = _SYSLOG.search(head)
    if found is None:
        return None
    return datetime(_NO_YEAR, _MONTHS.index(found[1]) + 1, int(found[2]), *_clock(found))


def _clock(found: re.Match[str]) -> tuple[int, int, int]:
    """Hour, minute and second: the last three groups."""
    hour, minute, second = found.groups()[-3:]
    return int(hour), int(minute), int(second)


class TimeStamps:
    """Collects them; a log of gigabytes is looked at in samples, a long pause shows in them too."""

    def __init__(self) -> None:
        self.first: datetime | None = None
        self.last: datetime | None = None
        self._line_of_last = 0
        self._intervals: list[float] = []
        self._stride = 1
        self._count = 0
        self._taken = 0
        self._pauses: list[tuple[float, int, datetime]] = []
        self._silent = 0

    @property
    def intervals(self) -> tuple[float, ...]:
        """Seconds between records, evenly thinned."""
        return tuple(self._intervals)

    @property
    def pauses(self) -> tuple[Pause, ...]:
        """The longest intervals, the longest first."""
        ordered = sorted(self._pauses, reverse=True)
        return tuple(Pause(seconds, line, start) for seconds, line, start in ordered)

    def take(self, text: str, first_line: int) -> None:
        """Whole lines of the log, the first of which has the given number."""
        whole = _WHOLE - self._taken
        self._taken += len(text)
        at, line = 0, first_line
        while at < len(text):
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            self._look(text[at : at + _WIDTH] if end - at > _WIDTH else text[at:end], line)
            following = end + 1
            if at > whole or self._silent > _SILENT:
                skip = text.find("\n", following + _EVERY)
                if skip < 0:
                    return
                line += text.count("\n", following, skip + 1)
                following = skip + 1
            at = following
            line += 1

    def _look(self, head: str, line: int) -> None:
        when = stamp_of(head)
        if when is None:
            self._silent += self.first is None
            return
        if self.last is None:
            self.first = when
        elif (when.tzinfo is None) == (self.last.tzinfo is None):
            self._interval((when - self.last).total_seconds())
        self.last = when
        self._line_of_last = line

    def _interval(self, seconds: float) -> None:
        if seconds < 0 or self.last is None:
            return
        self._count += 1
        pause = (seconds, self._line_of_last, self.last.replace(tzinfo=None))
        if len(self._pauses) < _PAUSES:
            heapq.heappush(self._pauses, pause)
        elif seconds > self._pauses[0][0]:
            heapq.heapreplace(self._pauses, pause)
        if self._count % self._stride == 0:
            self._intervals.append(seconds)
        if len(self._intervals) > MAX_INTERVALS:
            self._intervals = self._intervals[::2]
            self._stride *= 2
