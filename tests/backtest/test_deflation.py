"""The best of many trials: published values (Bailey and Lopez de Prado 2014; esvhd/pypbo)."""

import math

import pytest

from ml_debugger.backtest.deflation import deflated_sharpe, expected_maximum, probabilistic_sharpe


@pytest.mark.parametrize(
    ("trials", "value"), [(1, 0.0), (10, 1.5746), (100, 2.5306028932), (7, 1.3868), (45, 2.2356)]
)
def test_expected_maximum(trials: int, value: float) -> None:
    assert expected_maximum(trials) == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize(
    ("trials", "skew", "kurtosis", "value"),
    [(100, -3.0, 10.0, 0.90039683444939), (46, -3.0, 10.0, 0.9505), (88, 0.0, 3.0, 0.9505)],
)
def test_deflated_sharpe(trials: int, skew: float, kurtosis: float, value: float) -> None:
    daily = 2.5 / math.sqrt(250)
    found = deflated_sharpe(daily, 0.5 / 250, trials, 1250, skew, kurtosis)
    assert found == pytest.approx(value, abs=1e-4)


def test_probabilistic_sharpe() -> None:
    found = probabilistic_sharpe(1.585 / math.sqrt(12), 0.0, 24, -2.448, 10.164)
    assert found == pytest.approx(0.91323430688, abs=1e-9)
    assert math.isnan(probabilistic_sharpe(0.1, 0.0, 1))
