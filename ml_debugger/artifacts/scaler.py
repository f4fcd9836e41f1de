"""Fitted scalers: what was subtracted from each feature, and what it was divided by."""

from __future__ import annotations

from dataclasses import dataclass

from ml_debugger.artifacts.base import Artifact


@dataclass(frozen=True, eq=False)
class Scaler(Artifact):
    """A saved scaler.

    `kind` is "standard" (centre: mean, scale: standard deviation), "min-max" (centre: minimum,
    scale: range of the data) or "robust" (centre: median, scale: interquartile range). `centre`
    and `scale` have one number a feature, in the order of the features; either is empty where
    the scaler has none. `features` are their names where the file tells them. `samples` is the
    number of rows it was fitted on, where stated. `spread` is the range of quantiles in percent
    that a robust scaler divides by.
    """

    kind: str
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    features: tuple[str, ...] = ()
    samples: int | None = None
    spread: tuple[float, float] = (25.0, 75.0)

    @property
    def width(self) -> int:
        """The number of features."""
        return len(self.features) or len(self.centre) or len(self.scale)
