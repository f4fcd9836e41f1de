"""The column of dates or times, whatever it is written as.

Stamps that all stand at midnight become `Date`; others become `Datetime` in microseconds, with
the zone UTC where they carry an offset. Numbers may be YYYYMMDD or counts since 1970 in
seconds, milliseconds, microseconds or nanoseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from ml_debugger.readers.tables.columns import TIME, normal
from ml_debugger.readers.tables.notations import (
    CLOCK_FORMATS,
    DATE_FORMATS,
    LEAST_SHARE,
    mixed_notations,
)
from ml_debugger.readers.tables.table import Table

_ZONE = r":\d{2}[0-9:.]*\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})$"
_CLOCK = r"^\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?$"
_EPOCHS = ((1e17, "ns", 1_000), (1e14, "us", 1), (1e11, "ms", -1_000), (1e8, "s", -1_000_000))
NEIGHBOURS = 6
"""So many of the other columns tell whether a row without a time is a blank one."""
_LATER_CELLS = 2_000
"""So many cells that the sample's notation cannot read tell what other notation they have."""
_PARSED = 0.8
"""A column is one of dates when at least this share of its filled cells can be read as such."""


@dataclass(frozen=True)
class TimeColumn:
    """A column that holds the time of each row, and the expression that reads it.

    `columns` are those it is read from. `problem` says what could not be read or carries no zone;
    `misread` what a reader that knows one notation would not take for dates.
    `offset` gives the text of each time's offset from UTC, null where it has none, and is None
    where no time has one; `offsets` counts the different ones, none among them.
    """

    column: str
    columns: tuple[str, ...]
    expression: pl.Expr
    problem: str | None
    misread: str | None = None
    offset: pl.Expr | None = None
    offsets: int = 0


def find_time(table: Table) -> TimeColumn | None:
    """The column that tells the time of each row; None if there is none."""
    for column in _candidates(table):
        found = _moment(table.sample[column])
        if found is None:
            continue
        moment, ways = found
        clock = _clock_beside(table, column)
        if clock is not None:
            moment = moment.dt.combine(_clock(pl.col(clock)), "us")
        return _finish(table, column, clock, moment, ways)
    return None


def read_time(table: Table, column: str) -> TimeColumn | None:
    """The same for a column that is known by name."""
    found = _moment(table.sample[column])
    return None if found is None else _finish(table, column, None, *found)


def _candidates(table: Table) -> Iterable[str]:
    plain: dict[str, str] = {}
    for column in table.columns:
        plain.setdefault(normal(column), column)
    named = [plain[name] for name in TIME if name in plain]
    yield from named
    for column, kind in table.schema.items():
        if column not in named and kind in (pl.Date, pl.Datetime):
            yield column
    for column in table.columns[:1]:
        if column not in named and table.schema[column] == pl.String:
            yield column


def _moment(sample: pl.Series) -> tuple[pl.Expr, int] | None:
    """An expression that gives Date or Datetime, and in how many notations they are written.

    None when the sample holds no dates.
    """
    column = pl.col(sample.name)
    if sample.dtype == pl.Date:
        return column, 1
    if isinstance(sample.dtype, pl.Datetime):
        return column.dt.cast_time_unit("us"), 1
    filled = sample.drop_nulls()
    if filled.is_empty():
        return None
    if sample.dtype.is_numeric():
        number = _from_number(filled)
        return None if number is None else (number, 1)
    if sample.dtype == pl.String:
        return _from_text(filled)
    return None


