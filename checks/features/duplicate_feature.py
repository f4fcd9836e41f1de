"""FEA004 duplicate-feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.features.affine import Affine, candidates, relation
from checks.features.named import is_price
from checks.features.timeline import numbers
from ml_debugger.artifacts import FeatureTable
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, Sample, check

if TYPE_CHECKING:
    import polars as pl

    from checks.features.affine import Floats

LEAST_ROWS = 20
PRODUCTS = 2e8
"""Multiplications that the search for candidates may cost: 5,000 rows of 200 columns."""
MOST_ROWS, FEWEST_ROWS = 5_000, 500
DISTINCT = 10
"""Values that a column of numbers has at least; fewer are classes or marks."""
RARE = 20
"""Rows on which a column of classes must leave its usual value: rarer marks agree by chance."""


@check(
    code="FEA004",
    name="duplicate-feature",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "duplicate_features",
            "features",
            "above",
            "features that are an exact copy or multiple of an earlier one",
            "a copy tells a model nothing that it does not know",
            warn=0,
        ),
    ),
)
def duplicate_feature(features: FeatureTable, sample: Sample) -> Outcome:
    """A feature is a copy of another.

    What it measures:
        Pairs of features of which one is the other times a constant plus a constant, exactly,
        on every row that both have of up to 100,000 rows spread evenly. Well-known ones are
        %R = %K - 100, the middle Bollinger band = the moving average, and a return in percent
        beside the same return as a fraction. Raw prices (close and adjusted close where nothing
        was paid) and the two halves of a yes and no are not counted, nor are rare marks.

    Why it matters:
        Importance is shared between the copies, so both look unimportant. Linear models become
        ill-conditioned, column sampling draws the same thing twice, and a penalty counts half.
        Trees only lose time.

    What to do:
        Keep one of each pair. Two copies after a merge (`_x`, `_y`) mean that the key was not
        named in the merge.

    Sources:
        Belsley, Kuh and Welsch, Regression Diagnostics, 1980: exact collinearity. Williams %R
        and the stochastic oscillator as their authors define them.
    """
    if features.rows < LEAST_ROWS:
        return NotMeasured(f"too few rows to call features equal: {features.rows}")
    if len(features.features) < 2:
        return NotMeasured("has one feature only")
    copies = _copies(features, sample.spread)
    names = list(features.features)
    if not copies:
        return Measurement(f"No two of {len(names)} features are copies", {"duplicate_features": 0})
    (first, copy), found = next(iter(copies.items()))
    title = f"{copy} is {first}" + ("" if found.words == "equal" else f" {found.words}")
    if len(copies) > 1:
        title += f", and {len(copies) - 1} more copies"
    return Measurement(
        title,
        {"duplicate_features": len(copies)},
        tuple(
            Evidence("copy", how.words, where=f"{copy} of {first}")
            for (first, copy), how in list(copies.items())[:5]
        ),
    )


def _copies(features: FeatureTable, rows: pl.DataFrame) -> dict[tuple[str, str], Affine]:
    """Each feature that copies an earlier one, under both names."""
    import numpy as np

    names = features.features
    wanted = int(min(MOST_ROWS, max(FEWEST_ROWS, PRODUCTS / len(names) ** 2)))
    few = rows.select(names).gather_every(-(-rows.height // wanted))
    matrix = np.column_stack([numbers(few, name) for name in names])
    columns: dict[int, Floats] = {}
    found: dict[tuple[str, str], Affine] = {}
    copied: set[int] = set()
    for one, other in candidates(matrix):
        if one in copied or other in copied or (is_price(names[one]) and is_price(names[other])):
            continue
        for number in (one, other):
            if number not in columns:
                columns[number] = numbers(rows, names[number])
        exact = relation(columns[one], columns[other], _epsilon(rows, names[one], names[other]))
        if exact is not None and _tells(columns[one], exact):
            found[names[one], names[other]] = exact
            copied.add(other)
    return found


def _epsilon(rows: pl.DataFrame, *names: str) -> float:
    """The relative precision of the coarsest of the columns."""
    import numpy as np
    import polars as pl

    single = any(rows.schema[name] == pl.Float32 for name in names)
    return float(np.finfo(np.float32 if single else np.float64).eps)


def _tells(values: Floats, exact: Affine) -> bool:
    """Whether agreement is no chance, and not that of a yes with its no."""
    import numpy as np

    known, counts = np.unique(values[np.isfinite(values)], return_counts=True)
    if len(known) >= DISTINCT:
        return True
    if len(known) == 2 and exact.factor < 0:
        return False
    return int(counts.sum() - counts.max()) >= RARE
