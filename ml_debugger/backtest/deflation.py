"""How good the best of many trials looks by chance.

Bailey and Lopez de Prado, The deflated Sharpe ratio, Journal of Portfolio Management 40 (5),
2014; Bailey, Borwein, Lopez de Prado and Zhu, Pseudo-mathematics and financial charlatanism,
Notices of the AMS 61 (5), 2014.
"""

import math
from statistics import NormalDist

EULER = 0.5772156649015329


def expected_maximum(trials: int) -> float:
    """The expected largest of ``trials`` independent standard normal numbers; 0 for one.

    The approximation of both papers: (1 - g) q(1 - 1/N) + g q(1 - 1/(N e)), with the quantiles q
    of the normal distribution and Euler's constant g.
    """
    if trials < 2:
        return 0.0
    quantile = NormalDist().inv_cdf
    return (1 - EULER) * quantile(1 - 1 / trials) + EULER * quantile(1 - 1 / (trials * math.e))


def probabilistic_sharpe(
    sharpe: float, against: float, periods: int, skew: float = 0.0, kurtosis: float = 3.0
) -> float:
    """The probability that the true ratio of ``periods`` returns lies above ``against``.

    Both ratios are per period, not annual; ``kurtosis`` is 3 for normal returns. NaN for fewer
    than two periods.
    """
    spread = 1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2
    if periods < 2 or spread <= 0:
        return math.nan
    return NormalDist().cdf((sharpe - against) * math.sqrt((periods - 1) / spread))


def deflated_sharpe(
    sharpe: float,
    variance: float,
    trials: int,
    periods: int,
    skew: float = 0.0,
    kurtosis: float = 3.0,
) -> float:
    """The probability that the best of ``trials`` has an edge at all.

    ``sharpe`` is the best ratio and ``variance`` that of the ratios of all trials, both per
    period.
    """
    bar = math.sqrt(variance) * expected_maximum(trials)
    return probabilistic_sharpe(sharpe, bar, periods, skew, kurtosis)
