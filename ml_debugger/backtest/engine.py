"""What positions would have earned: the position of date t earns the return of date t + 1."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml_debugger.sizing.account import Costs, gross_return, turnover, weights
from ml_debugger.sizing.panel import Panel, hold

Values = npt.NDArray[np.float64]

POSITION_LAG = 1
"""Sessions between the close at which a position is decided and the return that it earns."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """One value per date; the first date earns nothing, because nothing was held before it."""

    net: Values
    """Return after costs."""
    gross: Values
    """Return before costs."""
    cost: Values
    """Costs as a share of equity."""
    turnover: Values
    """Traded amount as a share of equity."""
    exposure: Values
    """Net share of equity that was held, long less short."""

    @property
    def equity(self) -> Values:
        """Growth of 1; a loss of everything stays 0."""
        return np.asarray(np.cumprod(np.maximum(1 + self.net, 0.0)), dtype=np.float64)


def simulate(positions: Values, panel: Panel, costs: Costs) -> Simulation:
    """Runs T x N positions, in units of a sleeve's equity, over a panel.

    NaN means that nothing was decided: the last position is held, and there is none before the
    first. Every ticker that is alive and has a position gets an equal sleeve. A missing bar earns
    0 and its position is held, so the next bar's return, which spans the gap, is earned whole.
    A position is sold, at cost, on the date after the ticker's last bar. Costs are charged with
    the first return that a changed position earns.
    """
    held = np.full(positions.shape, np.nan)
    held[POSITION_LAG:] = hold(positions)[:-POSITION_LAG]
    now = weights(held, panel.alive)
    before = np.zeros_like(now)
    before[1:] = now[:-1]
    traded = turnover(now, before)
    gross = gross_return(now, panel.returns)
    cost = costs.rate * traded
    return Simulation(gross - cost, gross, cost, traded, now.sum(axis=1))


def buy_and_hold(panel: Panel, costs: Costs) -> Simulation:
    """Buys every ticker for equal amounts at its first close, and never trades again.

    The share of a ticker that starts later waits in cash; after a last bar it stays at the last
    close. Buying is charged, holding is not rebalanced.
    """
    started = np.logical_or.accumulate(panel.alive, axis=0)
    first = np.argmax(np.isfinite(panel.closes), axis=0)
    entry = panel.closes[first, np.arange(len(panel.tickers))]
    growth = np.where(started, panel.closes / entry, 1.0)
    share = 1 / max(len(panel.tickers), 1)
    bought = np.diff(started.sum(axis=1), prepend=0) * share
    held = growth.sum(axis=1) * share
    paid = 1 - costs.rate * np.cumsum(bought)
    equity = held * paid

    def change(values: Values) -> Values:
        result = np.zeros(len(values))
        result[1:] = values[1:] / values[:-1] - 1
        return result

    net, gross = change(equity), change(held)
    exposure = np.where(started, growth, 0.0).sum(axis=1) * share / held
    return Simulation(net, gross, gross - net, bought, exposure)
