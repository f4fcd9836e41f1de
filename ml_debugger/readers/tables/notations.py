"""How dates are written, and columns that write them in several ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

DATE_FORMATS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y%m%d",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%m-%d-%Y",
    "%d-%m-%Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%b %d %Y",
    "%m/%d/%y",
    "%d/%m/%y",
)
CLOCK_FORMATS = ("%H:%M:%S%.f", "%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%H%M%S")
LEAST_SHARE = 0.02
"""A notation must read at least this share of the cells that the others leave unread."""
READ_SHARE = 0.8
"""Several notations together must read this share of the cells, or it is no column of dates."""
SWAPPED = {"%m/%d/%Y": "%d/%m/%Y", "%m-%d-%Y": "%d-%m-%Y", "%m/%d/%y": "%d/%m/%y"}
"""Notations that differ only in the order of day and month: a column has one of them."""

Parse = Callable[[pl.Expr, str, str], pl.Expr]


def mixed_notations(
    frame: pl.DataFrame, column: pl.Expr, parse: Parse, clocks: Sequence[str]
) -> tuple[pl.Expr, int] | None:
    """One expression for cells in several notations, and how many there are; None for no dates.

    Each cell is read by the first notation that can. `parse` makes the expression of a date and
    a clock format.
    """
    rest, chosen, stamped = frame, list[pl.Expr](), False
    left_out: set[str] = set()
    for date_format in DATE_FORMATS:
        if date_format in left_out:
            continue
        other = SWAPPED.get(date_format)
        if other is not None:
            date_format = max(date_format, other, key=lambda f: _share(rest, parse(column, f, "")))
            left_out |= {other, *(k for k, v in SWAPPED.items() if v == other)}
        for clock in ("", *clocks):
            if rest.is_empty():
                break
            parsed = parse(column, date_format, clock)
            if _share(rest, parsed) >= LEAST_SHARE:
                chosen.append(parsed)
                stamped = stamped or bool(clock)
                rest = rest.filter(parsed.is_null())
    if not chosen or rest.height > (1 - READ_SHARE) * frame.height:
        return None
    if stamped:
        chosen = [parsed.cast(pl.Datetime("us")) for parsed in chosen]
    return pl.coalesce(chosen), len(chosen)


def _share(frame: pl.DataFrame, parsed: pl.Expr) -> float:
    share = frame.select(parsed.is_not_null().mean()).item()
    return float(share) if share is not None else 0.0
