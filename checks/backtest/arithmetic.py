"""What the figures of a backtest must satisfy, whichever convention they follow."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from checks.backtest.recomputed import Curve, curve
from ml_debugger.artifacts import Backtest


@dataclass(frozen=True)
class Contradiction:
    """A reported figure, and why it cannot be right."""

    figure: str
    value: float
    sentence: str


def refuted(backtest: Backtest) -> tuple[list[Contradiction], int]:
    """Figures that the series or a definition refutes, and how many were compared."""
    found: list[Contradiction] = []
    compared = 0
    series = curve(backtest)
    if series is not None:
        for figure, accepted in _candidates(backtest, series):
            value = backtest.metrics[figure]
            compared += 1
            if not any(low <= value <= high for low, high in accepted):
                near = min(accepted, key=lambda span: abs(value - sum(span) / 2))
                text = f"{figure} is reported as {value:.4g}, the equity gives {sum(near) / 2:.4g}"
                found.append(Contradiction(figure, value, text))
    total, drawdown = (backtest.metrics.get(name) for name in ("total_return", "max_drawdown"))
    if total is not None and drawdown is not None:
        compared += 1
        if -1 <= total < drawdown - 0.005:
            text = f"a loss of {-total:.1%} exceeds the reported drawdown of {-drawdown:.1%}"
            found.append(Contradiction("max_drawdown", drawdown, text))
    return found, compared


def _candidates(
    backtest: Backtest, series: Curve
) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    """For each reported figure the intervals that some convention gives."""
    rules = {
        "total_return": series.totals,
        "max_drawdown": series.drawdowns,
        "sharpe": series.sharpes,
        "volatility": series.volatilities,
        "annual_return": series.annual_returns,
    }
    for figure, rule in rules.items():
        if figure in backtest.metrics:
            accepted: Sequence[tuple[float, float]] = rule()
            if accepted:
                yield figure, list(accepted)


def impossible(backtest: Backtest) -> tuple[list[Contradiction], int]:
    """Pairs of figures that hardly belong to one backtest, and how many were compared."""
    figures = backtest.metrics
    results = [
        _drawdown_size(figures.get("max_drawdown")),
        _ends(backtest),
        _years(backtest),
        _sharpe_and_loss(backtest),
        _calmar(backtest),
        _trades(backtest),
        _wins_without_alpha(figures.get("win_rate"), figures.get("alpha")),
    ]
    looked = [result for result in results if result is not None]
    return [found for found in looked if isinstance(found, Contradiction)], len(looked)


Finding = Contradiction | bool | None
"""A contradiction, True for an agreement, None where the figures are not there."""


def _drawdown_size(drawdown: float | None) -> Finding:
    if drawdown is None:
        return None
    if drawdown < -1.0001:
        return Contradiction("max_drawdown", drawdown, f"a drawdown of {-drawdown:.1%} of equity")
    # by itself a possible drawdown agrees with nothing
    return None


def _ends(backtest: Backtest) -> Finding:
    """The total return leads from the first equity to the last."""
    names = ("total_return", "initial_equity", "final_equity")
    total, first, last = (backtest.metrics.get(name) for name in names)
    if total is None or first is None or last is None or first <= 0:
        return None
    growth = last / first - 1
    # percent without a mark can be taken for a share
    if any(abs(value - growth) < 0.01 + 0.02 * abs(growth) for value in (total, total / 100)):
        return True
    text = f"a total return of {total:.1%} from {first:g} to {last:g}"
    return Contradiction("total_return", total, text)


def _years(backtest: Backtest) -> Finding:
    """Total and annual return have one sign, and the years between them fit the window."""
    total, annual = (backtest.metrics.get(name) for name in ("total_return", "annual_return"))
    if total is None or annual is None or total <= -1 or annual <= -1:
        return None
    if min(abs(total), abs(annual)) > 0.01 and total * annual < 0:
        text = f"a total return of {total:.1%} with {annual:.1%} a year"
        return Contradiction("annual_return", annual, text)
    if backtest.start is None or backtest.end is None or abs(math.log1p(total)) < 0.05:
        return True
    window = max((backtest.end - backtest.start).days, 1) / 365.25
    implied = math.log1p(total) / math.log1p(annual) if annual else math.inf
    # 252 sessions against 365 days, and arithmetic against compound means, lie within this
    tolerance = 1.8 + 3 / max((backtest.end - backtest.start).days, 1)
    mean = total / window
    if window / tolerance <= implied <= window * tolerance or abs(annual - mean) < 0.3 * abs(mean):
        return True
    text = f"{total:.1%} in {window:.2g} years is not {annual:.1%} a year"
    return Contradiction("annual_return", annual, text)


def _sharpe_and_loss(backtest: Backtest) -> Finding:
    """Sign of the Sharpe ratio against that of the result, with room for volatility drag."""
    figures = backtest.metrics
    sharpe = figures.get("sharpe")
    result = figures.get("annual_return", figures.get("total_return"))
    if sharpe is None or result is None:
        return None
    volatility, drawdown = figures.get("volatility"), figures.get("max_drawdown")
    if sharpe > 0 and result < -0.01:
        if volatility is not None:
            # growth = mean - variance / 2, the mean being at least Sharpe * volatility;
            # another variance / 2 is left for fat tails
            drag = sharpe * volatility > volatility**2 + 0.02
        else:
            # drag would need a volatility of more than twice the Sharpe ratio
            drag = sharpe >= 0.5 and drawdown is not None and drawdown > -0.5
        if drag:
            text = f"a Sharpe ratio of {sharpe:.2f} with a return of {result:.1%}"
            return Contradiction("sharpe", sharpe, text)
    if sharpe < -0.1 and "annual_return" in figures and result > 0.10:
        text = f"a Sharpe ratio of {sharpe:.2f} with {result:.1%} a year"
        return Contradiction("sharpe", sharpe, text)
    return True


def _calmar(backtest: Backtest) -> Finding:
    calmar, annual = (backtest.metrics.get(name) for name in ("calmar", "annual_return"))
    if calmar is None or annual is None:
        return None
    if min(abs(calmar), abs(annual)) > 0.01 and calmar * annual < 0:
        text = f"a Calmar ratio of {calmar:.2f} with {annual:.1%} a year"
        return Contradiction("calmar", calmar, text)
    return True


def _trades(backtest: Backtest) -> Finding:
    trades, turnover = (backtest.metrics.get(name) for name in ("trades", "turnover"))
    if trades is None or turnover is None:
        return None
    if trades == 0 and turnover > 0:
        text = f"no trade is counted, but {turnover:.4g} was turned over"
        return Contradiction("trades", trades, text)
    return True


def _wins_without_alpha(wins: float | None, alpha: float | None) -> Finding:
    if wins is None or alpha is None:
        return None
    if wins > 0.8 and alpha < 0:
        text = f"a win rate of {wins:.0%} with a negative alpha of {alpha:.3g}"
        return Contradiction("win_rate", wins, text)
    return True
