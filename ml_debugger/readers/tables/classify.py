"""From columns to artifacts: what a table is, by the names and values it holds."""

from __future__ import annotations

from collections.abc import Sequence

from ml_debugger.artifacts import Artifact
from ml_debugger.nvidia_smi.names import is_telemetry
from ml_debugger.readers.tables.backtest import backtests_of
from ml_debugger.readers.tables.features import features_of
from ml_debugger.readers.tables.keys import find_keys
from ml_debugger.readers.tables.numbers import with_numbers
from ml_debugger.readers.tables.plan import plan_of
from ml_debugger.readers.tables.positions import positions_of
from ml_debugger.readers.tables.predictions import predictions_of
from ml_debugger.readers.tables.prices import prices_of
from ml_debugger.readers.tables.split import split_of
from ml_debugger.readers.tables.table import Table
from ml_debugger.readers.tables.trials import trials_of


def artifacts_of(table: Table) -> Sequence[Artifact]:
    """All artifacts that one table holds: bars and features often stand in one file.

    Results of a model (predictions, positions, a backtest) are not taken for features.
    """
    if not table.rows or not table.columns or is_telemetry(table.columns):
        return ()
    table = with_numbers(table)
    keys = find_keys(table)
    found: list[Artifact] = []
    positions = positions_of(table, keys)
    predictions = None if positions else predictions_of(table, keys)
    backtests = () if positions or predictions else backtests_of(table, keys)
    results = [artifact for artifact in (positions, predictions, *backtests) if artifact]
    prices = None if positions or backtests else prices_of(table, keys)
    if prices is not None:
        found.append(prices)
    found += results
    trials = None
    if not results and prices is None:
        trials = trials_of(table.frame, table.columns, table.subject, table.shown)
        if trials is not None:
            found.append(trials)
    if not results and trials is None:
        features = features_of(table, keys)
        if features is not None:
            found.append(features)
    split = split_of(table, keys) or (None if found else plan_of(table))
    if split is not None:
        found.append(split)
    return tuple(found)
