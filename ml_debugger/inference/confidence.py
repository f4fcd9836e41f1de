"""Confidence: how often predictions of this strength had the right sign, out of fold.

Predictions are ranked by size into fifths; the hit rate of each fifth is made to rise with size by
pooling neighbours that break the order (isotonic regression, R. E. Barlow and others, 1972), and
drawn towards 0.5 as if ``PRIOR_ROWS`` coin tosses had been seen. Only predictions whose outcome
was known before the date that is predicted count, so the confidence of the past holds no future.
Where nothing is known it is 0.5.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

UNKNOWN = 0.5
BINS = 5
PRIOR_ROWS = 200
"""A share of hits among 200 rows has a standard error of 0.035; less evidence is mostly noise."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Hit rates by the size of a prediction."""

    edges: Values
    """Sizes between the bins, ascending."""
    rates: Values
    """Hit rate of each bin in [0, 1], never falling; one more than ``edges``."""

    def confidence(self, predictions: Values) -> Values:
        """Probability in [0, 1] that the sign of each prediction is right."""
        return self.rates[np.searchsorted(self.edges, np.abs(predictions), side="right")]


def calibrate(predictions: Values, outcomes: Values, horizon: int) -> Calibration:
    """Estimates hit rates from predictions and what came of them, both arithmetic returns.

    Outcomes over ``horizon`` sessions overlap, so that as many rows carry about the evidence of
    one: counts are divided by the horizon. NaN outcomes and outcomes of 0 are left out.
    """
    known = np.isfinite(outcomes) & (outcomes != 0)
    sizes = np.abs(predictions[known])
    hits = np.sign(predictions[known]) == np.sign(outcomes[known])
    if not len(sizes):
        return Calibration(np.empty(0), np.array([UNKNOWN]))
    edges = np.unique(np.quantile(sizes, np.arange(1, BINS) / BINS))
    bins = np.searchsorted(edges, sizes, side="right")
    rows = np.bincount(bins, minlength=len(edges) + 1) / horizon
    right = np.bincount(bins, weights=hits, minlength=len(edges) + 1) / horizon
    rates = (right + UNKNOWN * PRIOR_ROWS) / (rows + PRIOR_ROWS)
    return Calibration(edges, _rising(rates, rows + PRIOR_ROWS))


def _rising(rates: Values, weights: Values) -> Values:
    """Pools adjacent rates, weighted, until none is lower than the one before it."""
    pools: list[tuple[float, float, int]] = []
    for rate, weight in zip(rates.tolist(), weights.tolist(), strict=True):
        pools.append((rate, weight, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, wa, na), (b, wb, nb) = pools[-2:]
            pools[-2:] = [((a * wa + b * wb) / (wa + wb), wa + wb, na + nb)]
    return np.repeat([rate for rate, _, _ in pools], [count for _, _, count in pools])
