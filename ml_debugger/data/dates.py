"""Dates and times of foreign tables, as ``Date`` for daily bars and ``Datetime`` for others."""

import polars as pl

from ml_debugger.errors import DataError

_DATE_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%b-%Y")
_TIME_FORMATS = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M")
_ZONED_FORMATS = ("%Y-%m-%d %H:%M:%S%.f%:z", "%Y-%m-%dT%H:%M:%S%.f%:z", "%Y-%m-%dT%H:%M:%S%.f%#z")
_MIDNIGHT = r"[ T]00:00(:00(\.0+)?)?(Z|[+-]\d{2}:?\d{2})?$"

# Unix times of 1973 and later: 9 to 10 digits are seconds, 12 to 13 milliseconds, and so on.
_EPOCH_UNITS = ((1e8, 1e11, 1_000_000), (1e11, 1e14, 1_000), (1e14, 1e17, 1))


def to_dates(column: pl.Series, source: str) -> pl.Series:
    """Converts a column of any usual date type.

    Text is tried as ISO 8601 first, then month before day, then day before month. Zoned midnights
    keep their local date; other zoned times become UTC without a zone. Raises ``DataError`` naming
    ``source``, the column and the first value that is no date.
    """
    if column.dtype == pl.Date:
        return column
    if isinstance(column.dtype, pl.Datetime):
        return _without_midnight(column)
    if column.dtype.is_numeric():
        return _from_number(column, source)
    if column.dtype == pl.String:
        return _from_text(column.str.strip_chars(), source)
    raise DataError(f"{source}: column '{column.name}' holds {column.dtype}, not dates")


def _without_midnight(column: pl.Series) -> pl.Series:
    if bool((column.dt.time().drop_nulls().cast(pl.Int64) == 0).all()):
        return column.dt.date()
    if column.dtype.time_zone is not None:  # type: ignore[attr-defined]
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return column.cast(pl.Datetime("us"))


def _from_number(column: pl.Series, source: str) -> pl.Series:
    values = column.cast(pl.Float64)
    low, high = values.min(), values.max()
    if isinstance(low, float) and isinstance(high, float):
        if low >= 19_000_101 and high <= 29_991_231:
            return _from_text(values.cast(pl.Int64).cast(pl.String), source)
        for smallest, largest, microseconds in _EPOCH_UNITS:
            if smallest <= low and high < largest:
                stamps = (values * microseconds).cast(pl.Int64).cast(pl.Datetime("us"))
                return _without_midnight(stamps)
    raise DataError(f"{source}: column '{column.name}' holds numbers that are no dates: {low!r}")


def _from_text(column: pl.Series, source: str) -> pl.Series:
    days = column.str.replace(_MIDNIGHT, "")
    for pattern in _DATE_FORMATS:
        parsed = days.str.to_date(pattern, strict=False)
        if parsed.null_count() == days.null_count():
            return parsed
    for pattern in _TIME_FORMATS:
        stamps = column.str.to_datetime(pattern, time_unit="us", strict=False)
        if stamps.null_count() == column.null_count():
            return stamps
    for pattern in _ZONED_FORMATS:
        stamps = column.str.to_datetime(pattern, time_unit="us", time_zone="UTC", strict=False)
        if stamps.null_count() == column.null_count():
            return stamps.dt.replace_time_zone(None)
    iso = days.str.to_date(_DATE_FORMATS[0], strict=False)
    wrong = column.filter(iso.is_null() & column.is_not_null())
    example = wrong[0] if len(wrong) else column[0]
    raise DataError(f"{source}: column '{column.name}' holds '{example}', which is no date")
