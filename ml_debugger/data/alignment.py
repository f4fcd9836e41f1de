"""Rows of a feature table, put on the bars from which their returns are computed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath

import numpy as np
import polars as pl

from ml_debugger.artifacts import FeatureTable, PriceTable

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Whole = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

CLOSES = ("adj_close", "adjclose", "adjusted_close", "close", "close_price", "closing_price")
OPENS = ("open", "open_price", "opening_price")
LEAST_PLACED = 30
ROW = "\x1fplace"


@dataclass(frozen=True, eq=False)
class Placed:
    """Rows of a table on the bars of their tickers.

    The bars stand ticker after ticker, ascending in time. `closes` holds natural logarithms of
    their closes by column (`adj_close`, `close`), `opens` those of their opens, NaN where a
    price is missing or not positive. `ticker` numbers each bar's ticker from 0, `time` is in
    microseconds since 1970 (or counts rows). `position` is each row's bar, -1 where there is
    none. `own` tells that the closes stand in the table itself. `certain` is false where stamps
    were matched by day alone, so that a shift by one bar may come from a time zone.
    """

    closes: Mapping[str, Array]
    opens: Array | None
    ticker: Whole
    time: Whole
    position: Whole
    own: bool
    certain: bool = True

    @cached_property
    def first(self) -> Whole:
        """For each bar the first bar of its ticker."""
        return np.searchsorted(self.ticker, self.ticker, side="left").astype(np.int64)

    @cached_property
    def last(self) -> Whole:
        """For each bar the last bar of its ticker."""
        return np.searchsorted(self.ticker, self.ticker, side="right").astype(np.int64) - 1

    @cached_property
    def bars_a_day(self) -> float:
        """Bars of a ticker on a day on which it has any, the usual number."""
        days = self.time // 86_400_000_000
        opens_day = np.flatnonzero((np.diff(days) != 0) | (np.diff(self.ticker) != 0))
        lengths = np.diff(np.concatenate(([-1], opens_day, [len(days) - 1])))
        return float(np.median(lengths)) if len(lengths) else 1.0

    @cached_property
    def days_apart(self) -> float:
        """Days between neighbouring bars of a ticker, the usual number."""
        steps = np.diff(self.time)[np.diff(self.ticker) == 0]
        return float(np.median(steps)) / 86_400_000_000 if len(steps) else 1.0


def place(
    features: FeatureTable,
    prices: PriceTable | None,
    rows: pl.DataFrame,
    ticker: str | None = None,
) -> Placed | str:
    """Put rows (whole tickers, in order) on the bars of a price table; a reason where it fails.

    Only the bars of the tickers in `rows` are read. `ticker` says whose bars, where the rows
    themselves name none.
    """
    if prices is None:
        return "no price table is linked to it"
    close = [c for c in ("adj_close", "close") if c in prices.columns]
    if not close:
        return f"{prices.subject} has no closes"
    if "time" not in prices.names or features.time is None:
        return "rows and prices have no dates in common: one of them has none"
    keyed = _keyed(features, prices, rows, ticker)
    if isinstance(keyed, str):
        return keyed
    row_keys, wanted = keyed
    columns = ["ticker", "time", *close, *(["open"] if "open" in prices.columns else [])]
    bars = prices.frame.select(columns)
    if wanted is not None:
        bars = bars.filter(pl.col("ticker").is_in(wanted))
    moments = _moments(row_keys["time"], bars)
    if isinstance(moments, str):
        return moments
    row_keys = row_keys.with_columns(moments[0].alias("time"))
    dated = row_keys.drop_nulls("time")
    if dated.is_empty():
        return "none of its rows has a date"
    if int(dated.is_duplicated().sum()) > 0.5 * dated.height:
        return "it has several rows a bar"
    held = moments[1].collect(engine="streaming").drop_nulls("time")
    if row_keys["ticker"].null_count() == len(row_keys):
        row_keys = row_keys.with_columns(pl.lit(held["ticker"].first(), pl.String).alias("ticker"))
    held = held.sort("ticker", "time", maintain_order=True).unique(
        ["ticker", "time"], keep="last", maintain_order=True
    )
    found = row_keys.join(
        held.select("ticker", "time").with_row_index(ROW),
        on=["ticker", "time"],
        how="left",
        maintain_order="left",
    )[ROW]
    if found.len() - found.null_count() < LEAST_PLACED:
        return f"fewer than {LEAST_PLACED} rows have a bar in {prices.subject}"
    return Placed(
        closes={c: _log(held[c]) for c in close},
        opens=_log(held["open"]) if "open" in held.columns else None,
        ticker=held["ticker"].rle_id().to_numpy().astype(np.int64),
        time=held["time"].to_physical().to_numpy().astype(np.int64),
        position=found.cast(pl.Int64).fill_null(-1).to_numpy().astype(np.int64),
        own=False,
        certain=moments[2],
    )


def place_on_own(features: FeatureTable, rows: pl.DataFrame) -> Placed | str:
    """Put rows (whole tickers, in order) on the closes that stand in the table itself."""
    named = {_normal(c): c for c in reversed(rows.columns) if rows.schema[c].is_numeric()}
    names = {"adj_close" if "adj" in n else "close": named[n] for n in CLOSES[::-1] if n in named}
    names = {k: c for k, c in names.items() if _like_prices(rows[c])}
    if not names:
        return "it carries no closes"
    opening = next((named[n] for n in OPENS if n in named and _like_prices(rows[named[n]])), None)
    count = len(rows)
    number = (
        rows[features.ticker].rle_id().to_numpy().astype(np.int64)
        if features.ticker is not None
        else np.zeros(count, np.int64)
    )
    time = np.arange(count, dtype=np.int64)
    if features.time is not None:
        moments = _utc(pl.col(features.time), rows.schema[features.time])
        time = rows.select(moments.to_physical()).to_series().fill_null(0).to_numpy()
    return Placed(
        closes={k: _log(rows[c]) for k, c in names.items()},
        opens=_log(rows[opening]) if opening is not None else None,
        ticker=number,
        time=time.astype(np.int64),
        position=np.arange(count, dtype=np.int64),
        own=True,
    )


def own_closes(columns: list[str]) -> set[str]:
    """The columns that hold closes or opens by their names."""
    return {c for c in columns if _normal(c) in (*CLOSES, *OPENS)}


def _normal(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def _like_prices(values: pl.Series) -> bool:
    """Whether a column holds prices as they are: above zero, and no scaled copy of them."""
    filled = values.cast(pl.Float64).drop_nulls().drop_nans()
    if len(filled) < LEAST_PLACED or not (filled > 0).mean() > 0.99:  # type: ignore[operator]
        return False
    moves = filled.filter(filled > 0).log().diff().drop_nulls().abs().median()
    return isinstance(moves, float) and moves < 0.1


def _log(values: pl.Series) -> Array:
    numbers = values.cast(pl.Float64).to_numpy().astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(np.where(numbers > 0, numbers, np.nan))
    return np.where(np.isfinite(logs), logs, np.nan)


def _keyed(
    features: FeatureTable, prices: PriceTable, rows: pl.DataFrame, fixed: str | None
) -> tuple[pl.DataFrame, list[str] | None] | str:
    """The keys of the rows as `ticker` and `time`, and the tickers whose bars are needed."""
    assert features.time is not None
    time = rows[features.time].alias("time")
    if features.ticker is not None:
        ticker = rows[features.ticker].cast(pl.String).alias("ticker")
        wanted = ticker.drop_nulls().unique().to_list()
        if "ticker" in prices.names or len(wanted) > 1:
            return pl.DataFrame([ticker, time]), wanted
    else:
        if time.n_unique() < len(time):
            return "its rows tell no tickers apart"
        if "ticker" in prices.names:
            named = fixed or _named_in_path(features, prices)
            if named is None:
                return f"its rows name no ticker, and {prices.subject} has several"
            return pl.DataFrame([pl.repeat(named, len(time), eager=True).alias("ticker"), time]), [
                named
            ]
    nameless = pl.Series("ticker", [None] * len(time), dtype=pl.String)
    return pl.DataFrame([nameless, time]), None


def _named_in_path(features: FeatureTable, prices: PriceTable) -> str | None:
    """The ticker that the table's file is named after; the only one of the price table else."""
    unique = prices.frame.select(pl.col("ticker").unique()).collect(engine="streaming")["ticker"]
    tickers = unique.drop_nulls().to_list()
    if len(tickers) == 1:
        return str(tickers[0])
    words = set(re.split(r"[^A-Za-z0-9.]+", PurePath(features.path or features.subject).stem))
    named = [t for t in tickers if t in words]
    return str(named[0]) if len(named) == 1 else None


