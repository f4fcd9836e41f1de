"""Figures of an equity series by every usual convention, as intervals of accepted values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_debugger.artifacts import Backtest

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

LEAST_DAYS = 20
RISK_FREE = 0.06
"""Highest risk-free rate that a reported Sharpe ratio may have been reduced by."""

Span = tuple[float, float]


@dataclass(frozen=True)
class Curve:
    """Equity levels and period returns of one backtest, and the years that they span."""

    levels: tuple[np.ndarray, ...]
    returns: tuple[np.ndarray, ...]
    years: float | None
    periods: tuple[float, ...]

    def totals(self) -> list[Span]:
        """Total returns: first level to last, compounded, summed."""
        found = [float(level[-1] / level[0] - 1) for level in self.levels]
        for series in self.returns:
            found += [_compound(series), float(series.sum()), float(_logs(series).sum())]
        # a coarse series may begin and end within a period of the backtest
        lost = 0.0 if self._is_daily else 2 * max(float(abs(r).max()) for r in self.returns)
        return [_span(value, 0.01, 0.002 + lost * (1 + abs(value))) for value in found]

    def drawdowns(self) -> list[Span]:
        """Maximum drawdowns. A series kept more coarsely than it was run shows less of it."""
        import numpy as np

        found = []
        for level in self.levels:
            found.append(float((level / np.maximum.accumulate(level) - 1).min()))
        # the drawdown of summed returns, in points of the initial capital
        for series in self.returns:
            path = np.concatenate([[0.0], np.cumsum(series)])
            found.append(float((path - np.maximum.accumulate(path)).min()))
        coarse = 0.0 if self._is_daily else 0.5
        return [(value - coarse - 0.01 - 0.05 * abs(value), value + 0.005) for value in found]

    def sharpes(self) -> list[Span]:
        """Sharpe ratios for all periods a year, both variances, rates of 0 to 6 %."""
        import numpy as np

        found: list[Span] = []
        # a ratio of daily returns differs from that of the weekly or hourly ones by noise
        room = 0.03 if self._is_daily else 0.3
        for series in self._return_sets():
            std = float(np.std(series, ddof=1))
            if std <= 0:
                continue
            for periods in (*self.periods, 1.0):
                root = math.sqrt(periods)
                high = float(np.mean(series)) / std * root
                low = (float(np.mean(series)) - RISK_FREE / max(periods, 12)) / std * root
                found.append((low - room * (1 + abs(high)), high + room * (1 + abs(high))))
                growth = _compound(series)
                if growth > -1 and self.years:
                    annual = (1 + growth) ** (1 / self.years) - 1
                    found.append(_span(annual / (std * root), 0.05, 0.03))
        return found

    def volatilities(self) -> list[Span]:
        """Standard deviations by period and annualised."""
        import numpy as np

        room = 0.03 if self._is_daily else 0.3
        return [
            _span(float(np.std(series, ddof=1)) * math.sqrt(periods), room, 0.0005)
            for series in self._return_sets()
            for periods in (*self.periods, 1.0)
        ]

    def annual_returns(self) -> list[Span]:
        """Compound growth by days, by rows, and the mean times the periods a year."""
        import numpy as np

        found: list[float] = []
        for series in self._return_sets():
            growth = _compound(series)
            lengths = [len(series) / periods for periods in self.periods]
            lengths += [self.years] if self.years else []
            for years in lengths:
                if growth > -1 and abs(math.log1p(growth) / years) < 50:
                    found.append((1 + growth) ** (1 / years) - 1)
                found.append(growth / years)
            found += [float(np.mean(series)) * periods for periods in self.periods]
        return [_span(value, 0.05, 0.005) for value in found]

    @property
    def _is_daily(self) -> bool:
        return bool(self.years) and 200 < len(self.levels[0]) / (self.years or 1) < 400

    def _return_sets(self) -> list[np.ndarray]:
        """Returns as stored, as logarithms, and of the days on which anything was held."""
        sets = []
        for series in self.returns:
            sets += [series, _logs(series)]
            active = series[series != 0]
            if LEAST_DAYS <= len(active) < len(series):
                sets.append(active)
        return sets


def curve(backtest: Backtest) -> Curve | None:
    """The series of a backtest as a curve; None where it is too short or not positive."""
    import numpy as np

    series = backtest.series
    if series is None:
        return None
    levels: list[np.ndarray] = []
    returns: list[np.ndarray] = []
    if "equity" in series.columns:
        level = series["equity"].drop_nulls().drop_nans().to_numpy()
        if len(level) > LEAST_DAYS and bool((level > 0).all()):
            levels.append(level)
            returns.append(level[1:] / level[:-1] - 1)
            start = backtest.metrics.get("initial_equity", _round_start(float(level[0])))
            if start > 0 and 0.5 < level[0] / start < 2:
                whole = np.concatenate([[start], level])
                levels.append(whole)
                returns.append(whole[1:] / whole[:-1] - 1)
    if "strategy_return" in series.columns:
        stored = series["strategy_return"].drop_nulls().drop_nans().to_numpy()
        if len(stored) > LEAST_DAYS and bool((stored > -1).all()):
            returns.append(stored)
            levels.append(np.concatenate([[1.0], np.cumprod(1 + stored)]))
    if not levels:
        return None
    years = _years(series)
    known = [float(len(levels[0]) / years)] if years else []
    stated = [backtest.periods_per_year] if backtest.periods_per_year else []
    return Curve(
        tuple(levels), tuple(returns), years, (252.0, 365.0, 250.0, 260.0, *known, *stated)
    )


def _round_start(level: float) -> float:
    """The round number that a curve was started from: 1, 100, 10 million."""
    if level <= 0 or not math.isfinite(level):
        return level
    power = 10.0 ** round(math.log10(level))
    return power if 0.5 < level / power < 2 else level


def _years(series: pl.DataFrame) -> float | None:
    if "date" not in series.columns:
        return None
    dates = series["date"].drop_nulls()
    if len(dates) < 2:
        return None
    days = (dates[-1] - dates[0]).total_seconds() / 86_400
    return days / 365.25 if days >= 1 else None


def _compound(series: np.ndarray) -> float:
    import numpy as np

    return float(np.prod(1 + series) - 1)


def _logs(series: np.ndarray) -> np.ndarray:
    import numpy as np

    logs: np.ndarray = np.log1p(np.clip(series, -1 + 1e-12, None))
    return logs


def _span(value: float, relative: float, absolute: float) -> Span:
    room = relative * abs(value) + absolute
    return (value - room, value + room)
