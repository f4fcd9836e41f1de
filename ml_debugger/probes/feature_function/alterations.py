"""Altered inputs: another future, rounding in the last digits, missing prices."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from ml_debugger.probes.feature_function.sample import Array, Sample

SPREAD = 0.3
"""Standard deviation of the logarithm of the factors: far beyond a daily move, so that ranks,
signs and extremes change as well."""
ROUNDING = 3e-13
"""Relative change of the rounding test: above the rounding of one operation (1e-16), far below
the tolerance of the comparison (1e-9)."""


def other_future(
    sample: Sample, cut: int, seed: int, names: Collection[str] | None = None
) -> Mapping[str, Array]:
    """The columns with the values after session `cut` multiplied by random factors.

    With `names` only these columns change. Without, all do, and each bar stays a bar: its high
    is the highest and its low the lowest of its prices.
    """
    rng = np.random.default_rng([seed, cut])
    after = sample.time > cut
    changed: dict[str, Array] = {}
    common = np.exp(SPREAD * rng.standard_normal(sample.rows))
    for name, values in sample.columns.items():
        own = np.exp(SPREAD * rng.standard_normal(sample.rows))
        if names is None and name != "volume":
            own = common * np.exp(0.01 * rng.standard_normal(sample.rows))
        if names is None or name in names:
            changed[name] = np.where(after, values * own, values)
    if names is None and {"open", "high", "low", "close"} <= changed.keys():
        _sound(changed, after)
    return changed


def inside_the_bar(sample: Sample, cut: int, seed: int, name: str) -> Mapping[str, Array] | None:
    """One column changed after session `cut` so that each bar stays a bar; None for volume.

    For functions that refuse bars whose close lies above their high.
    """
    bar = [sample.columns.get(field) for field in ("open", "high", "low", "close")]
    if name not in ("open", "high", "low", "close") or any(part is None for part in bar):
        return None
    opening, high, low, close = (np.asarray(part) for part in bar)
    share = np.random.default_rng([seed, cut]).uniform(0.05, 0.95, sample.rows)
    top, bottom = np.fmax(opening, close), np.fmin(opening, close)
    moved = {
        "open": low + share * (high - low),
        "close": low + share * (high - low),
        "high": top + share * (high - low + 1e-3 * np.abs(top)),
        "low": bottom - share * (high - low + 1e-3 * np.abs(bottom)),
    }[name]
    return {name: np.where(sample.time > cut, moved, sample.columns[name])}


def rounded(sample: Sample, number: int) -> Mapping[str, Array]:
    """All columns multiplied by one factor next to 1: equal values stay equal."""
    factor = 1 + ROUNDING * (1, -1, 1.7, -2.3)[number]
    return {name: values * factor for name, values in sample.columns.items()}


def with_gaps(sample: Sample, cuts: Sequence[int]) -> Mapping[str, Array]:
    """The three sessions up to each cut missing, for every third ticker."""
    gone = np.zeros(sample.rows, dtype=bool)
    for cut in cuts:
        near = (sample.time <= cut) & (sample.time > cut - 3)
        gone |= near & (sample.ticker % 3 == 0)
    return {name: np.where(gone, np.nan, values) for name, values in sample.columns.items()}


def _sound(bars: dict[str, Array], rows: Array) -> None:
    prices = np.stack([bars[name] for name in ("open", "high", "low", "close")])
    bars["high"] = np.where(rows, np.fmax.reduce(prices), bars["high"])
    bars["low"] = np.where(rows, np.fmin.reduce(prices), bars["low"])