def _from_number(filled: pl.Series) -> pl.Expr | None:
    column = pl.col(filled.name)
    if not filled.dtype.is_integer() and not (filled == filled.round()).all():
        filled = filled.floor()
    low, high = filled.cast(pl.Float64).min(), filled.cast(pl.Float64).max()
    if not isinstance(low, float) or not isinstance(high, float) or not low > 0:
        return None
    if low >= 19_000_101 and high <= 21_001_231:
        text = column.cast(pl.Int64).cast(pl.String)
        parsed = filled.cast(pl.Int64).cast(pl.String).str.to_date("%Y%m%d", strict=False)
        if parsed.null_count() <= (1 - _PARSED) * len(parsed):
            return text.str.to_date("%Y%m%d", strict=False)
    for floor, _, factor in _EPOCHS:
        # 1975 to 2100 in this unit: a plain count or a price is no stamp
        if low >= 1.58 * floor and high <= 41 * floor:
            if factor > 0:
                return (column.cast(pl.Int64) // factor).cast(pl.Datetime("us"))
            return (column.cast(pl.Float64) * -factor).cast(pl.Int64).cast(pl.Datetime("us"))
    return None


def _from_text(filled: pl.Series) -> tuple[pl.Expr, int] | None:
    texts = filled.str.strip_chars().filter(filled.str.strip_chars() != "")
    if texts.is_empty() or float(texts.head(200).str.contains(r"\d").mean() or 0) < _PARSED:  # type: ignore[arg-type]
        return None
    frame = texts.to_frame()
    column = pl.col(filled.name)
    zoned = texts.str.contains(_ZONE).mean()
    has_clock = texts.str.contains(r"\d[T ]\d{1,2}[:\-]|\d{8} \d{6}").mean()
    best: tuple[float, pl.Expr] | None = None
    for date_format in DATE_FORMATS:
        clocks = CLOCK_FORMATS if isinstance(has_clock, float) and has_clock > 0.5 else ("",)
        for clock in clocks:
            parsed = _parse(column, date_format, clock)
            value = frame.select(parsed.alias("t"))["t"]
            share = 1 - value.null_count() / len(value)
            if share < _PARSED:
                continue
            # day and month may be read both ways: neighbouring rows lie close in the right one
            step = value.cast(pl.Datetime("us")).diff().dt.total_seconds().abs().median()
            score = share - 1e-12 * (step if isinstance(step, float) else 0.0)
            if best is None or score > best[0]:
                best = (score, parsed)
        if best is not None and date_format in DATE_FORMATS[:4]:
            break
    local, ways = (best[1], 1) if best is not None and best[0] > 1 - LEAST_SHARE else (None, 0)
    if local is None:
        mixed = mixed_notations(frame, column, _parse, CLOCK_FORMATS if has_clock else ())
        local, ways = mixed if mixed is not None else (best[1] if best else None, 1)
    if local is None:
        return None
    if isinstance(zoned, float) and zoned > 0:
        return _shifted(column, local), ways
    return local, ways


def _parse(column: pl.Expr, date_format: str, clock: str) -> pl.Expr:
    text = column.str.strip_chars().str.replace(r"^(\S*\d)T(\d)", "$1 $2")
    if not clock:
        return text.str.to_date(date_format, strict=False)
    text = text.str.replace(r"(:\d{2}[0-9:.]*)\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})$", "$1")
    text = text.str.replace(r" (\d{1,2})-([AP]M)$", " $1:00 $2")
    stamped = text.str.to_datetime(
        f"{date_format} {clock}", strict=False, time_unit="us", ambiguous="null"
    )
    # pandas writes midnight stamps of an otherwise stamped column without the clock
    return stamped.fill_null(
        text.str.to_date(date_format, strict=False, exact=True).cast(pl.Datetime("us"))
    )


def _shifted(column: pl.Expr, local: pl.Expr) -> pl.Expr:
    """Local stamps with their offset, kept as a struct until it is known whether all are days."""
    zone = column.str.strip_chars().str.extract(_ZONE)
    sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    hours = zone.str.extract(r"^[+-](\d{2})").cast(pl.Int64, strict=False).fill_null(0)
    minutes = zone.str.extract(r"(\d{2})$").cast(pl.Int64, strict=False).fill_null(0)
    offset = pl.duration(minutes=sign * (hours * 60 + minutes))
    return pl.struct(local=local, utc=local - offset, zone=zone)


def _clock_beside(table: Table, column: str) -> str | None:
    """A column of clock times beside one of dates, as foreign-exchange files have it."""
    for other, kind in table.schema.items():
        if other == column or kind != pl.String:
            continue
        if normal(other) in ("time", "timestamp", "hour", "clock"):
            texts = table.sample[other].drop_nulls().str.strip_chars()
            if len(texts) and texts.str.contains(_CLOCK).all():
                return other
    return None


def _clock(column: pl.Expr) -> pl.Expr:
    text = column.str.strip_chars().str.replace(r"^(\d):", "0${1}:")
    text = text.str.replace(r"^(\d{2}:\d{2})$", "${1}:00")
    return text.str.to_time("%H:%M:%S%.f", strict=False)


def _finish(table: Table, column: str, clock: str | None, moment: pl.Expr, ways: int) -> TimeColumn:
    """Decide on days or stamps and count what could not be read, in one pass."""
    kind = table.sample.select(moment.alias("t")).schema["t"]
    filled = pl.col(column).is_not_null()
    if table.schema[column] == pl.String:
        filled = filled & (pl.col(column).str.strip_chars() != "")
    local = moment
    offset = None
    asks = []
    if isinstance(kind, pl.Struct):
        local = moment.struct.field("local")
        offset = moment.struct.field("zone")
        asks = [offset.count().alias("zoned"), offset.drop_nulls().n_unique().alias("offsets")]
    days = kind == pl.Date
    stamp = local.dt.time().cast(pl.Int64, strict=False) if not days else pl.lit(0)
    facts = (
        table.frame.select(
            (filled & local.is_null()).sum().alias("unread"),
            (stamp != 0).sum().alias("clocked"),
            filled.sum().alias("filled"),
            (~filled & _holds_more(table, column)).sum().alias("dateless"),
            *asks,
        )
        .collect(engine="streaming")
        .row(0, named=True)
    )
    if facts["unread"] > LEAST_SHARE * facts["filled"]:
        more = _beyond_sample(table, column, moment)
        if more is not None:
            return _finish(table, column, clock, more[0], ways + more[1])
    problems = []
    if facts["unread"]:
        problems.append(f"{facts['unread']:,} of {facts['filled']:,} cells hold no date")
    if facts["dateless"] and facts["filled"]:
        problems.append(f"{facts['dateless']:,} of {table.rows:,} rows have none")
    if ways > 1:
        problems.append(f"dates are written in {ways} notations")
    misread = "; ".join(problems) or None
    if not days and not facts["clocked"]:
        expression = local.cast(pl.Date) if isinstance(kind, pl.Struct) else moment.dt.date()
    elif isinstance(kind, pl.Struct):
        expression = moment.struct.field("utc").dt.replace_time_zone("UTC")
    else:
        expression = moment
    naive = facts["filled"] - facts.get("zoned", 0)
    if offset is not None and naive:
        problems.append(f"{naive} of {facts['filled']} stamps carry no time zone")
    columns = (column,) if clock is None else (column, clock)
    problem = "; ".join(problems) or None
    kinds = facts.get("offsets", 0) + bool(naive)
    return TimeColumn(column, columns, expression, problem, misread, offset, kinds)


def _beyond_sample(table: Table, column: str, moment: pl.Expr) -> tuple[pl.Expr, int] | None:
    """Dates with the notations added that only rows beyond the sample have, and their number.

    None where there are no such rows, or where they look like those of the sample: 13/02/2024
    beside 02/03/2024 contradicts how the sample is read and adds no notation to it.
    """
    if table.schema[column] != pl.String:
        return None
    unread = pl.col(column).is_not_null() & moment.is_null()
    cells = table.frame.filter(unread).select(column).head(_LATER_CELLS)
    rest = cells.collect(engine="streaming")[column]
    found = _from_text(rest)
    if found is None or _shapes(rest) & _shapes(table.sample[column]):
        return None
    kinds = {table.sample.select(m.alias("t")).schema["t"] for m in (moment, found[0])}
    if any(isinstance(kind, pl.Struct) for kind in kinds):
        return None
    both = [m if len(kinds) == 1 else m.cast(pl.Datetime("us")) for m in (moment, found[0])]
    return pl.coalesce(both), found[1]


def _shapes(texts: pl.Series) -> set[str]:
    """How cells are written: digits and letters without their values."""
    plain = texts.drop_nulls().str.strip_chars().str.replace_all(r"\d{4}", "Y")
    return set(plain.str.replace_all(r"\d+", "9").str.replace_all(r"[A-Za-z]+", "a").unique())


def _holds_more(table: Table, column: str) -> pl.Expr:
    """Whether a row holds anything beside its time; blank rows at the end do not."""
    others = [other for other in table.columns if other != column][:NEIGHBOURS]
    return pl.any_horizontal(pl.col(other).is_not_null() for other in others) & pl.lit(bool(others))
