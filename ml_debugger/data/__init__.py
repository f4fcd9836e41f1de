"""Prices in, features and labels out: the first of the engine's rooms.

Prices are one long table, sorted by ticker and date: ``ticker: String``, ``date: Date``
(``Datetime`` for intraday bars), ``open, high, low, close, volume: Float64``.
Nothing is repaired on the way in: a fault of the source stays visible to the checks.
"""

from ml_debugger.data.columns import PRICE_COLUMNS
from ml_debugger.data.features import FEATURES, build_features, feature_columns
from ml_debugger.data.fetching import fetch_prices
from ml_debugger.data.importing import import_prices
from ml_debugger.data.labels import HORIZONS, label_column
from ml_debugger.data.progress import Progress
from ml_debugger.data.storage import append_json_line, utc_now, write_json, write_parquet

__all__ = [
    "FEATURES",
    "HORIZONS",
    "PRICE_COLUMNS",
    "Progress",
    "append_json_line",
    "build_features",
    "feature_columns",
    "fetch_prices",
    "import_prices",
    "label_column",
    "utc_now",
    "write_json",
    "write_parquet",
]
