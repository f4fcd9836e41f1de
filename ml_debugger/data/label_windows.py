"""Which return a label really is: found by recomputing it from prices for every window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml_debugger.data.alignment import Array, Placed, Whole

VERIFIED = 20_000
EXACT = 0.02
"""Median deviation, in units of the median move, up to which a label is reproduced.

Rounding to four digits leaves 0.003 on daily returns, log instead of arithmetic 0.005 to 0.02;
the neighbouring window leaves 0.06 at 250 sessions and more at shorter ones.
"""
LEAST_ROWS = 30
DAY = 86_400_000_000

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Window:
    """A return from bar t + `start` to bar t + `end`, as a label of row t.

    `form` is "arithmetic", "log", "level" (a price of bar t + end), "difference" (in money),
    "class" (which side of a threshold) or "excess" (arithmetic, less the mean of its date).
    `entry` is "close" or "open", `leave` too. `scale` is 100 for percent, 1 / 20 for the mean of
    20 bars. `residual` is the
    median deviation in units of the median move (for classes the share of rows on the wrong
    side, in units of the rarer class); `price` names the closes used.
    """

    start: int
    end: int
    form: str
    residual: float
    entry: str = "close"
    leave: str = "close"
    scale: float = 1.0
    price: str = "close"

    @property
    def horizon(self) -> int:
        """Bars from start to end."""
        return self.end - self.start

    @property
    def exact(self) -> bool:
        """Whether the label is reproduced by it."""
        return self.residual <= EXACT


def moves(placed: Placed, window: Window, rows: Whole) -> Floats:
    """Log returns over a window for rows of `placed`, NaN beyond a ticker's bars."""
    closes = placed.closes[window.price]
    entry = closes if window.entry == "close" or placed.opens is None else placed.opens
    leave = closes if window.leave == "close" or placed.opens is None else placed.opens
    return price_at(leave, placed, rows, window.end) - price_at(entry, placed, rows, window.start)


def kind(values: Floats, placed: Placed, window: Window) -> str | None:
    """Whether a reproduced label is an "arithmetic" or a "log" return; None where none can tell.

    Judged on the tenth of the rows that moved most, where the two differ most.
    """
    if window.form not in ("arithmetic", "log"):
        return None
    rows = spread_rows(np.flatnonzero(np.isfinite(values) & (placed.position >= 0)), VERIFIED)
    move, told = moves(placed, window, rows), values[rows] / window.scale
    known = np.isfinite(move)
    move, told = move[known], told[known]
    if len(move) < LEAST_ROWS:
        return None
    big = np.abs(move) >= np.quantile(np.abs(move), 0.9)
    simple = np.expm1(move[big])
    apart = float(np.median(np.abs(simple - move[big])))
    off = {
        "arithmetic": float(np.median(np.abs(told[big] - simple))),
        "log": float(np.median(np.abs(told[big] - move[big]))),
    }
    nearest = min(off, key=lambda name: off[name])
    return nearest if off[nearest] < 0.2 * apart else None


def over_calendar_days(values: Floats, placed: Placed, days: int) -> bool:
    """Whether a label is the return up to the bar that many calendar days later."""
    rows = spread_rows(np.flatnonzero(np.isfinite(values) & (placed.position >= 0)), VERIFIED)
    bar = placed.position[rows]
    base = placed.time.min()
    span = int(placed.time.max() - base) + 1
    reach = days * DAY
    if reach >= span:
        return False
    # one ascending number for ticker and time, so that one search serves all tickers
    key = placed.ticker * 2 * span + (placed.time - base)
    for closes in placed.closes.values():
        for side, step in (("right", -1), ("left", 0)):
            there = np.searchsorted(key, key[bar] + reach, side=side) + step  # type: ignore[call-overload]
            there = np.minimum(there, len(key) - 1)
            same = placed.ticker[there] == placed.ticker[bar]
            move = np.where(same, closes[there] - closes[bar], np.nan)
            with np.errstate(invalid="ignore", divide="ignore"):
                for told in (np.log1p(values[rows]), values[rows], np.log1p(values[rows] / 100)):
                    if residual_of(told, move) <= EXACT:
                        return True
    return False


def residual_of(told: Floats, move: Floats) -> float:
    """Median deviation in units of the median move, over rows in which something moved."""
    known = np.isfinite(told)
    if known.sum() < LEAST_ROWS:
        return float("inf")
    told, move = told[known], move[known]
    moved = ~((told == 0) & (move == 0))
    if moved.sum() < LEAST_ROWS:
        return float("inf")
    off = np.where(np.isfinite(move), np.abs(told - move), np.inf)[moved]
    size = np.median(np.abs(told[moved]))
    return float(np.median(off) / size) if size > 0 else float("inf")


def spread_rows(rows: Whole, most: int) -> Whole:
    """Up to `most` rows at even distances."""
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def price_at(prices: Array, placed: Placed, rows: Whole, offset: int) -> Floats:
    """Log prices at an offset from the rows' bars, NaN beyond the ticker's."""
    bar = placed.position[rows]
    there = bar + offset
    inside = (there >= placed.first[bar]) & (there <= placed.last[bar])
    return np.where(inside, prices[np.clip(there, 0, len(prices) - 1)], np.nan)
