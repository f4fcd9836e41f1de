"""RSI and ATR against the published values of bukosabino/ta, test/data/cs-*.csv (MIT)."""

import polars as pl
import pytest

from ml_debugger.data import indicators as ind

RSI_CLOSES = [
    44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826,
    45.8931, 46.0328, 45.6140, 46.2820, 46.2820, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439,
    46.2122, 46.2521, 45.7137, 46.4515, 45.7835, 45.3548, 44.0288, 44.1783, 44.2181, 44.5672,
    43.4205, 42.6628, 43.1314,
]  # fmt: skip
RSI_VALUES = {14: 71.862114, 15: 65.248473, 16: 65.614661, 25: 47.446488, 32: 35.489326}

ATR_BARS = [
    (48.70, 47.79, 48.16), (48.72, 48.14, 48.61), (48.90, 48.39, 48.75), (48.87, 48.37, 48.63),
    (48.82, 48.24, 48.74), (49.05, 48.635, 49.03), (49.20, 48.94, 49.07), (49.35, 48.86, 49.32),
    (49.92, 49.50, 49.91), (50.19, 49.87, 50.13), (50.12, 49.20, 49.53), (49.66, 48.90, 49.50),
    (49.88, 49.43, 49.75), (50.19, 49.725, 50.03), (50.36, 49.26, 50.31), (50.57, 50.09, 50.52),
    (50.65, 50.30, 50.41), (50.43, 49.21, 49.34),
]  # fmt: skip
ATR_VALUES = {13: 0.555, 14: 0.5939285714, 15: 0.5857908163, 16: 0.5689486152, 17: 0.6154522855}


def test_rsi_has_the_published_values() -> None:
    rsi = pl.DataFrame({"close": RSI_CLOSES}).select(ind.rsi(14)).to_series()
    assert rsi[:14].null_count() == 14
    for row, value in RSI_VALUES.items():
        assert rsi[row] == pytest.approx(value, abs=1e-4)


def test_atr_has_the_published_values() -> None:
    bars = pl.DataFrame(ATR_BARS, schema=["high", "low", "close"], orient="row")
    atr = bars.select(ind.atr(14)).to_series()
    assert atr[:13].null_count() == 13
    for row, value in ATR_VALUES.items():
        assert atr[row] == pytest.approx(value, abs=1e-9)


def test_a_bar_without_range_closes_in_its_middle() -> None:
    bars = pl.DataFrame({"high": [2.0], "low": [2.0], "close": [2.0]})
    assert bars.select(ind.close_location()).item() == 0.5
