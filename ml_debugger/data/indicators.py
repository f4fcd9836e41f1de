"""Indicators as polars expressions over one ticker's bars, all causal.

Each expression is meant for ``.over("ticker")``. Definitions are the published ones; Wilder's
smoothing is an exponential mean with weight 1/n (J. W. Wilder, New Concepts in Technical Trading
Systems, 1978).
"""

import polars as pl

OPEN, HIGH, LOW, CLOSE, VOLUME = (pl.col(c) for c in ("open", "high", "low", "close", "volume"))


def simple_return(bars: int) -> pl.Expr:
    """close(t) / close(t - bars) - 1."""
    return CLOSE / CLOSE.shift(bars) - 1


def sma_gap(window: int) -> pl.Expr:
    """Distance of the close from its simple moving average, as a fraction of it."""
    return CLOSE / CLOSE.rolling_mean(window) - 1


def zscore(value: pl.Expr, window: int) -> pl.Expr:
    """Distance from the rolling mean in rolling standard deviations (n - 1)."""
    return (value - value.rolling_mean(window)) / value.rolling_std(window)


def ema(value: pl.Expr, span: int) -> pl.Expr:
    """Exponential mean with weight 2 / (span + 1), started at the first value."""
    return value.ewm_mean(span=span, adjust=False, min_samples=span, ignore_nulls=True)


def macd(fast: int = 12, slow: int = 26) -> pl.Expr:
    """Difference of two exponential means of the close, in price units (G. Appel)."""
    return ema(CLOSE, fast) - ema(CLOSE, slow)


def rsi(window: int = 14) -> pl.Expr:
    """Relative strength index in [0, 100], Wilder's smoothing started at the first bar.

    The start is that of bukosabino/ta; Wilder's own starts from a simple mean, and the two
    converge within a few windows.
    """
    change = CLOSE.diff()
    weight = 1 / window
    up = change.clip(lower_bound=0).fill_null(0).ewm_mean(alpha=weight, adjust=False)
    down = (-change).clip(lower_bound=0).fill_null(0).ewm_mean(alpha=weight, adjust=False)
    ready = pl.int_range(pl.len()) >= window
    return pl.when(ready & CLOSE.is_not_null()).then(100 * up / (up + down))


def true_range() -> pl.Expr:
    """The widest of high - low and the distances of high and low from the previous close."""
    previous = CLOSE.shift(1)
    return pl.max_horizontal(HIGH - LOW, (HIGH - previous).abs(), (LOW - previous).abs())


def atr(window: int = 14) -> pl.Expr:
    """Average true range in price units: Wilder's smoothing after a simple mean of ``window``."""
    bar = pl.int_range(pl.len())
    start = true_range().rolling_mean(window)
    seeded = pl.when(bar == window - 1).then(start).when(bar >= window).then(true_range())
    return seeded.ewm_mean(alpha=1 / window, adjust=False, ignore_nulls=True)


def stochastic(window: int = 14) -> pl.Expr:
    """Place of the close between the window's low and high, 0 to 1 (G. Lane's %K / 100)."""
    low = LOW.rolling_min(window)
    return (CLOSE - low) / (HIGH.rolling_max(window) - low)


def close_location() -> pl.Expr:
    """Place of the close between the bar's low and high, 0 to 1; 0.5 for a bar without range."""
    return pl.when(HIGH == LOW).then(0.5).otherwise((CLOSE - LOW) / (HIGH - LOW))


def money_flow(window: int = 20) -> pl.Expr:
    """Chaikin money flow in [-1, 1]: volume weighted by where each bar closed."""
    signed = (2 * close_location() - 1) * VOLUME
    return signed.rolling_sum(window) / VOLUME.rolling_sum(window)


def efficiency_ratio(window: int = 20) -> pl.Expr:
    """Kaufman's efficiency ratio, 0 to 1: net move over the path walked."""
    return (CLOSE - CLOSE.shift(window)).abs() / CLOSE.diff().abs().rolling_sum(window)
