"""Kelly's growth-optimal fraction, for bets and for returns.

Sources: J. L. Kelly, A New Interpretation of Information Rate, 1956; E. O. Thorp, The Kelly
Criterion in Blackjack, Sports Betting and the Stock Market, 2006; E. P. Chan, Quantitative
Trading, 2009.
"""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

WIN_RATE_LIMITS = (0.50, 0.60)
"""What a measured win rate may count for: the project's record clips it so, because no honest
hold-out on daily returns is far from one half."""

Number = TypeVar("Number", float, npt.NDArray[np.float64])


def bet_fraction(win_rate: Number, payoff: float = 1.0) -> Number:
    """Growth-optimal fraction of a bet: p - (1 - p) / b.

    ``win_rate`` p is a probability, ``payoff`` b the mean win over the mean loss. With even
    payoff this is 2p - 1.
    """
    return win_rate - (1 - win_rate) / payoff


def return_fraction(mean: Number, deviation: Number, risk_free: float = 0.0) -> Number:
    """Growth-optimal leverage of an asset: (mean - risk_free) / deviation**2.

    All three over the same period. Thorp: 0.11, 0.15 and 0.06 a year give 2.2222.
    """
    return (mean - risk_free) / deviation**2


def growth_rate(fraction: float, mean: float, deviation: float, risk_free: float = 0.0) -> float:
    """Expected logarithmic growth at a leverage: r + f (m - r) - f**2 s**2 / 2."""
    return risk_free + fraction * (mean - risk_free) - (fraction * deviation) ** 2 / 2


def trust(win_rate: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How far the hold-out lets a prediction count, 0 to 1.

    The bet fraction of the clipped win rate over that of the best one which is believed: 0 at
    0.50 or less, 1 at 0.60 or more.
    """
    low, high = WIN_RATE_LIMITS
    return bet_fraction(np.clip(win_rate, low, high)) / bet_fraction(high)
