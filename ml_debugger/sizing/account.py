"""What a portfolio of equal sleeves earns and pays from one session to the next.

The functions take one date (N tickers) or all dates (T x N), so that sizing, which goes day by
day, and the backtest, which does not, share one definition.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

BASIS_POINT = 1e-4


@dataclass(frozen=True, slots=True)
class Costs:
    """What trading costs, in basis points of the amount traded.

    5 for commission and half the spread, 2 for slippage: a convention for small orders in large
    US shares, not a measurement; whoever trades anything else should set both.
    """

    cost_bps: float = 5.0
    slippage_bps: float = 2.0

    @property
    def rate(self) -> float:
        """Both together, as a fraction."""
        return (self.cost_bps + self.slippage_bps) * BASIS_POINT


def weights(held: Values, alive: npt.NDArray[np.bool_]) -> Values:
    """Turns positions that were decided the session before into shares of portfolio equity.

    Each ticker that is alive and has a position gets an equal sleeve; NaN is no position. Sleeves
    are made equal again every session; what that trades by drift alone is not charged.
    """
    used = alive & np.isfinite(held)
    count = used.sum(axis=-1, keepdims=True)
    return np.asarray(np.where(used, held, 0.0) / np.maximum(count, 1))


def turnover(now: Values, before: Values) -> Values:
    """Traded amount as a share of equity: the sum of the changes of all weights."""
    return np.asarray(np.abs(now - before).sum(axis=-1))


def gross_return(now: Values, returns: Values) -> Values:
    """Return of the portfolio before costs."""
    return np.asarray((now * returns).sum(axis=-1))
