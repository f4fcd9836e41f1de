"""FEA001 non-finite-feature."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from checks.features.timeline import concerned
from ml_debugger.artifacts import FeatureTable
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, Scan, check

if TYPE_CHECKING:
    import polars as pl

LEAST_ROWS = 20


def _floating(features: FeatureTable) -> list[str]:
    """Features that can hold NaN or infinity."""
    schema = features.frame.collect_schema()
    return [name for name in features.features if schema[name].is_float()]


def ask(features: FeatureTable) -> Mapping[str, pl.Expr]:
    """By feature: its empty cells, and a sum that is finite only if every cell is."""
    import polars as pl

    # counting what is not finite costs more than a sum, and hardly any column needs it
    sums = {f"sum {c}": pl.col(c).sum() for c in _floating(features)}
    return {**{f"null {c}": pl.col(c).null_count() for c in features.features}, **sums}


@check(
    code="FEA001",
    name="non-finite-feature",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "infinite_cells",
            "cells",
            "above",
            "infinite values",
            "no indicator is infinite: a division by zero, or the logarithm of zero",
            fail=0,
        ),
        Limit(
            "empty_features",
            "features",
            "above",
            "features without a single value",
            "an empty column cannot be learned from",
            fail=0,
        ),
        Limit(
            "missing_share",
            "share",
            "above",
            "missing values after the first value of a ticker, in the feature that has most",
            "windows warm up at the beginning only; a fifth of the rows is more than accidents",
            warn=0,
            fail=0.2,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
    explained_by=("missing-values", "feature-schema-drift"),
    ask=ask,
)
def non_finite_feature(features: FeatureTable, scan: Scan) -> Outcome:
    """Features hold NaN or infinite values.

    What it measures:
        Infinite cells, features without any value, and missing cells that come after a feature's
        first value of their ticker. What is missing before that is the warm-up of a window and
        healthy, and so are the empty tails of labels, which are not looked at here.

    Why it matters:
        One NaN in a batch makes the loss NaN and then every weight. Trees take NaN for a branch
        of its own, and learn from where it is missing. Infinity survives scaling as NaN.

    What to do:
        Find the division behind an infinite value and guard it. Drop the rows where a window is
        not full, and look in the prices for the gap behind missing values.

    Sources:
        The project's record of 2025-12: NaN and infinity by column, in the data validation.
    """
    if features.rows < LEAST_ROWS:
        return NotMeasured(f"too few rows to tell warm-up from a fault: {features.rows}")
    infinite, missing = _counts(features, scan)
    empty = [c for c, n in missing.items() if n >= features.rows]
    inside = _inside(features, [c for c in missing if c not in empty])
    worst = max(inside, key=lambda c: inside[c][0] / inside[c][1], default=None)
    values = {
        "infinite_cells": sum(infinite.values()),
        "empty_features": len(empty),
        "missing_share": inside[worst][0] / inside[worst][1] if worst is not None else 0.0,
    }
    parts = []
    if infinite:
        parts.append(f"infinite values in {_named(list(infinite))}")
    if empty:
        parts.append(f"no value in {_named(empty)}")
    if inside:
        parts.append(f"missing values in {_named(list(inside))}")
    if not parts:
        return Measurement(
            f"{len(features.features)} features are finite after their warm-up", values
        )
    evidence = [Evidence("infinite cells", n, "cells", c) for c, n in infinite.items()][:3]
    evidence += [Evidence("no value", features.rows, "rows", c) for c in empty[:2]]
    evidence += [
        Evidence("missing cells after warm-up", count, "cells", _where(c, first))
        for c, (count, _, first) in sorted(inside.items(), key=lambda item: -item[1][0])[:3]
    ]
    title = "; ".join(parts)
    return Measurement(
        title[0].upper() + title[1:],
        values,
        tuple(evidence),
        rows=_rows(features, list(infinite), list(inside)),
    )


def _rows(
    features: FeatureTable, infinite: list[str], missing: list[str]
) -> Callable[[], pl.DataFrame] | None:
    """What makes the rows of infinite cells and of missing ones after the warm-up."""
    import polars as pl

    if features.time is None:
        return None
    schema = features.frame.collect_schema()
    time = pl.col(features.time)
    ticker = pl.lit("") if features.ticker is None else pl.col(features.ticker)

    def lacks(column: str) -> pl.Expr:
        there = _present(column, schema[column])
        return ~there & (time >= time.filter(there).min().over(ticker))

    kinds = (
        concerned(features, {c: (pl.col(c).is_infinite(), "infinite") for c in infinite}),
        concerned(features, {c: (lacks(c), "missing after the warm-up") for c in missing}),
    )
    made = [make for make in kinds if make is not None]
    return (lambda: pl.concat(make() for make in made)) if made else None


def _present(column: str, kind: pl.DataType) -> pl.Expr:
    """Whether a cell holds anything; an infinity is something."""
    import polars as pl

    filled = pl.col(column).is_not_null()
    return filled & pl.col(column).is_not_nan() if kind.is_float() else filled


def _counts(features: FeatureTable, scan: Scan) -> tuple[dict[str, int], dict[str, int]]:
    """Infinite cells and missing cells by feature, where there are any."""
    import polars as pl

    missing = {c: scan.count(f"null {c}") for c in features.features}
    odd = [c for c in _floating(features) if not math.isfinite(scan.number(f"sum {c}"))]
    infinite: dict[str, int] = {}
    if odd:
        cells = [(pl.col(c).is_infinite().sum(), pl.col(c).is_nan().sum()) for c in odd]
        asked = [
            e.alias(f"{n} {kind}") for n, pair in enumerate(cells) for kind, e in enumerate(pair)
        ]
        row = features.frame.select(asked).collect(engine="streaming").row(0)
        for number, c in enumerate(odd):
            infinite[c] = row[2 * number] or 0
            missing[c] += row[2 * number + 1] or 0
    return {c: n for c, n in infinite.items() if n}, {c: n for c, n in missing.items() if n}


def _inside(
    features: FeatureTable, columns: list[str]
) -> dict[str, tuple[int, int, dict[str, Any]]]:
    """By column: missing cells after the first value, rows after it, and the first such cell."""
    import polars as pl

    if not columns:
        return {}
    frame, time = features.frame, features.time
    if time is None:
        time = "__row__"
        frame = frame.with_row_index(time)
    ticker = features.ticker or "__all__"
    if features.ticker is None:
        frame = frame.with_columns(pl.lit("").alias(ticker))
    schema = frame.collect_schema()
    starts = frame.group_by(ticker).agg(
        *(pl.col(time).filter(_present(c, schema[c])).min().alias(f"start {c}") for c in columns),
    )
    joined = frame.select(ticker, time, *columns).join(starts, on=ticker)
    asks = []
    for c in columns:
        after = pl.col(time) >= pl.col(f"start {c}")
        lacks = (after & ~_present(c, schema[c])).fill_null(False)
        asks += [lacks.sum().alias(f"lacks {c}"), after.sum().alias(f"after {c}")]
        asks += [pl.col(ticker).filter(lacks).first().alias(f"ticker {c}")]
        asks += [pl.col(time).filter(lacks).first().alias(f"time {c}")]
    row = joined.select(asks).collect(engine="streaming").row(0, named=True)
    return {
        c: (
            int(row[f"lacks {c}"]),
            int(row[f"after {c}"]),
            {"ticker": row[f"ticker {c}"], "time": row[f"time {c}"]},
        )
        for c in columns
        if row[f"lacks {c}"]
    }


def _where(column: str, first: Mapping[str, Any]) -> str:
    parts = [column, "from", str(first["ticker"] or ""), str(first["time"])]
    return " ".join(part for part in parts if part)


def _named(columns: list[str]) -> str:
    return columns[0] if len(columns) == 1 else f"{len(columns)} features"
