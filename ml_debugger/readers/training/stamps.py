"""Time stamps of log lines, as seconds since 1970."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from ml_debugger.readers.training.skeleton import MARK, place

_SEARCHED = 160
_M = MARK
_CLOCK = rf"{_M}:{_M}(?::{_M})?(?:,{_M})?"
_ZONE = rf"(?P<zone>\s?Z\b|\s?UTC\b|[ ]?[+-]{_M}(?::{_M})?)?"
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_NAMED = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]{{0,6}}\.?"
# after the date a comma, a space, a T or an underscore
_GAP = r"(?:,?\s+|T|_|\s-\s)"
_ISO = re.compile(rf"{_M}([-/.]){_M}\1{_M}{_GAP}{_CLOCK}{_ZONE}")
_SYSLOG = re.compile(rf"(?:^|[\s\[(|,]){_NAMED}\s+{_M}\s+{_CLOCK}(?:\s+(?P<year>{_M}))?", re.I)
_DAY_FIRST = re.compile(rf"{_M}[\s/-]{_NAMED}[\s/-]{_M}[\s:]+{_CLOCK}", re.I)
# 02.01.2025 and 02/Jan/2025: the year stays in the text, behind a point or a letter
_DOTTED = re.compile(rf"{_M}\.(?P<year>\d{{4}}){_GAP}{_CLOCK}")
_SLASHED = re.compile(rf"{_M}[/-]{_NAMED}[/-](?P<year>\d{{4}})[\s:]{_CLOCK}", re.I)
# I0102 10:11:12.345: the date is glued to the letter and so stays in the text
_ABSL = re.compile(rf"^[IWEFD](?P<monthday>\d{{4}})\s+{_CLOCK}")
_SHORT = re.compile(rf"^\[?{_M}/{_M}\s+{_CLOCK}")
_SECONDS = re.compile(rf"^[\[(]?{_M}[\])]?[:,|]?(?=\s)")


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where a line's time stamp stands: the numbers of its parts, and how to read them."""

    numbers: tuple[int, ...]
    start: int
    end: int
    read: Callable[[Sequence[str], float], float | None]


def find(skeleton: str) -> Stamp | None:
    """The first time stamp with a date near the start of a line."""
    head = skeleton[:_SEARCHED]
    if _M not in head:
        return None
    for form, make in _FORMS:
        found = form.search(head)
        if found is None:
            continue
        first = place(head, found.start())
        count = found.group().count(_M)
        read = make(found)
        # a number at the start may be something else: whether it is a time shows in its value
        end = found.start() if form is _SECONDS else found.end()
        return Stamp(tuple(range(first, first + count)), found.start(), end, read)
    return None


Read = Callable[[Sequence[str], float], float | None]


def _iso(found: re.Match[str]) -> Read:
    zone = (found.group("zone") or "").strip()
    zoned = 2 if zone.count(_M) == 2 else zone.count(_M)
    sign = -1 if zone.startswith("-") else 1
    dotted = found.group(1) == "."

    def read(parts: Sequence[str], _: float) -> float | None:
        date = [int(part) for part in parts[:3]]
        if len(parts[0]) == 4:
            year, month, day = date
        elif len(parts[2]) == 4 or (len(parts[0]) == len(parts[2]) == 2 and not dotted):
            # 01/02/2025 has the month first in the logs of American libraries
            month, day, year = date
            if dotted or month > 12:
                month, day = day, month
            year += 2000 if year < 100 else 0
        else:
            return None
        shift = 0.0
        rest = parts[3:]
        if zoned:
            written = rest[len(rest) - zoned :]
            rest = rest[: len(rest) - zoned]
            hours, minutes = (written[0][:2], written[0][2:] or "0") if zoned == 1 else written
            shift = sign * (int(hours) * 3600 + int(minutes) * 60)
        return _seconds(year, month, day, rest, shift)

    return read


def _syslog(found: re.Match[str]) -> Read:
    month = _MONTHS.index(found.group("month").lower()) + 1
    with_year = found.group("year") is not None

    def read(parts: Sequence[str], near: float) -> float | None:
        rest = parts[1:]
        if with_year and len(rest[-1]) == 4:
            return _seconds(int(rest[-1]), month, int(parts[0]), rest[:-1], 0.0)
        return _of_year(near, month, int(parts[0]), rest[: 4 if not with_year else len(rest) - 1])

    return read


def _day_first(found: re.Match[str]) -> Read:
    month = _MONTHS.index(found.group("month").lower()) + 1
    return lambda parts, _: _seconds(int(parts[1]), month, int(parts[0]), parts[2:], 0.0)


def _dotted(found: re.Match[str]) -> Read:
    year = int(found.group("year"))

    def read(parts: Sequence[str], _: float) -> float | None:
        day, _point, month = parts[0].partition(".")
        return _seconds(year, int(month), int(day), parts[1:], 0.0)

    return read


def _slashed(found: re.Match[str]) -> Read:
    month = _MONTHS.index(found.group("month").lower()) + 1
    year = int(found.group("year"))
    return lambda parts, _: _seconds(year, month, int(parts[0]), parts[1:], 0.0)


def _absl(found: re.Match[str]) -> Read:
    month, day = int(found.group("monthday")[:2]), int(found.group("monthday")[2:])
    return lambda parts, near: _of_year(near, month, day, parts)


def _short(_: re.Match[str]) -> Read:
    return lambda parts, near: _of_year(near, int(parts[0]), int(parts[1]), parts[2:])


def _epoch_seconds(_: re.Match[str]) -> Read:
    def read(parts: Sequence[str], _: float) -> float | None:
        value = float(parts[0])
        for factor in (1.0, 1e-3, 1e-6, 1e-9):
            # 2001 to 2128
            if 1e9 <= value * factor < 5e9:
                return value * factor
        return None

    return read


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Read]], ...] = (
    (_ISO, _iso),
    (_SYSLOG, _syslog),
    (_DAY_FIRST, _day_first),
    (_DOTTED, _dotted),
    (_SLASHED, _slashed),
    (_ABSL, _absl),
    (_SHORT, _short),
    (_SECONDS, _epoch_seconds),
)


def _of_year(near: float, month: int, day: int, clock: Sequence[str]) -> float | None:
    """The time in the year that puts it before `near`, when the file was written last."""
    year = datetime.fromtimestamp(near, UTC).year
    value = _seconds(year, month, day, clock, 0.0)
    if value is not None and value > near + 2 * 86_400:
        value = _seconds(year - 1, month, day, clock, 0.0)
    return value


@lru_cache(maxsize=512)
def _day(year: int, month: int, day: int) -> float | None:
    try:
        return datetime(year, month, day, tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def _seconds(year: int, month: int, day: int, clock: Sequence[str], shift: float) -> float | None:
    start = _day(year, month, day) if 1970 <= year < 2200 else None
    if start is None or not 2 <= len(clock) <= 4:
        return None
    value = start + int(clock[0]) * 3600 + int(clock[1]) * 60 - shift
    if len(clock) > 2:
        value += float(clock[2].replace(",", "."))
    if len(clock) > 3:
        value += float(f"0.{clock[3]}")
    return value if value < start + 2 * 86_400 else None


def seconds(stamp: Stamp, numbers: Sequence[str], near: float) -> float | None:
    """The time of a line; None where its numbers are no date."""
    try:
        return stamp.read([numbers[at] for at in stamp.numbers], near)
    except (ValueError, IndexError, OverflowError, OSError):
        return None
