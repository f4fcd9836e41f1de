"""How large a price table may be for checks that need its bars in memory."""

from __future__ import annotations

from ml_debugger.artifacts import PriceTable
from ml_debugger.contract import NotMeasured

MOST_BARS = 30_000_000
"""About 2 GB at 60 bytes a bar."""


def too_large(prices: PriceTable) -> NotMeasured | None:
    """The reason why a table is too large to be held in memory, None where it is not."""
    if prices.rows <= MOST_BARS:
        return None
    return NotMeasured(
        f"{prices.rows:,} bars are more than {MOST_BARS // 1_000_000} million: "
        "inspect a part of the table"
    )


def plural(count: int, noun: str) -> str:
    """A count with its noun: `1 bar`, `1,204 bars`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
