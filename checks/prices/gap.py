"""A gap in a series of days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, order=True)
class Gap:
    """Consecutive sessions without a bar: how many, of which ticker, from when to when."""

    sessions: int
    ticker: str
    start: date
    end: date


@dataclass(frozen=True)
class Found:
    """Gaps, and how many sessions were expected in all."""

    gaps: tuple[Gap, ...]
    expected: int
