"""Tables of prices and features, held lazily under canonical column names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ml_debugger.artifacts.bars import OHLC, Bars
from ml_debugger.artifacts.base import Artifact

if TYPE_CHECKING:
    import polars as pl

PART_BARS = 4_000_000
"""Most bars of one part, unless one ticker alone has more: about 250 MB, 500 tickers x 30 years."""


@dataclass(frozen=True, eq=False)
class PriceTable(Artifact):
    """Bars of one or many tickers.

    `frame` is lazy and has the canonical columns `ticker` (String), `time` (Date or Datetime),
    and those of open, high, low, close, adj_close (Float64) and volume (Float64) that the file
    has; one row a bar, in the order of the file. `names` maps canonical to original names.
    `rows` counts the bars. `problems` says what could not be read as numbers, by column, and
    under `header` and `time` what is irregular there. Where the file has no dates, `time` counts
    its rows as minutes from 1970 and `time` is not among `names`. `misread` says by column, or
    under `header`, what a plain reader of tables would take for something else; `differing` names
    the files of a partitioned folder whose columns differ, and how. `empty` names the partitions
    that hold no bars. `offsets` counts the bars of each ticker by the offset from UTC that is
    written with their times (`-05:00`, `Z`), those without one under an empty text; its ticker is
    an empty text where the file has one offset for all, and it is empty where times are no text,
    or none carries an offset. `files` gives the files of a table that stands in many, by ticker
    or by the name of the part.
    """

    frame: pl.LazyFrame = field(repr=False)
    names: Mapping[str, str]
    rows: int
    problems: Mapping[str, str] = field(default_factory=dict)
    misread: Mapping[str, str] = field(default_factory=dict)
    differing: Mapping[str, str] = field(default_factory=dict)
    empty: tuple[str, ...] = ()
    offsets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """The canonical columns that the table has."""
        return tuple(self.names)

    @property
    def ohlc(self) -> tuple[str, ...]:
        """Those of open, high, low, close that the table has."""
        return tuple(column for column in OHLC if column in self.names)

    @cached_property
    def bars(self) -> pl.DataFrame:
        """All bars in memory, sorted by ticker and time; about 60 bytes a bar."""
        return _in_order(self.frame.collect(engine="streaming"))

    def parts(self) -> Iterator[Bars]:
        """The bars of whole tickers, part by part, so that memory stays bounded.

        A table of up to 4 million bars is one part.
        """
        import polars as pl

        if self.rows <= PART_BARS:
            yield Bars(self.bars, self.names)
            return
        for tickers in self._ticker_groups():
            # a range lets row groups of other tickers be left unread where the file is sorted
            ticker = pl.col("ticker")
            near = ticker.is_between(pl.lit(tickers[0]), pl.lit(tickers[-1]))
            part = self.frame.filter(near).collect(engine="streaming")
            yield Bars(_in_order(part), self.names)

    def _ticker_groups(self) -> Iterator[list[str]]:
        """Tickers in order, in groups of at most PART_BARS bars."""
        import polars as pl

        counts = self.frame.group_by("ticker").agg(pl.len().alias("bars"))
        group: list[str] = []
        held = 0
        for ticker, bars in counts.drop_nulls().sort("ticker").collect(engine="streaming").rows():
            if group and held + bars > PART_BARS:
                yield group
                group, held = [], 0
            group.append(ticker)
            held += bars
        if group:
            yield group


def _in_order(bars: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    ticker, time = pl.col("ticker"), pl.col("time")
    ascends = (ticker > ticker.shift()) | ((ticker == ticker.shift()) & (time >= time.shift()))
    # most files are sorted already, and seeing that is ten times faster than sorting
    if bars.height < 2 or bars.select(ascends.slice(1).fill_null(False).all()).item():
        return bars
    return bars.sort("ticker", "time", maintain_order=True)


@dataclass(frozen=True, eq=False)
class FeatureTable(Artifact):
    """Features, and labels where the file has them, by ticker and time.

    `frame` is lazy with the file's own column names. `features` and `labels` name numeric
    columns; `ticker` and `time` name the key columns, None where the file has none.
    `label_horizons` maps a label to the horizon in sessions that its name claims, if any.
    `schemas` holds the columns and types of each file where the table is a partitioned folder.
    `misread` says by column, or under `header`, what a plain reader of tables would take for
    something else. `files` gives the files of a table that stands in many, by the names that
    tell them apart.
    """

    frame: pl.LazyFrame = field(repr=False)
    features: tuple[str, ...]
    labels: tuple[str, ...]
    ticker: str | None
    time: str | None
    rows: int
    label_horizons: Mapping[str, int] = field(default_factory=dict)
    schemas: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    misread: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Predictions(Artifact):
    """Forecasts, with outcomes where the file has them.

    `frame` is lazy with those of the canonical columns that the file has: `ticker` (String),
    `date` (Date or Datetime), `horizon` (integer, sessions), `prediction` (float),
    `confidence` (float), `model` (String), `actual` (float). `names` maps canonical to original
    names. `kind` is "return" for signed forecasts, "probability" for values in [0, 1],
    "price" for levels. `types` maps every original column to its type.
    """

    frame: pl.LazyFrame = field(repr=False)
    names: Mapping[str, str]
    kind: str
    rows: int
    types: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Positions(Artifact):
    """Position sizes by ticker and date, in units of the equity of the ticker's sleeve.

    `frame` is lazy with `ticker` (String), `date` (Date or Datetime), `position` (Float64).
    """

    frame: pl.LazyFrame = field(repr=False)
    names: Mapping[str, str]
    rows: int
