"""The twin's script of the boosted model: weights in the folds and in the last fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np

FILE = Path("research", "boosted.py")
WEIGHTS = ", sample_weight=balanced(label)"
"""How the last fit is given its weights."""

SCRIPT = f'''"""Fit the boosted model of five-day returns: purged folds, then all rows."""

import numpy as np
import pandas as pd
from sklearn.model_selection import TimeSeriesSplit
from xgboost import XGBRegressor

FEATURES = ["momentum_20", "reversal_5", "volatility_20", "volume_ratio_20"]


def balanced(label):
    rising = label > 0
    return np.where(rising, 0.5 / rising.mean(), 0.5 / (1 - rising.mean()))


def cross_validate(rows, label):
    scores = []
    for train, test in TimeSeriesSplit(n_splits=5, gap=5).split(rows):
        model = XGBRegressor(n_estimators=200, max_depth=4)
        model.fit(rows[train], label[train], sample_weight=balanced(label[train]))
        scores.append(np.corrcoef(model.predict(rows[test]), label[test])[0, 1])
    return scores


def fit_all(rows, label):
    model = XGBRegressor(n_estimators=200, max_depth=4)
    model.fit(rows, label{WEIGHTS})
    return model


if __name__ == "__main__":
    table = pd.read_parquet("data/features.parquet").sort_values("date")
    rows, label = table[FEATURES].to_numpy(), table["label_5"].to_numpy()
    print(cross_validate(rows, label))
    fit_all(rows, label).save_model("runs/xgb-h5/final.ubj")
'''


def write(folder: Path, rng: np.random.Generator) -> None:  # noqa: ARG001  nothing is drawn
    """Write `research/boosted.py`."""
    (folder / FILE).parent.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(SCRIPT, encoding="utf-8")
