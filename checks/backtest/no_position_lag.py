"""BKT001 no-position-lag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_debugger.artifacts import Backtest, Positions, PriceTable
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

LEAST_DAYS = 60
SURE = 0.2
"""Largest standard error of the weight at which the two lags are told apart."""
CHANCE_T = 4.0


@dataclass(frozen=True)
class _Fit:
    """How profit divides between the position before and the position of the same day.

    `weight` is 0 where profit is position(t-1) times return(t), 1 where it is position(t) times
    return(t). `hindsight` is the t-statistic of what same-day changes of position earn.
    """

    weight: float
    error: float
    hindsight: float
    days: int


@check(
    code="BKT001",
    name="no-position-lag",
    component="performance",
    playbook="leakage",
    limits=(
        Limit(
            "same_day_weight",
            "share",
            "above",
            "weight of the same day's position in the day's profit",
            "0 when every position earns the next return, 1 when it earns that of its own day",
            fail=0.5,
            warn=0.25,
        ),
        Limit(
            "stated_lag",
            "sessions",
            "below",
            "lag between position and return that the record states",
            "a position that is decided at the close of a day cannot earn that day's return",
            fail=1,
        ),
    ),
    profiles=("quick", "full"),
)
def no_position_lag(
    backtest: Backtest, positions: Positions | None, prices: PriceTable | None
) -> Outcome:
    """Profit uses the position of a day with the return of the same day.

    What it measures:
        The day's profit is regressed on position(t-1) * return(t) and on what replacing
        position(t-1) by position(t) would add. The weight of the second part is 0 with a lag of
        one day and 1 without. Positions and returns come from the series of the backtest, or
        from the linked positions and prices. A weight of 1 in a file that does not say what its
        position column means accuses only if the changes of position also earn more on their
        own day than chance allows: the column may hold the position already lagged.

    Why it matters:
        The strategy trades at a price that it has seen move. A few points of hindsight a day
        make any backtest excellent.

    What to do:
        Multiply by the position shifted by one row within each ticker, and let costs fall on
        the day of the change.

    Sources:
        The project's record of 2025-12 (a backtest without lag).
        Lopez de Prado, Advances in Financial Machine Learning, 2018, chapter 11.
    """
    values: dict[str, float] = {}
    if backtest.position_lag is not None:
        values["stated_lag"] = float(backtest.position_lag)
    fit = _fit_series(backtest) or _fit_portfolio(backtest, positions, prices)
    if fit is None or fit.error > SURE:
        if values:
            return Measurement(f"The record states a lag of {backtest.position_lag}", values)
        if fit is None:
            return NotMeasured("positions, returns and profit are not known together")
        return NotMeasured("positions change too little to tell the lag")
    meaning = backtest.position_lag is not None
    if fit.weight > 0.25 and not meaning and abs(fit.hindsight) < CHANCE_T:
        return NotMeasured(
            "profit is position times the return of one row, but nothing says whether the "
            "position column is already lagged"
        )
    values["same_day_weight"] = fit.weight
    if fit.weight > 0.25:
        title = f"Profit follows the same day's position (weight {fit.weight:.2f})"
    else:
        title = f"Profit follows the position of the day before, over {fit.days} days"
    evidence = (
        Evidence("same_day_weight", round(fit.weight, 4), "share", f"± {fit.error:.2g}"),
        Evidence("hindsight_t", round(fit.hindsight, 2), None, "profit of same-day changes"),
    )
    return Measurement(title, values, evidence)


def _fit_series(backtest: Backtest) -> _Fit | None:
    """From the series alone: position, asset return and profit of one asset."""
    import polars as pl

    series = backtest.series
    if series is None or not {"position", "asset_return"} <= set(series.columns):
        return None
    profit = _profit(series)
    if profit is None:
        return None
    rows = series.select(
        profit.alias("profit"),
        (pl.col("position").shift(1) * pl.col("asset_return")).alias("lagged"),
        (pl.col("position") * pl.col("asset_return")).alias("same"),
    )
    return _fit(rows)


def _profit(series: pl.DataFrame) -> pl.Expr | None:
    """Profit before costs, as far as the series knows it."""
    import polars as pl

    if "gross_return" in series.columns:
        return pl.col("gross_return")
    if "strategy_return" in series.columns:
        if "cost" not in series.columns:
            return pl.col("strategy_return")
        largest = series.select(pl.col("cost").abs().max()).row(0)[0]
        # costs in money instead of shares of equity would drown the returns
        if largest is not None and largest < 0.5:
            return pl.col("strategy_return") + pl.col("cost").fill_null(0.0)
        return pl.col("strategy_return")
    return None


def _fit_portfolio(
    backtest: Backtest, positions: Positions | None, prices: PriceTable | None
) -> _Fit | None:
    """From linked positions and prices: the mean over tickers of position times return."""
    import polars as pl

    series = backtest.series
    if series is None or positions is None or prices is None or "date" not in series.columns:
        return None
    profit = _profit(series)
    close = next((c for c in ("adj_close", "close") if c in prices.columns), None)
    if profit is None or close is None or "date" not in positions.names:
        return None
    day = pl.col("date").cast(pl.Date)
    held = positions.frame.select("ticker", day.alias("day"), "position").collect()
    returns = prices.bars.select(
        "ticker",
        pl.col("time").cast(pl.Date).alias("day"),
        (pl.col(close) / pl.col(close).shift(1).over("ticker") - 1).alias("return"),
    )
    if held.is_empty() or held.select("ticker", "day").is_duplicated().any():
        return None
    before = pl.col("position").shift(1).over("ticker")
    parts = (
        returns.join(held, on=["ticker", "day"], how="inner")
        .sort("ticker", "day")
        .with_columns(
            (before * pl.col("return")).alias("lagged"),
            (pl.col("position") * pl.col("return")).alias("same"),
        )
        .drop_nulls(["lagged", "same"])
        .group_by("day")
        .agg(pl.col("lagged").mean(), pl.col("same").mean())
    )
    rows = series.select(day.alias("day"), profit.alias("profit")).join(parts, on="day")
    return _fit(rows.sort("day"))


def _fit(rows: pl.DataFrame) -> _Fit | None:
    import numpy as np
    import polars as pl

    known = rows.select("profit", "lagged", "same").filter(pl.all_horizontal(pl.all().is_finite()))
    if len(known) < LEAST_DAYS:
        return None
    profit, lagged, same = (known[name].to_numpy() for name in ("profit", "lagged", "same"))
    added = same - lagged
    if float(np.std(added)) <= 1e-12 or float(np.std(lagged)) <= 1e-12:
        return None
    design = np.column_stack([np.ones(len(profit)), lagged, added])
    solution, *_ = np.linalg.lstsq(design, profit, rcond=None)
    scale, weighted = float(solution[1]), float(solution[2])
    # without a lag both parts have the scale of the position; with one only the first has it
    if abs(scale) < 1e-9:
        return None
    residual = profit - design @ solution
    variance = float(residual @ residual) / max(len(profit) - 3, 1)
    spread = float(np.linalg.pinv(design.T @ design)[2, 2])
    error = float(np.sqrt(variance * spread)) / abs(scale)
    fitted = 1 - float(residual @ residual) / max(float(np.var(profit)) * len(profit), 1e-300)
    if fitted < 0.5:
        # profit that positions and returns do not explain says nothing about their lag
        return None
    return _Fit(weighted / scale, error, _t(added), len(profit))


def _t(values: np.ndarray) -> float:
    import numpy as np

    return float(np.mean(values) / (np.std(values, ddof=1) / np.sqrt(len(values))))
