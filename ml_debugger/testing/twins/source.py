"""The twin's training script: scaled within folds, split by time, labels out of the features."""

from __future__ import annotations

from pathlib import Path

import numpy as np

FOLDER, NAME = "research", "pipeline.py"

SCALING = """
    scaler = StandardScaler().fit(train[FEATURES])
    train_rows, test_rows = scaler.transform(train[FEATURES]), scaler.transform(test[FEATURES])
"""
"""The lines that fit the scaler: on the training rows alone."""

SCRIPT = f'''"""Train the five-day model: features, purged folds, and the last fit."""

import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.model_selection import TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HORIZON = 5
FEATURES = ["return_1", "return_20", "volatility_20", "distance_50"]


def add_features(prices):
    close = prices.groupby("ticker")["close"]
    prices["return_1"] = close.pct_change()
    prices["return_20"] = close.pct_change(20)
    returns = prices.groupby("ticker")["return_1"]
    prices["volatility_20"] = returns.transform(lambda x: x.rolling(20).std())
    prices["distance_50"] = prices["close"] / close.transform(lambda x: x.rolling(50).mean()) - 1
    return prices


def add_label(prices):
    later = prices.groupby("ticker")["close"].shift(-HORIZON)
    prices["target"] = later / prices["close"] - 1
    return prices


def evaluate(table, first_test_day):
    train = table[table["date"] < first_test_day]
    test = table[table["date"] >= first_test_day]
    train = train[train["date"] < first_test_day - pd.Timedelta(days=2 * HORIZON)]{SCALING}
    model = Ridge().fit(train_rows, train["target"])
    return pd.Series(model.predict(test_rows), test.index).corr(test["target"])


def main():
    prices = pd.read_parquet("data/prices.parquet").sort_values(["ticker", "date"])
    table = add_label(add_features(prices)).dropna().sort_values("date")
    print(evaluate(table, table["date"].quantile(0.8)))
    model = make_pipeline(StandardScaler(), Ridge())
    folds = TimeSeriesSplit(n_splits=5, gap=HORIZON)
    print(cross_val_score(model, table[FEATURES], table["target"], cv=folds))
    model.fit(table[FEATURES], table["target"])


if __name__ == "__main__":
    main()
'''


def write(folder: Path, rng: np.random.Generator) -> None:  # noqa: ARG001  nothing is drawn
    """Write `research/pipeline.py`."""
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    (folder / FOLDER / NAME).write_text(SCRIPT, encoding="utf-8")
