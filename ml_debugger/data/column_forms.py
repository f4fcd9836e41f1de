"""Columns in the forms in which foresight shows: themselves, their changes, over the price."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ml_debugger.data.alignment import Whole
from ml_debugger.data.innovations import CLIP, Floats, Series, Singles

LEAST_REST = 1e-4
"""Share of a column's variance that past moves must leave; less is rounding."""


def forms(
    columns: Singles, rows: Whole, bar: Whole, series: Series
) -> list[tuple[str, Whole, Singles]]:
    """The columns themselves, their changes, and prices among them over the price."""
    values = columns if len(rows) == len(columns) else columns[rows]
    values = np.where(np.isfinite(values), values, np.float32(np.nan))
    every = np.arange(columns.shape[1])
    change = np.empty_like(values)
    np.subtract(values[1:], values[:-1], out=change[1:])
    change[np.flatnonzero(np.diff(series.ticker[bar], prepend=-1))] = np.nan
    found: list[tuple[str, Whole, Singles]] = [("", every, values), ("change of ", every, change)]
    if series.logs is not None:
        close = series.logs[bar]
        near = _price_like(values, close)
        if len(near):
            with np.errstate(invalid="ignore", divide="ignore"):
                ratio = np.log(values[:, near]) - close[:, None].astype(np.float32)
            found.append(("price ratio of ", near, ratio))
    return found


def _price_like(values: Singles, close: Floats) -> Whole:
    """Columns that stand near the price: averages, bands, future prices."""
    few = np.linspace(0, len(values) - 1, min(len(values), 2_000)).astype(np.int64)
    some, price = values[few], close[few]
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.where(some > 0, np.log(some), np.nan)
    found = []
    for column in range(logs.shape[1]):
        known = np.isfinite(logs[:, column]) & np.isfinite(price)
        if known.sum() < 0.5 * np.isfinite(some[:, column]).sum() or known.sum() < 50:
            continue
        apart = logs[known, column] - price[known]
        low, middle, high = np.quantile(apart, (0.1, 0.5, 0.9))
        ordinary = float(np.subtract(*np.quantile(price[known], (0.9, 0.1))))
        if abs(middle) < 1.0 and high - low < max(0.2, 0.5 * ordinary):
            found.append(column)
    return np.array(found, dtype=np.int64)


def standard(values: Singles, ticker: Whole) -> Singles:
    """Columns less their mean, in units of each ticker's spread, clipped; 0 where missing."""
    known = np.isfinite(values)
    count = np.maximum(known.sum(axis=0), 1)
    single = np.where(known, values, np.float32(0))
    # scaled first, so that squares stay within 32 bits
    single /= np.maximum(np.maximum(single.max(axis=0), -single.min(axis=0)), 1e-30)
    single -= single.sum(axis=0, dtype=np.float64).astype(np.float32) / count.astype(np.float32)
    single *= known
    starts = np.flatnonzero(np.diff(ticker, prepend=ticker[0] - 1))
    for begin, end in pairwise([*starts, len(ticker)]):
        part = single[begin:end]
        for _ in range(2):
            spread = np.sqrt(np.einsum("ij,ij->j", part, part) / (end - begin))
            part /= np.maximum(spread, 1e-20)
            np.clip(part, -CLIP, CLIP, out=part)
    return single


def beyond(told: Singles, past: Singles) -> tuple[Singles, Floats]:
    """Columns less what moves up to their rows explain of them, 0 where that is all; and that.

    A window to both sides of its row shows its future half clearly once the other is gone.
    """
    rest = told - past @ (past.T @ told)
    rest *= told != 0
    power = np.einsum("ij,ij->j", told, told)
    left = np.einsum("ij,ij->j", rest, rest) / np.maximum(power, 1e-20)
    explained = np.sqrt(np.clip(1 - left, 0, 1)).astype(np.float64)
    return np.asarray(rest * (left > LEAST_REST)), explained


def many_valued(values: Singles) -> np.ndarray:
    """Which columns take more than 50 values, and so are no flags."""
    few = values[np.linspace(0, len(values) - 1, min(len(values), 1_000)).astype(np.int64)]
    ordered = np.sort(few, axis=0)
    return np.asarray((np.diff(ordered, axis=0) > 0).sum(axis=0) > 50)
