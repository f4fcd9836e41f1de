"""Positions: how much is held, by ticker and date."""

from __future__ import annotations

import polars as pl

from ml_debugger.artifacts import Positions
from ml_debugger.readers.tables.columns import first_named
from ml_debugger.readers.tables.keys import Keys
from ml_debugger.readers.tables.predictions import PREDICTION
from ml_debugger.readers.tables.table import Table

POSITION = (
    "position",
    "positions",
    "position_size",
    "target_position",
    "final_position",
    "weight",
    "weights",
    "target_weight",
    "portfolio_weight",
    "allocation",
    "exposure_fraction",
)
_SERIES = ("equity", "portfolio_value", "strategy_return", "strategy_returns", "nav")


def positions_of(table: Table, keys: Keys) -> Positions | None:
    """The positions in a table, or None when it holds none.

    `prediction` stands beside them in the frame where the file has it.
    """
    position = first_named(table.columns, POSITION)
    if position is None or keys.time is None or not table.numeric(position):
        return None
    if keys.ticker is None or first_named(table.columns, _SERIES) is not None:
        return None
    names = {"ticker": keys.ticker, "date": keys.time.column, "position": position}
    columns = [
        pl.col(keys.ticker).cast(pl.String).alias("ticker"),
        keys.time.expression.alias("date"),
        pl.col(position).cast(pl.Float64).alias("position"),
    ]
    prediction = first_named(table.columns, PREDICTION)
    if prediction is not None and table.numeric(prediction):
        names["prediction"] = prediction
        columns.append(pl.col(prediction).cast(pl.Float64).alias("prediction"))
    return Positions(
        subject=table.subject,
        path=table.shown,
        frame=table.frame.select(columns),
        names=names,
        rows=table.rows,
    )
