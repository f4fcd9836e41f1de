"""The usual figures of a return series, each with its definition.

Returns are arithmetic, per session, as fractions; NaN are left out. Definitions are those of
empyrical, whose published test values they reproduce; where libraries disagree (value at risk,
the number of periods) the choice is stated. A figure that is not defined is None.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

SESSIONS_PER_YEAR = 252

_NO_SPREAD = 1e-15


@dataclass(frozen=True, slots=True)
class Metrics:
    """The figures of one return series, beside a benchmark."""

    total_return: float
    annual_return: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    max_drawdown: float
    calmar: float | None
    value_at_risk_95: float | None
    expected_shortfall_95: float | None
    win_rate: float | None
    turnover: float
    """Mean traded amount per session as a share of equity."""
    alpha: float | None
    beta: float | None


def measure(returns: Values, benchmark: Values, turnover: Values) -> Metrics:
    """Computes all figures of ``returns``; the three series have one value per session."""
    known = finite(returns)
    slope = beta(returns, benchmark)
    return Metrics(
        total_return=total_return(known),
        annual_return=annual_return(known),
        volatility=volatility(known),
        sharpe=sharpe(known),
        sortino=sortino(known),
        max_drawdown=max_drawdown(known),
        calmar=calmar(known),
        value_at_risk_95=value_at_risk(known),
        expected_shortfall_95=expected_shortfall(known),
        win_rate=win_rate(known),
        turnover=float(turnover.mean()) if len(turnover) else 0.0,
        alpha=alpha(returns, benchmark),
        beta=slope,
    )


def finite(returns: Values) -> Values:
    """The values that are numbers."""
    return returns[np.isfinite(returns)]


def total_return(returns: Values) -> float:
    """Compound return: product of 1 + r, less 1."""
    return float(np.prod(1 + returns) - 1)


def annual_return(returns: Values) -> float | None:
    """Compound growth per 252 sessions, over as many sessions as there are returns."""
    growth = 1 + total_return(returns)
    if not len(returns) or growth < 0:
        return None
    # A gain within a few sessions can leave the range of a float when it is compounded to a year.
    with np.errstate(over="ignore"):
        yearly = float(np.float64(growth) ** (SESSIONS_PER_YEAR / len(returns)) - 1)
    return yearly if np.isfinite(yearly) else None


def volatility(returns: Values) -> float | None:
    """Standard deviation (n - 1) times the root of 252."""
    if len(returns) < 2:
        return None
    return float(np.std(returns, ddof=1) * np.sqrt(SESSIONS_PER_YEAR))


def sharpe(returns: Values) -> float | None:
    """Mean over standard deviation (n - 1), times the root of 252; the risk-free rate is 0."""
    if len(returns) < 2 or (spread := float(np.std(returns, ddof=1))) < _NO_SPREAD:
        return None
    return float(returns.mean() / spread * np.sqrt(SESSIONS_PER_YEAR))


def downside_risk(returns: Values) -> float | None:
    """Root of the mean square of the losses over all sessions, times the root of 252."""
    if not len(returns):
        return None
    losses = np.minimum(returns, 0)
    return float(np.sqrt(np.mean(losses**2)) * np.sqrt(SESSIONS_PER_YEAR))


def sortino(returns: Values) -> float | None:
    """Mean times 252 over the downside risk."""
    risk = downside_risk(returns)
    if risk is None or risk < _NO_SPREAD:
        return None
    return float(returns.mean() * SESSIONS_PER_YEAR / risk)


def max_drawdown(returns: Values) -> float:
    """Deepest fall of compound equity from its peak so far, 0 or less; equity starts at 1."""
    equity = np.concatenate([[1.0], np.cumprod(np.maximum(1 + returns, 0.0))])
    return float(np.min(equity / np.maximum.accumulate(equity)) - 1)


def calmar(returns: Values) -> float | None:
    """Annual return over the size of the maximum drawdown."""
    yearly, depth = annual_return(returns), max_drawdown(returns)
    return None if yearly is None or depth == 0 else yearly / -depth


def value_at_risk(returns: Values, cutoff: float = 0.05) -> float | None:
    """Historical: the ``cutoff`` quantile of the returns, interpolated linearly."""
    return float(np.quantile(returns, cutoff)) if len(returns) else None


def expected_shortfall(returns: Values, cutoff: float = 0.05) -> float | None:
    """Historical: the mean of the worst floor((n - 1) * cutoff) + 1 returns (also called CVaR)."""
    if not len(returns):
        return None
    worst = int((len(returns) - 1) * cutoff) + 1
    return float(np.sort(returns)[:worst].mean())


def win_rate(returns: Values) -> float | None:
    """Share of sessions with a gain among those with a gain or a loss."""
    moved = returns[returns != 0]
    return float(np.mean(moved > 0)) if len(moved) else None


def beta(returns: Values, benchmark: Values) -> float | None:
    """Covariance with the benchmark over the benchmark's variance, on common sessions."""
    both = np.isfinite(returns) & np.isfinite(benchmark)
    if both.sum() < 2:
        return None
    ours, theirs = returns[both], benchmark[both]
    distance = theirs - theirs.mean()
    if (variance := float(np.mean(distance**2))) < _NO_SPREAD**2:
        return None
    return float(np.mean(distance * (ours - ours.mean())) / variance)


def alpha(returns: Values, benchmark: Values) -> float | None:
    """Mean of r - beta * benchmark, compounded over 252 sessions (Jensen, risk-free rate 0)."""
    slope = beta(returns, benchmark)
    if slope is None:
        return None
    both = np.isfinite(returns) & np.isfinite(benchmark)
    excess = float(np.mean(returns[both] - slope * benchmark[both]))
    return float((1 + excess) ** SESSIONS_PER_YEAR - 1) if excess > -1 else None
