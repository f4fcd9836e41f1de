"""Where the future is cut off: at weeks, months, splits, random sessions, and at the start."""

from __future__ import annotations

from itertools import zip_longest

import numpy as np

from ml_debugger.probes.feature_function.sample import Array, Sample

SPLITS = (0.7, 0.8, 0.6, 0.9)
"""Shares of the sessions that train and validation parts usually take."""
START = (0, 1, 2, 5, 10, 21, 42, 63, 126)
"""Sessions from the start: what fills a warm-up from later rows shows there alone."""
FROM = 0.35
"""The other boundaries lie behind this share of the sessions, so that warm-ups are over."""
RANDOM = 6


def boundaries(sample: Sample, seed: int = 7) -> list[int]:
    """Sessions after which everything is cut off, those that tell most first.

    At calendar units both sides count: cut after the first session of a week, its value is not
    known yet; cut after the last, the next week's is not.
    """
    last = len(sample.times) - 2
    first = min(last, max(sample.begun, int(FROM * len(sample.times))))
    rng = np.random.default_rng(seed)
    between = np.arange(first, last + 1)
    groups = [
        [int(share * len(sample.times)) - 1 for share in SPLITS],
        _edges(sample.times.astype("datetime64[D]").astype(np.int64) + 3, 7, first, last),
        _edges(sample.times.astype("datetime64[M]").astype(np.int64), 1, first, last),
        [] if sample.daily else _edges(_day(sample.times), 1, first, last),
        rng.choice(between, min(RANDOM, len(between)), replace=False).tolist(),
        [sample.begun + step for step in START if sample.begun + step < first],
    ]
    mixed = [cut for row in zip_longest(*groups) for cut in row if cut is not None]
    return [cut for cut in dict.fromkeys(mixed) if sample.begun <= cut <= last]


def _day(times: Array) -> Array:
    return times.astype("datetime64[D]").astype(np.int64)


def _edges(units: Array, length: int, first: int, last: int) -> list[int]:
    """Of two units of time, the first session, one inside, and the last session before them."""
    number = units // length
    starts = 1 + np.flatnonzero(number[1:] != number[:-1])
    starts = starts[(starts > first) & (starts <= last)]
    if not len(starts):
        return []
    found: list[int] = []
    for share in (0.5, 0.9):
        start = int(starts[int(share * (len(starts) - 1))])
        found += [start, start - 1, start + 1]
    return found