def _moments(times: pl.Series, bars: pl.LazyFrame) -> tuple[pl.Series, pl.LazyFrame, bool] | str:
    """Times of rows and bars in one unit; whether stamps, and not days alone, are matched."""
    kind = bars.collect_schema()["time"]
    column = pl.col("time")
    if times.dtype == pl.Date and kind == pl.Date:
        day = pl.Datetime("us")
        return times.cast(day), bars.with_columns(column.cast(day)), True
    if not isinstance(kind, pl.Datetime) and kind != pl.Date:
        return "the prices have no dates"
    if not isinstance(times.dtype, pl.Datetime) and times.dtype != pl.Date:
        return "its rows have no dates"
    row_moments = times.to_frame().select(_utc(column, times.dtype)).to_series()
    bars = bars.with_columns(_utc(column, kind))
    if times.dtype != pl.Date and kind != pl.Date:
        return row_moments, bars, True
    # one side knows days alone: the last bar of a day stands for it
    bars = bars.with_columns(column.dt.truncate("1d"))
    midnight = bool((row_moments == row_moments.dt.truncate("1d")).all())
    return row_moments.dt.truncate("1d"), bars, midnight and kind == pl.Date


def _utc(column: pl.Expr, kind: pl.DataType) -> pl.Expr:
    """Stamps in microseconds without a zone, in UTC where they had one."""
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return column.cast(pl.Datetime("us"))
