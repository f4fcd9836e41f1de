"""The clock of daily bars: which zone's midnight they stand at, and whether their dates are right.

A bar of a day that is stamped at midnight of its exchange and then converted to UTC stands at
04:00 or 05:00 for New York, and on the evening before for every zone east of Greenwich.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from ml_debugger.artifacts import Bars

ZONES = (
    "America/New_York",
    "Europe/London",
    "Europe/Berlin",
    "Australia/Sydney",
    "Pacific/Auckland",
    "America/Sao_Paulo",
    "America/Mexico_City",
    "America/Santiago",
    "Asia/Jerusalem",
)
"""Zones that stand for all rules of summer time of exchanges; some are rules of the past."""
ONE_CLOCK = 0.98
"""Share of bars that must stand at one time of day; sessions of half a day are 1.2 %."""
LEAST_BARS = 20
FEW_ODD = 3
"""Bars whole hours off that make a second clock; one or two are slips of a vendor."""
SHIFTED = {"12347": 1, "23456": -1}
"""Weekdays of a market of Monday to Friday whose dates are a day early or late: days to add."""

ONE, CONVERTED, WRONG_DATE, MIXED, IRREGULAR = (
    "one clock",
    "midnight of another zone",
    "wrong date",
    "mixed clocks",
    "irregular",
)


@dataclass(frozen=True)
class Clock:
    """What the stamps of a ticker's daily bars are, said in words; `odd` bars do not fit."""

    kind: str
    said: str
    odd: int = 0


def weekday_counts(bars: Bars) -> pl.DataFrame:
    """Bars of each ticker by weekday, where any stands on a weekend: `id`, `weekday`, `len`."""
    import polars as pl

    time = bars.frame["time"]
    counts = time.cast(pl.Date).value_counts(name="bars").drop_nulls()
    ends = counts.filter(pl.col("time").dt.weekday() >= 6)["bars"].sum()
    if not ends:
        return pl.DataFrame(schema={"id": pl.UInt32, "weekday": pl.Int8, "len": pl.UInt32})
    weekday = bars.frame.select(
        bars.number.alias("id"), pl.col("time").cast(pl.Date).dt.weekday().alias("weekday")
    )
    return weekday.group_by("id", "weekday").len()


def off_by_a_day(days: Sequence[date], weekdays: str, suffix: str) -> tuple[int, str] | None:
    """Days that must be added to the dates, and the exchange that then explains them.

    None where the dates are those of an exchange that trades on these weekdays, or of none.
    """
    from ml_debugger.data.exchanges import WEEKDAYS, kept_by

    add = SHIFTED.get(weekdays)
    if add is None or kept_by(days, weekdays, suffix) is not None:
        return None
    moved = [day + timedelta(days=add) for day in days]
    kept = kept_by(moved, WEEKDAYS, suffix)
    # futures are dated by the evening on which their session begins, which is a convention
    if kept is None or kept.exchange == "us_futures":
        return None
    return add, kept.exchange


def clock_of(times: pl.Series, local: bool) -> Clock:
    """What the stamps of one ticker's daily bars are; `times` carry no zone.

    `local` says that they are the clock of a zone that the column names, so no midnight of
    another zone is looked for. The last bar is left out: a running session has its own time.
    """

    stamps: pl.Series = times[:-1]
    minute = _minutes(stamps)
    usual, share = _usual(minute)
    if share >= ONE_CLOCK or len(stamps) < LEAST_BARS:
        return _one(f"at {_text(usual)}", minute, usual)
    best: tuple[float, str, int, pl.Series] = (share, "", usual, minute)
    if not local:
        for zone in ZONES:
            turned = stamps.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
            inside = _minutes(turned)
            at, same = _usual(inside)
            if same > best[0]:
                best = (same, zone, at, inside)
    same, zone, at, inside = best
    if zone and same >= ONE_CLOCK:
        if at != 0:
            return _one(f"at {_text(at)} of {zone}", inside, at)
        dates = stamps.dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.date()
        moved = int((dates != stamps.dt.date()).sum())
        if moved:
            return Clock(WRONG_DATE, f"midnight of {zone} written in UTC", moved)
        return Clock(CONVERTED, f"midnight of {zone} written in UTC", len(stamps))
    # a clock that wanders by minutes is that of the last trade
    if same < 0.5 and minute.n_unique() > 10:
        return Clock(IRREGULAR, "at many times of day")
    return Clock(MIXED, _beside(minute, usual), int(_odd(minute, usual).sum()))


def _one(said: str, minute: pl.Series, usual: int) -> Clock:
    """One clock, unless several bars stand whole hours off."""
    odd = int(_odd(minute, usual).sum())
    return Clock(MIXED, _beside(minute, usual), odd) if odd >= FEW_ODD else Clock(ONE, said, odd)


def _beside(minute: pl.Series, usual: int) -> str:
    """The usual clock and the commonest other one: `at 05:00 where most stand at 00:00`."""
    other, _ = _usual(minute.filter(_odd(minute, usual)))
    return f"at {_text(other)} where most stand at {_text(usual)}"


def _minutes(times: pl.Series) -> pl.Series:
    import polars as pl

    return times.dt.hour().cast(pl.Int32) * 60 + times.dt.minute().cast(pl.Int32)


def _usual(minute: pl.Series) -> tuple[int, float]:
    """The commonest minute of the day, and the share of bars at it."""
    if minute.is_empty():
        return 0, 1.0
    at = int(minute.mode().min())  # type: ignore[arg-type]
    return at, float((minute == at).mean())  # type: ignore[arg-type]


def _odd(minute: pl.Series, usual: int) -> pl.Series:
    """Whether bars stand whole or half hours off the usual clock, other than by an early close."""
    apart = minute - usual
    early = apart.is_between(-240, -120)
    return (apart % 30 == 0) & (apart != 0) & ~early


def _text(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def odd_offsets(offsets: Mapping[str, Mapping[str, int]]) -> dict[str, tuple[int, str]]:
    """Tickers whose times carry offsets that one zone cannot have: bars and what is seen.

    Summer time moves a zone by an hour; times without any offset do not fit those with one.
    """
    found: dict[str, tuple[int, str]] = {}
    for ticker, counts in offsets.items():
        named = {text: bars for text, bars in counts.items() if text}
        if named and counts.get(""):
            found[ticker] = (min(counts[""], sum(named.values())), "some carry no offset")
            continue
        by_minutes: dict[int, int] = {}
        for text, bars in named.items():
            at = _offset(text)
            by_minutes[at] = by_minutes.get(at, 0) + bars
        if by_minutes and max(by_minutes) - min(by_minutes) > 60:
            usual = max(by_minutes, key=lambda at: by_minutes[at])
            odd = sum(bars for at, bars in by_minutes.items() if abs(at - usual) > 60)
            said = " and ".join(sorted(named))
            found[ticker] = (odd or min(by_minutes.values()), f"offsets {said}")
    return found


def _offset(text: str) -> int:
    """Minutes from UTC of a written offset."""
    if not text.startswith(("+", "-")):
        return 0
    digits = text[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:4])
    return -minutes if text[0] == "-" else minutes


def wall(times: Any) -> tuple[Any, bool]:
    """Times as their clock shows them, and whether the column names a zone that is not UTC."""
    zone = getattr(times.dtype, "time_zone", None)
    if zone is None:
        return times, False
    return times.dt.replace_time_zone(None), zone not in ("UTC", "Etc/UTC", "GMT")
