"""SIZ001 position-over-limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ml_debugger.artifacts import Expectations, Positions, SizingRecord
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

if TYPE_CHECKING:
    import polars as pl

TOLERANCE = 1e-6
"""Rounding of stored positions."""


@check(
    code="SIZ001",
    name="position-over-limit",
    component="performance",
    playbook="walk-forward",
    limits=(
        Limit(
            "over_limit",
            "units of equity",
            "above",
            "how far the largest position lies beyond the limit that is stated for its side",
            "the limits are the user's own: of the sizing record beside the positions, or of "
            "[expect]; the project's record of 2026-02 has 1.8 long and 0.1 short",
            fail=TOLERANCE,
        ),
    ),
    explained_by=("implausible-drift", "unit-error"),
    profiles=("quick", "full"),
)
def position_over_limit(
    positions: Positions, record: SizingRecord | None, expect: Expectations | None
) -> Outcome:
    """A position is larger than the stated limit.

    What it measures:
        The largest long and short position of the file against the limits that the
        configuration expects, or else those of the sizing record that belongs to it. Without
        either nothing is judged: a book between -1 and 1 breaks no rule that nobody made.

    Why it matters:
        Limits are what stands between a wrong forecast and the loss of the account. A position
        beyond them was not made by the rules that were tested.

    What to do:
        Clip after all other steps of sizing, the drawdown breaker and rounding included. See
        whether positions are in units of equity, not in percent or shares.

    Sources:
        The project's record of 2026-02 (limits of 1.8 long and 0.1 short).
    """
    import polars as pl

    longest, shortest = _limits(record, expect)
    if longest is None and shortest is None:
        return NotMeasured("no limits are stated for these positions")
    finite = positions.frame.filter(pl.col("position").is_finite())
    low, high, rows = (
        finite.select(
            pl.col("position").min().alias("low"),
            pl.col("position").max().alias("high"),
            pl.len().alias("rows"),
        )
        .collect(engine="streaming")
        .row(0)
    )
    if not rows:
        return NotMeasured("holds no finite position")
    beyond = max(
        high - longest if longest is not None else 0.0,
        -low - shortest if shortest is not None else 0.0,
        0.0,
    )
    over = pl.lit(False)
    if longest is not None:
        over = over | (pl.col("position") > longest + TOLERANCE)
    if shortest is not None:
        over = over | (pl.col("position") < -shortest - TOLERANCE)
    stated = f"limits {_shown(longest)} long and {_shown(shortest)} short"
    title = f"Positions from {low:.4g} to {high:.4g}, {stated}"
    return Measurement(title, {"over_limit": float(beyond)}, _evidence(finite.filter(over)))


def _limits(
    record: SizingRecord | None, expect: Expectations | None
) -> tuple[float | None, float | None]:
    longest = expect.max_long if expect is not None else None
    shortest = expect.max_short if expect is not None else None
    if record is not None:
        longest = record.max_long if longest is None else longest
        shortest = record.max_short if shortest is None else shortest
    return longest, None if shortest is None else abs(shortest)


def _shown(limit: float | None) -> str:
    return "none" if limit is None else f"{limit:g}"


def _evidence(over: pl.LazyFrame) -> tuple[Evidence, ...]:
    import polars as pl

    worst = over.sort(pl.col("position").abs(), descending=True).head(5).collect()
    return tuple(
        Evidence("position", round(position, 6), "units of equity", f"{ticker} {day}")
        for ticker, day, position in worst.select("ticker", "date", "position").iter_rows()
    )
