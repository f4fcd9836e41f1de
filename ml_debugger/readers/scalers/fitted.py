"""The numbers of a fitted scaler under the names that they go by, and the artifact of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ml_debugger.artifacts import Scaler

MEAN = ("mean_", "mean", "means", "mu", "feature_mean", "feature_means", "x_mean", "x_means",
        "scaler_mean", "scaler_means")  # fmt: skip
SPREAD = (
    "scale_", "std", "std_", "stds", "stdev", "sigma", "sd", "feature_std", "feature_stds", "x_std",
    "scaler_scale", "scaler_std", "scaler_stds",
)  # fmt: skip
VARIANCE = ("var_", "var", "variance", "variances")
LOW = ("data_min_", "min", "mins", "minimum", "data_min", "feature_min", "x_min")
HIGH = ("data_max_", "max", "maxs", "maximum", "data_max", "feature_max", "x_max")
RANGE = ("data_range_", "data_range")
MIDDLE = ("center_", "center", "median", "medians", "x_median")
QUARTILES = ("iqr", "iqrs", "scale_", "scale")
NAMES = (
    "feature_names_in_", "feature_names", "features", "feature_cols", "feature_columns",
    "columns", "cols", "names",
)  # fmt: skip
SAMPLES = ("n_samples_seen_", "n_samples_seen", "n_samples", "num_samples", "count", "n_rows")
MOST_FEATURES = 100_000

Numbers = Callable[[Any], Sequence[float] | None]
Names = Callable[[Any], Sequence[str] | None]


def fitted(
    entries: Mapping[str, Any], subject: str, path: str, numbers: Numbers, names: Names
) -> Scaler | None:
    """The scaler whose attributes or entries these are; None where centre or scale is missing.

    `numbers` and `names` turn an entry into numbers or texts, None where it is none.
    """
    plain = {str(key).lower(): value for key, value in entries.items()}

    def find(keys: Sequence[str]) -> tuple[float, ...]:
        for key in keys:
            if plain.get(key) is not None:
                found = numbers(plain[key])
                if found and len(found) <= MOST_FEATURES and all(map(math.isfinite, found)):
                    return tuple(found)
        return ()

    found = _standard(find) or _robust(find) or _min_max(find)
    if found is None:
        return None
    kind, centre, scale = found
    if centre and scale and len(centre) != len(scale):
        return None
    called = next((n for key in NAMES if key in plain and (n := names(plain[key]))), ())
    width = len(centre) or len(scale)
    samples = find(SAMPLES)
    return Scaler(
        subject,
        path,
        kind=kind,
        centre=centre,
        scale=scale,
        features=tuple(called) if len(called) == width else (),
        samples=int(max(samples)) if samples else None,
        spread=_spread(find(("quantile_range",))),
    )


Find = Callable[[Sequence[str]], tuple[float, ...]]
Found = tuple[str, tuple[float, ...], tuple[float, ...]]


def _standard(find: Find) -> Found | None:
    mean, spread = find(MEAN), find(SPREAD)
    if not spread:
        spread = tuple(math.sqrt(v) for v in find(VARIANCE) if v >= 0)
    return ("standard", mean, spread) if mean and spread else None


def _robust(find: Find) -> Found | None:
    middle, spread = find(MIDDLE), find(QUARTILES)
    return ("robust", middle, spread) if middle and spread else None


def _min_max(find: Find) -> Found | None:
    low, high, width = find(LOW), find(HIGH), find(RANGE)
    if low and len(high) == len(low):
        width = tuple(most - least for least, most in zip(low, high, strict=True))
    return ("min-max", low, width) if low and width and min(width) >= 0 else None


def _spread(quantiles: tuple[float, ...]) -> tuple[float, float]:
    return (quantiles[0], quantiles[1]) if len(quantiles) == 2 else (25.0, 75.0)
