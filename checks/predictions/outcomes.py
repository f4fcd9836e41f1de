"""Predictions beside what came of them, cut into the groups that are judged apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ml_debugger.artifacts import Predictions, PriceTable

if TYPE_CHECKING:
    import polars as pl

MOST_ROWS = 4_000_000
"""Beyond this, whole tickers are left out: their shares and spreads say the same."""


def with_outcomes(predictions: Predictions, prices: PriceTable | None) -> pl.DataFrame:
    """Rows with a finite prediction, and `actual` where the file or linked prices know it.

    Outcomes from prices are arithmetic returns of the close over the horizon, as the contract
    of predictions defines them; only return forecasts with ticker, date and horizon get them.
    """
    import polars as pl

    frame = predictions.frame.filter(pl.col("prediction").is_finite())
    if predictions.rows > MOST_ROWS:
        if "ticker" in predictions.names:
            step = -(-predictions.rows // MOST_ROWS)
            frame = frame.filter(pl.col("ticker").hash(seed=0) % step == 0)
        else:
            frame = frame.tail(MOST_ROWS)
    rows = frame.collect(engine="streaming")
    keyed = {"ticker", "date", "horizon"} <= predictions.names.keys()
    if "actual" in rows.columns:
        return rows.with_columns(pl.when(pl.col("actual").is_finite()).then(pl.col("actual")))
    if prices is None or not keyed or predictions.kind != "return":
        return rows
    return _from_prices(rows, prices)


def _from_prices(rows: pl.DataFrame, prices: PriceTable) -> pl.DataFrame:
    import polars as pl

    close = next((c for c in ("adj_close", "close") if c in prices.columns), None)
    horizons = rows["horizon"].drop_nulls().unique().to_list()
    if close is None or len(horizons) > 20:
        return rows
    day = rows.select(pl.col("date").cast(pl.Date)).to_series()
    bars = prices.bars.select("ticker", pl.col("time").cast(pl.Date).alias("day"), close)
    if not bars["day"].is_unique().all() and bars.select("ticker", "day").is_duplicated().any():
        # several bars a day: a horizon in sessions is no number of rows
        return rows
    ahead = (
        pl.concat(
            bars.select(
                "ticker",
                "day",
                pl.lit(horizon, dtype=rows.schema["horizon"]).alias("horizon"),
                (pl.col(close).shift(-horizon).over("ticker") / pl.col(close) - 1).alias("actual"),
            )
            for horizon in sorted(horizons)
            if horizon > 0
        )
        if any(horizon > 0 for horizon in horizons)
        else None
    )
    if ahead is None:
        return rows
    joined = rows.with_columns(day.alias("day")).join(
        ahead, on=["ticker", "day", "horizon"], how="left", maintain_order="left"
    )
    return joined.drop("day").with_columns(
        pl.when(pl.col("actual").is_finite()).then(pl.col("actual"))
    )


def groups(rows: pl.DataFrame) -> Iterator[tuple[str, int | None, pl.DataFrame]]:
    """Rows by model and horizon: a label for titles, the horizon in sessions, the rows."""
    keys = [key for key in ("model", "horizon") if key in rows.columns]
    keys = [key for key in keys if key == "horizon" or rows[key].n_unique() <= 50]
    if not keys:
        yield "all", None, rows
        return
    parts = rows.partition_by(keys, as_dict=True, maintain_order=True)
    # a model for each horizon needs no name beside it
    several = keys == ["model"] or len(parts) > rows[keys[-1]].n_unique()
    for key, part in parts.items():
        named = dict(zip(keys, key, strict=True))
        horizon = named.get("horizon")
        words = [str(named["model"])] if several else []
        if horizon is not None:
            words.append(f"horizon {horizon}")
        yield " ".join(words) or "all", horizon, part


def independent_dates(rows: pl.DataFrame, horizon: int | None) -> float:
    """How many periods without overlap the rows span: dates, or rows without dates, a horizon."""
    count = rows["date"].n_unique() if "date" in rows.columns else len(rows)
    return count / max(horizon or 1, 1)
