"""The drawdown breaker: smaller positions while the portfolio is far under its peak."""

import numpy as np
import numpy.typing as npt

from ml_debugger.sizing.account import Costs, gross_return, turnover, weights
from ml_debugger.sizing.panel import Panel

Matrix = npt.NDArray[np.float64]


def apply_breaker(
    wanted: Matrix, panel: Panel, drawdown: float, largest: float, costs: Costs
) -> tuple[Matrix, int]:
    """Caps positions at ``largest`` on dates whose equity is ``drawdown`` or more under its peak.

    ``wanted`` is T x N, NaN where no position is decided; between decisions a position is held.
    Equity starts at 1 and includes the return of the date itself and all costs so far, never a
    later one. Returns the positions, NaN where ``wanted`` is, and the number of capped dates.
    """
    result = wanted.copy()
    equity = peak = 1.0
    days = 0
    held = np.full(wanted.shape[1], np.nan)
    before = np.zeros(wanted.shape[1])
    for day in range(len(wanted)):
        now = weights(held, panel.alive[day])
        earned = float(gross_return(now, panel.returns[day]))
        equity *= 1 + earned - costs.rate * float(turnover(now, before))
        peak = max(peak, equity)
        decided = np.isfinite(wanted[day])
        if 1 - equity / peak >= drawdown:
            result[day] = np.minimum(wanted[day], largest)
            # A ticker without a decision today is cut as well, not held above the cap.
            held = np.minimum(held, largest)
            days += bool(decided.any())
        held = np.where(decided, result[day], held)
        before = now
    return result, days
