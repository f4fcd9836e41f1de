"""What comes out of the twin's model: validation record, predictions, positions, backtest."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from ml_debugger.backtest import run_backtest
from ml_debugger.sizing import size_positions
from ml_debugger.training import ValidationRecord, walk_forward, walk_forward_efficiency
from ml_debugger.training.record import FoldScore, LabelStats, Span

HORIZONS = (1, 5, 20, 60)
SKILL = 0.12
"""Correlation of predictions with outcomes; also the ratio of their spreads, as it is best."""


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write the record of the run `xgb-h5` and everything that follows from its predictions."""
    prices = pl.read_parquet(folder / "data" / "prices.parquet").sort("ticker", "date")
    record = _record(prices, rng)
    run = folder / "runs" / "xgb-h5"
    for place in (run, folder / "predictions", folder / "positions", folder / "backtest"):
        place.mkdir(parents=True, exist_ok=True)
    record.write(run)
    first = record.folds[0].test.start
    predictions = pl.concat(_predictions(prices, horizon, rng) for horizon in HORIZONS)
    predictions = predictions.filter(pl.col("date") >= first).sort("ticker", "date", "horizon")
    predictions.write_parquet(folder / "predictions" / "predictions.parquet")
    sized = size_positions(predictions, prices, folder / "positions")
    run_backtest(sized.positions, prices, folder / "backtest", records=[record])


def _record(prices: pl.DataFrame, rng: np.random.Generator) -> ValidationRecord:
    sessions: list[date] = prices["date"].unique().sort().to_list()
    tickers = prices["ticker"].n_unique()
    position = {session: number for number, session in enumerate(sessions)}

    def span(start: date, end: date) -> Span:
        return Span(start, end, tickers * (position[end] - position[start] + 1))

    scores = []
    for fold in walk_forward(sessions, 5):
        train, validation, test = (
            round(float(middle + rng.normal(0, 0.002)), 6) for middle in (0.571, 0.541, 0.534)
        )
        scores.append(
            FoldScore(
                fold=fold.number,
                train=span(fold.train.start, fold.train.end),
                validation=span(fold.validation.start, fold.validation.end),
                test=span(fold.test.start, fold.test.end),
                train_accuracy=train,
                validation_accuracy=validation,
                test_accuracy=test,
                baseline_accuracy=0.523,
                wfe=walk_forward_efficiency(validation, test),
            )
        )

    def mean(name: str) -> float:
        return float(np.mean([getattr(score, name) for score in scores]))

    validation, test = mean("validation_accuracy"), mean("test_accuracy")
    labels = _outcomes(prices, 5)["outcome"].drop_nulls()
    share, middle, spread = (
        float(np.mean(labels.to_numpy() > 0)),
        float(np.mean(labels.to_numpy())),
        float(np.std(labels.to_numpy())),
    )
    return ValidationRecord(
        model="xgb-h5",
        horizon=5,
        mode="anchored",
        purge=5,
        embargo=5,
        lookback=0,
        folds=scores,
        train_accuracy=mean("train_accuracy"),
        validation_accuracy=validation,
        test_accuracy=test,
        wfe=walk_forward_efficiency(validation, test),
        label_stats=LabelStats(share, middle, spread, share, middle, spread),
        trained_through=sessions[-1],
        created=f"{sessions[-1]}T22:30:00Z",
    )


def _outcomes(prices: pl.DataFrame, horizon: int) -> pl.DataFrame:
    ahead = pl.col("close").shift(-horizon).over("ticker") / pl.col("close") - 1
    return prices.select("ticker", "date", ahead.alias("outcome"))


def _predictions(prices: pl.DataFrame, horizon: int, rng: np.random.Generator) -> pl.DataFrame:
    """Forecasts as narrow as their skill justifies, about a third of the mean outcome."""
    rows = _outcomes(prices, horizon)
    came = rows["outcome"].to_numpy()
    middle, spread = float(np.nanmean(came)), float(np.nanstd(came))
    standard = np.nan_to_num((came - middle) / spread)
    noise = rng.standard_normal(len(came))
    forecast = middle / 3 + SKILL * spread * (SKILL * standard + np.sqrt(1 - SKILL**2) * noise)
    sure = 0.5 + 0.08 * np.tanh(np.abs(forecast) / (2 * SKILL * spread))
    return rows.select(
        "ticker",
        "date",
        pl.lit(horizon, dtype=pl.Int32).alias("horizon"),
        pl.Series("prediction", forecast),
        pl.Series("confidence", sure),
        pl.lit(f"xgb-h{horizon}").alias("model"),
    )
