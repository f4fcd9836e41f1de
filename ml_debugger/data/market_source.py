"""What a network source of daily bars must offer, so that another one can take Yahoo's place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

import polars as pl


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a ticker could not be downloaded."""

    reason: str
    transient: bool
    """Whether asking again later can help: rate limits, time-outs, broken connections."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a source gave for a batch of tickers."""

    bars: dict[str, pl.DataFrame] = field(default_factory=dict)
    """By ticker: the price columns, adjusted for splits and dividends, and ``dividend, split:
    Float64``, 0 on ordinary days."""
    failures: dict[str, Failure] = field(default_factory=dict)


Download: TypeAlias = Callable[[Sequence[str], date, date], Batch]
"""Called with tickers, first day and the day after the last; raises nothing for a failed ticker."""
