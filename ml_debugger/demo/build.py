"""Building the demo's workspace: real prices through every stage of the engine."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from importlib import resources
from pathlib import Path

from ml_debugger.errors import UsageError
from ml_debugger.workspace.layout import Layout

Progress = Callable[[str, int, int], None]

LAST_SESSION = date(2018, 2, 7)
HORIZONS = (1, 5, 20, 60)
SIZED_HORIZON = 5

CONFIGURATION = f"""\
# Written by `diagnostic demo`. Every key is explained by `diagnostic config show`.

[run]
fail_on = "fail"

[expect]
data_through = {LAST_SESSION}   # the demo's prices end here; a live workspace says "latest"
horizons = [1, 5, 20, 60]       # sessions
max_long = 1.8                  # units of a sleeve's equity
max_short = 0.1

# [limits.low-wfe]
# wfe = {{ warn = 50, fail = 40 }}  # percent
"""


def build(folder: Path, progress: Progress | None = None) -> Layout:
    """Unpack the prices and run data, training, inference, sizing and backtest on them.

    `folder` must not exist or must be empty. Raises UsageError otherwise and MissingExtraError
    without XGBoost.
    """
    from ml_debugger import backtest, data, inference, sizing, training

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: not an empty folder; name another one for the demo")
    layout = Layout(folder)
    layout.prices.parent.mkdir(parents=True, exist_ok=True)
    (folder / "diagnostic.toml").write_text(CONFIGURATION, encoding="utf-8")
    with resources.as_file(resources.files("ml_debugger.demo") / "prices.parquet") as packed:
        shutil.copyfile(packed, layout.prices)
    prices = data.import_prices(layout.prices, progress=progress)
    features = data.build_features(prices, HORIZONS, progress=progress)
    data.write_parquet(features, layout.features)
    runs = [
        training.train_run(
            features,
            horizon,
            layout.run(horizon),
            purge=max(HORIZONS),  # all horizons are then tested on the same sessions
            progress=progress,
        )
        for horizon in HORIZONS
    ]
    folders = [layout.run(horizon) for horizon in HORIZONS]
    predictions = inference.predict_runs(features, folders, layout.predictions, progress=progress)
    sized = sizing.size_positions(
        predictions, prices, layout.positions, horizon=SIZED_HORIZON, progress=progress
    )
    record = next(run.record for run in runs if run.record.horizon == SIZED_HORIZON)
    backtest.run_backtest(
        sized.positions, prices, layout.backtest, records=[record], progress=progress
    )
    return layout


def plant(folder: Path, name: str, seed: int = 7) -> str:
    """Plant one more fault in a workspace; returns the sentence that says what was done.

    Raises UsageError for an unknown fault.
    """
    import numpy as np

    from ml_debugger.testing.plant import faults

    known = faults()
    if name not in known:
        raise UsageError(f"no fault '{name}' can be planted; known: {', '.join(known)}")
    return known[name].plant(folder, np.random.default_rng(seed))


def backtest_summary(layout: Layout) -> dict[str, float]:
    """Total return and Sharpe ratio of the strategy and of buy-and-hold."""
    record = json.loads((layout.backtest / "backtest.json").read_text(encoding="utf-8"))
    return {
        "strategy": record["metrics"]["total_return"],
        "buy_and_hold": record["buy_and_hold"]["total_return"],
        "sharpe": record["metrics"]["sharpe"],
    }
