"""Which rows a saved scaler was fitted on: its numbers against those of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_debugger.artifacts import FeatureTable, Scaler

if TYPE_CHECKING:
    import polars as pl

    from checks.leakage.training_rows import TrainingRows

TOLERANCE = 1e-5
"""Relative: two ways of adding up millions of 32-bit numbers differ by less."""
ROUNDED = 1e-3
"""Relative: a number rounded more coarsely than this fits any rows."""
LEAST_SHARE = 0.8
"""Of the columns that must fit: a few may have been changed after the scaler was fitted."""


@dataclass(frozen=True)
class ScalerFit:
    """How many of the columns of a scaler fit all rows, and whether they fit training rows.

    `columns` were compared. `by_rows` tells that only the number of rows speaks.
    """

    columns: int
    over_all: int
    on_training: bool
    by_rows: bool = False

    @property
    def is_of_all(self) -> bool:
        """Whether it was fitted on all rows and not on the training rows."""
        return self.over_all > 0 and not self.on_training


def scaler_fit(scaler: Scaler, features: FeatureTable, rows: TrainingRows) -> ScalerFit | None:
    """Compare a scaler with its table; None where it belongs to other columns."""
    columns = _columns(scaler, features)
    if not columns:
        return None
    whole = _fitting(scaler, columns, rows.frame, None)
    trained = [_fitting(scaler, columns, rows.frame, part) for part in rows.filters]
    need = LEAST_SHARE * len(columns)
    if whole >= need:
        return ScalerFit(len(columns), whole, any(fit >= need for fit in trained))
    if any(fit >= need for fit in trained):
        return ScalerFit(len(columns), 0, on_training=True)
    if scaler.samples == features.rows and rows.stated and rows.filters:
        asked = [part.sum().alias(str(number)) for number, part in enumerate(rows.filters)]
        counts = list(rows.frame.select(asked).collect(engine="streaming").row(0))
        if scaler.samples not in counts and max(counts) < features.rows:
            return ScalerFit(len(columns), len(columns), on_training=False, by_rows=True)
    return ScalerFit(len(columns), 0, on_training=False)


def _columns(scaler: Scaler, features: FeatureTable) -> dict[str, int]:
    """The table's columns by position in the scaler: by name, else all in their order."""
    if scaler.features:
        known = set(features.features) | set(features.labels)
        found = {name: at for at, name in enumerate(scaler.features) if name in known}
        return found if len(found) >= LEAST_SHARE * len(scaler.features) else {}
    if scaler.width == len(features.features):
        return {name: at for at, name in enumerate(features.features)}
    return {}


def _fitting(
    scaler: Scaler, columns: dict[str, int], frame: pl.LazyFrame, part: pl.Expr | None
) -> int:
    """How many columns have the scaler's centre and scale over a part of the rows."""
    asked = []
    for at in columns.values():
        name = next(c for c, position in columns.items() if position == at)
        for letter, expression in zip("ncs", _numbers(scaler, name, part), strict=True):
            asked.append(expression.alias(f"{at}{letter}"))
    row = frame.select(asked).collect(engine="streaming").row(0, named=True)
    return sum(_fits(scaler, at, *(row[f"{at}{x}"] for x in "ncs")) for at in columns.values())


def _numbers(scaler: Scaler, column: str, part: pl.Expr | None) -> tuple[pl.Expr, ...]:
    """The number of finite values, the centre and the scale of a column."""
    import polars as pl

    values = pl.col(column).cast(pl.Float64)
    values = pl.when(values.is_finite() if part is None else values.is_finite() & part).then(values)
    if scaler.kind == "min-max":
        return values.count(), values.min(), values.max() - values.min()
    if scaler.kind == "robust":
        low, high = (values.quantile(share / 100, "linear") for share in scaler.spread)
        return values.count(), values.median(), high - low
    return values.count(), values.mean(), values.std()


def _half_unit(scaler: Scaler) -> float:
    """Half a unit of the last place that all numbers were rounded to; nothing past the sixth."""
    numbers = (*scaler.centre, *scaler.scale)
    for places in range(3, 7):
        if all(abs(number - round(number, places)) < 1e-12 for number in numbers):
            return float(0.5 * 10**-places)
    return 0.0


def _fits(scaler: Scaler, at: int, rows: int, centre: float | None, scale: float | None) -> bool:
    if centre is None or scale is None or scale == 0 or rows < 2:
        return False
    tolerance = TOLERANCE * scale + min(_half_unit(scaler), ROUNDED * scale)
    if scaler.centre and abs(scaler.centre[at] - centre) > tolerance:
        return False
    if not scaler.scale:
        return True
    scales = [scale]
    if scaler.kind == "standard":
        scales.append(scale * ((rows - 1) / rows) ** 0.5)
    # moments of training and whole table differ by much more than the tolerance
    return any(abs(scaler.scale[at] - one) <= tolerance for one in scales)
