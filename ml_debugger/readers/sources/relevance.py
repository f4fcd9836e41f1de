"""Whether source code works on data at all: a setup script or a web view does not."""

from __future__ import annotations

import re

_LIBRARIES = (
    "pandas|polars|numpy|scipy|sklearn|statsmodels|torch|tensorflow|keras|jax|xgboost|lightgbm|"
    "catboost|imblearn|pywt|talib|pandas_ta|ta|finta|qlib|vectorbt|vectorbtpro|backtrader|"
    "backtesting|zipline|freqtrade|yfinance|pandas_datareader|ccxt|cudf|dask|pyspark|modin|"
    "darts|sktime|prophet|pmdarima|gluonts|tsfresh|mlfinlab|finrl"
)
_IMPORT = re.compile(rf"^[ \t]*(?:import|from)[ \t]+(?:[\w., ]+,[ \t]*)?(?:{_LIBRARIES})\b", re.M)
_WORK = re.compile(
    r"\.(?:shift|rolling|fit_transform|fillna|bfill|interpolate|resample|merge_asof|pct_change)\("
    r"|\.fit\(|train_test_split\("
)


def works_on_data(text: str) -> bool:
    """Whether the code imports a library of tables or models, or calls what such code calls."""
    return _IMPORT.search(text) is not None or _WORK.search(text) is not None
