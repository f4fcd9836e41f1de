"""The feature table: one row per ticker and date, causal features and forward-return labels.

Every feature uses this bar and earlier ones of the same ticker, and none has a price unit, so
that a share split or a currency does not change it. A value that is not defined (no range, no
volume, a missing price in the window) is null, never infinite.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from ml_debugger.data import indicators as ind
from ml_debugger.data.labels import HORIZONS, LABEL_PREFIX, forward_return
from ml_debugger.data.progress import Progress, silent
from ml_debugger.errors import DataError


@dataclass(frozen=True, slots=True)
class Feature:
    """A column of the feature table."""

    name: str
    lookback: int
    """Earlier bars that the value is built from; smoothed ones fade without end, and count the
    bars that carry most of their weight."""
    meaning: str
    expression: pl.Expr


_RETURN = ind.simple_return(1)

FEATURES: tuple[Feature, ...] = (
    Feature("return_1", 1, "return over 1 bar", _RETURN),
    Feature("return_5", 5, "return over 5 bars", ind.simple_return(5)),
    Feature("return_20", 20, "return over 20 bars", ind.simple_return(20)),
    Feature("return_60", 60, "return over 60 bars", ind.simple_return(60)),
    Feature("return_120", 120, "return over 120 bars", ind.simple_return(120)),
    Feature(
        "overnight_gap",
        1,
        "open against the previous close",
        ind.OPEN / ind.CLOSE.shift(1) - 1,
    ),
    Feature("intraday_return", 0, "close against the open", ind.CLOSE / ind.OPEN - 1),
    Feature("bar_range", 0, "high - low over close", (ind.HIGH - ind.LOW) / ind.CLOSE),
    Feature("close_location", 0, "close within the bar, 0 to 1", ind.close_location()),
    Feature("sma_gap_10", 9, "close against its 10-bar mean", ind.sma_gap(10)),
    Feature("sma_gap_20", 19, "close against its 20-bar mean", ind.sma_gap(20)),
    Feature("sma_gap_50", 49, "close against its 50-bar mean", ind.sma_gap(50)),
    Feature("sma_gap_100", 99, "close against its 100-bar mean", ind.sma_gap(100)),
    Feature("close_zscore_20", 19, "close in 20-bar deviations", ind.zscore(ind.CLOSE, 20)),
    Feature("volatility_20", 20, "deviation of returns, 20 bars", _RETURN.rolling_std(20)),
    Feature("volatility_60", 60, "deviation of returns, 60 bars", _RETURN.rolling_std(60)),
    Feature(
        "volatility_ratio",
        60,
        "10-bar volatility over 60-bar volatility",
        _RETURN.rolling_std(10) / _RETURN.rolling_std(60),
    ),
    Feature("skewness_60", 60, "skewness of returns, 60 bars", _RETURN.rolling_skew(60)),
    Feature("rsi_14", 42, "relative strength index / 100", ind.rsi(14) / 100),
    Feature("atr_14", 42, "average true range over close", ind.atr(14) / ind.CLOSE),
    Feature("macd", 78, "MACD 12, 26 over close", ind.macd() / ind.CLOSE),
    Feature(
        "macd_histogram",
        90,
        "MACD less its 9-bar signal, over close",
        (ind.macd() - ind.ema(ind.macd(), 9)) / ind.CLOSE,
    ),
    Feature("stochastic_14", 13, "close within the 14-bar range, 0 to 1", ind.stochastic(14)),
    Feature(
        "drawdown_60",
        59,
        "close against the 60-bar highest close",
        ind.CLOSE / ind.CLOSE.rolling_max(60) - 1,
    ),
    Feature(
        "rise_120",
        119,
        "close against the 120-bar lowest close",
        ind.CLOSE / ind.CLOSE.rolling_min(120) - 1,
    ),
    Feature("efficiency_20", 20, "Kaufman's efficiency ratio", ind.efficiency_ratio(20)),
    Feature(
        "up_share_20",
        20,
        "share of rising bars among 20",
        pl.when(_RETURN.is_not_null()).then((_RETURN > 0).cast(pl.Float64)).rolling_mean(20),
    ),
    Feature(
        "volume_ratio_20",
        19,
        "volume over its 20-bar mean",
        ind.VOLUME / ind.VOLUME.rolling_mean(20),
    ),
    Feature(
        "volume_zscore_60",
        59,
        "log volume in 60-bar deviations",
        ind.zscore(ind.VOLUME.log1p(), 60),
    ),
    Feature("money_flow_20", 19, "Chaikin money flow, -1 to 1", ind.money_flow(20)),
)
"""The engine's features, in the order of the table's columns."""

WARM_UP = max(feature.lookback for feature in FEATURES)
"""Bars of a ticker after which all its features can be defined."""


def build_features(
    prices: pl.DataFrame,
    horizons: Sequence[int] = HORIZONS,
    *,
    keep_warm_up: bool = False,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Builds the feature table of a price table.

    Returns ``ticker, date``, the columns of ``FEATURES`` (Float64), and ``label_{h}`` for each
    horizon, sorted by ticker and date. The first ``WARM_UP`` bars of each ticker are left out
    unless ``keep_warm_up``. Raises ``DataError`` if a ticker has two bars of one date, because
    then no window means what its name says.
    """
    report = progress or silent
    report("features", 0, len(FEATURES))
    bars = prices.sort("ticker", "date")
    _refuse_duplicates(bars)
    table = bars.select(
        "ticker",
        "date",
        *(_finite(f.expression).over("ticker").alias(f.name) for f in FEATURES),
        *(_finite(forward_return(h)).alias(f"{LABEL_PREFIX}{h}") for h in horizons),
        pl.int_range(pl.len()).over("ticker").alias("bar"),
    )
    if not keep_warm_up:
        table = table.filter(pl.col("bar") >= WARM_UP)
    report("features", len(FEATURES), len(FEATURES))
    return table.drop("bar")


def feature_columns(table: pl.DataFrame) -> list[str]:
    """The names of the features in a feature table: all but keys and labels."""
    keys = ("ticker", "date")
    return [c for c in table.columns if c not in keys and not c.startswith(LABEL_PREFIX)]


def _finite(value: pl.Expr) -> pl.Expr:
    return pl.when(value.is_finite()).then(value)


def _refuse_duplicates(bars: pl.DataFrame) -> None:
    same = (pl.col("ticker") == pl.col("ticker").shift(1)) & (
        pl.col("date") == pl.col("date").shift(1)
    )
    repeated = bars.filter(same)
    if len(repeated):
        ticker, day = repeated.select("ticker", "date").row(0)
        raise DataError(
            f"{len(repeated)} bars share ticker and date with another, the first for {ticker} on "
            f"{day}: remove the duplicates first"
        )
