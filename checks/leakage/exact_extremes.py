"""Columns whose extremes are exactly those that a scaler leaves on the rows it was fitted on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from checks.leakage.exact_column import (
    LEAST_ROWS,
    LEAST_SHARE,
    MOST_EXAMINED,
    SINGLE,
    Exact,
    Table,
    finite,
)

if TYPE_CHECKING:
    import polars as pl

RANGES = ((0.0, 1.0), (-1.0, 1.0))
_BOUNDED = re.compile(
    r"rsi|stoch|will|mfi|aroon|adx|cmo|imi|bop|percent|pct|rank|quantile|prob|share|sin|cos|corr"
    r"|sentiment|score|weight|flag|^is_|^has_|dummy|onehot|signal|regime|label|target|position"
)
"""Names of what lies between bounds by definition."""

_EXTREMES = ("n", "distinct", "min", "max", "low", "high", "low_in", "high_in")


def exact_extremes(table: Table, columns: Sequence[str]) -> list[Exact]:
    """Extremes 0 and 1, or -1 and 1, that one row alone reaches, beyond the training rows."""
    named = [c for c in columns if not _BOUNDED.search(c.lower())]
    found: dict[str, Exact] = {}
    for low, high in RANGES:
        near = table.near(named, partial(_within, low=low, high=high))[:MOST_EXAMINED]
        for by in dict.fromkeys((None, table.ticker)):
            for exact in _extreme(table, near, low, high, by):
                known = found.get(exact.column)
                if known is None or (exact.beyond and not known.beyond):
                    found[exact.column] = exact
    return list(found.values())


def _extreme(
    table: Table, columns: Sequence[str], low: float, high: float, by: str | None
) -> list[Exact]:
    import polars as pl

    if not columns:
        return []
    parts = table.rows.filters if table.rows.stated else table.rows.filters[-1:]
    trained = pl.any_horizontal(*parts) if parts else pl.lit(value=False)
    asked = []
    for position, column in enumerate(columns):
        values = finite(column)
        at_low = (values - low).abs() <= SINGLE
        at_high = (values - high).abs() <= SINGLE
        for name, expression in (
            ("n", values.count()),
            ("distinct", values.n_unique()),
            ("min", values.min()),
            ("max", values.max()),
            ("low", at_low.sum()),
            ("high", at_high.sum()),
            ("low_in", (at_low & trained).sum()),
            ("high_in", (at_high & trained).sum()),
        ):
            asked.append(expression.alias(f"{position}{name}"))
    rows = table.rows.frame
    grouped = rows.select(asked) if by is None else rows.group_by(by).agg(asked)
    result = grouped.collect(engine="streaming")
    found = []
    for position, column in enumerate(columns):
        tolerance = 1e-9 if table.sample.schema[column] == pl.Float64 else 1e-6
        groups = [
            dict(zip(_EXTREMES, row, strict=True))
            for row in result.select(f"{position}{name}" for name in _EXTREMES).rows()
        ]
        groups = [g for g in groups if g["n"] >= LEAST_ROWS and g["distinct"] >= LEAST_ROWS]
        exact = [
            g
            for g in groups
            if abs(g["min"] - low) <= tolerance and abs(g["max"] - high) <= tolerance
        ]
        if not exact or len(exact) < LEAST_SHARE * len(groups):
            continue
        if by is not None and len(exact) < 3:
            continue
        lone = [g for g in exact if _lone(g)]
        how = f"extremes {low:g} and {high:g}"
        found.append(Exact(column, how, by is not None, bool(lone), alone=True))
    return found


def _lone(group: dict[str, float]) -> bool:
    """Whether an extreme that one row alone reaches lies beyond the training rows."""
    return (group["low"] == 1 and group["low_in"] == 0) or (
        group["high"] == 1 and group["high_in"] == 0
    )


def _within(values: pl.Series, low: float, high: float) -> bool:
    """Whether values lie between bounds, come near both, and are no few classes."""
    least, most = values.min(), values.max()
    if not isinstance(least, float) or not isinstance(most, float):
        return False
    inside = low - SINGLE <= least and most <= high + SINGLE
    return inside and most - least > 0.3 and values.n_unique() >= LEAST_ROWS
