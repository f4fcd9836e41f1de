"""LEK004 full-sample-scaling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from checks.leakage.exact_column import LEAST_ROWS, MOST_EXAMINED, Exact, Table
from checks.leakage.exact_extremes import exact_extremes
from checks.leakage.exact_moments import exact_moments
from checks.leakage.scaler_fit import ScalerFit, scaler_fit
from checks.leakage.training_rows import TrainingRows, training_rows
from ml_debugger.artifacts import FeatureTable, Scaler, Split
from ml_debugger.contract import (
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    Sample,
    Scan,
    check,
)

if TYPE_CHECKING:
    import polars as pl


def ask(features: FeatureTable) -> Mapping[str, pl.Expr]:
    """The mean of each feature that may have been scaled."""
    import polars as pl

    schema = features.frame.collect_schema()
    floats = [c for c in features.features if schema[c].is_float()]
    return {c: pl.col(c).fill_nan(None).mean() for c in floats}


@check(
    code="LEK004",
    name="full-sample-scaling",
    component="data",
    playbook="leakage",
    limits=(
        Limit(
            "beyond_training",
            "columns",
            "above",
            "features scaled by moments of more rows than those that are stated to train",
            "what is learnt from data is learnt from the training rows alone (scikit-learn user "
            "guide, Common pitfalls: data leakage; Kaufman, Rosset and Perlich 2011)",
            fail=0,
        ),
        Limit(
            "over_all_rows",
            "columns",
            "above",
            "features scaled by moments of all rows, where nothing tells which rows train",
            "chance does not give a mean within 1e-6 of 0 and a spread within 1e-6 of 1; the "
            "table may still be the training part alone, so this is no more than a warning",
            warn=0,
        ),
    ),
    explained_by=("shuffled-split",),
    profiles=("pre-train", "full"),
    ask=ask,
    deadline=180.0,
)
def full_sample_scaling(
    features: FeatureTable, sample: Sample, scan: Scan, split: Split | None, scaler: Scaler | None
) -> Outcome:
    """Features were scaled over all rows, not over the training rows.

    What it measures:
        Features whose mean and standard deviation, median and interquartile range, or extremes
        are exactly those that a scaler leaves, over all rows (or ticker by ticker over each
        one's whole life), and not so over the rows that train: those of the table's own column
        of parts, of a linked split, or of the files train and test beside each other. Without
        any of these the first 50 to 90 % of the time are tried, and a finding is a warning. A
        saved scaler is compared with its raw table in the same way. Scores made within one day
        across tickers are causal and count as right, and so does a training file that is scaled
        on itself. Extremes count only where one single row beyond the training rows reaches
        them, because bounded indicators and ranks reach theirs by definition. Scaling cannot be
        seen any more when rows were dropped, or values clipped or filled, after it.

    Why it matters:
        The mean and the spread of years to come are in every row. Levels that will only be
        reached later tell the model where prices go, and no such number exists when it trades.

    What to do:
        Fit the scaler on the training rows of each fold and apply it to the others, best inside
        a pipeline, or scale by a rolling window of the past. Then train and validate anew.

    Sources:
        scikit-learn user guide, Common pitfalls and recommended practices, Data leakage.
        Kaufman, Rosset and Perlich, Leakage in data mining, KDD 2011.
    """
    if not features.features:
        return NotMeasured("has no features")
    if features.rows < LEAST_ROWS:
        return NotMeasured(f"too few rows to know how they were scaled: {features.rows}")
    rows = training_rows(features, split)
    found = _exact(features, rows, sample, scan)
    fit = scaler_fit(scaler, features, rows) if scaler is not None else None
    if not found and fit is None and not scan:
        return NotMeasured("no feature holds fractions: nothing of it was scaled")
    accused = [exact for exact in found if rows.role != "train" and exact.beyond]
    if rows.role == "train" and rows.filters:
        accused = [exact for exact in found if exact.beyond]
    lone = [exact for exact in accused if exact.alone]
    sure = len(accused) - len(lone) if len(lone) == 1 else len(accused)
    of_all = fit is not None and fit.is_of_all and not (rows.role == "train" and not rows.filters)
    columns = max(sure, fit.over_all if fit is not None and of_all else 0)
    doubtful = max(columns, len(accused))
    values = {"over_all_rows": float(doubtful)}
    if rows.stated:
        values = {"beyond_training": float(columns), "over_all_rows": float(doubtful)}
    return Measurement(
        _title(features, rows, found, accused, fit if of_all else None),
        values,
        _evidence(accused, fit, scaler, rows),
        path=scaler.path if of_all and not accused and scaler is not None else None,
    )


def _exact(
    features: FeatureTable, rows: TrainingRows, sample: Sample, scan: Scan
) -> Sequence[Exact]:
    """Exactly scaled columns of the table itself, or of all files of the split together."""
    spread, means = sample.spread, {c: scan.number(c) for c in scan}
    if rows.role == "train" and rows.filters and rows.frame is not features.frame:
        # the parts together: alone, the training file may well be scaled on itself
        spread, means = rows.frame.gather_every(sample.step).collect(engine="streaming"), {}
    table = Table(rows, spread, features.ticker, features.time)
    found = exact_moments(table, table.columns, means)
    taken = {exact.column for exact in found}
    return found + exact_extremes(table, [c for c in table.columns if c not in taken])


def _title(
    features: FeatureTable,
    rows: TrainingRows,
    found: Sequence[Exact],
    accused: Sequence[Exact],
    fit: ScalerFit | None,
) -> str:
    if accused:
        first = accused[0]
        least = "at least " if len(accused) >= MOST_EXAMINED else ""
        more = f" and {least}{len(accused) - 1} more" if len(accused) > 1 else ""
        verb = "have" if more else "has"
        scope = "all of its rows" if rows.role in ("test", "validation") else "all rows"
        return f"{first.column}{more} {verb} {first.words} over {scope}"
    if fit is not None:
        by = "by its row count" if fit.by_rows else f"in {fit.over_all} of {fit.columns} columns"
        return f"The saved scaler was fitted on all rows, {by}"
    if found:
        return f"{found[0].column} is scaled, and equally so over the training rows"
    return f"No feature of {len(features.features)} is scaled over all rows"


def _evidence(
    accused: Sequence[Exact], fit: ScalerFit | None, scaler: Scaler | None, rows: TrainingRows
) -> tuple[Evidence, ...]:
    shown = [Evidence("scaled_to", exact.words, where=exact.column) for exact in accused[:4]]
    if accused or (fit is not None and fit.is_of_all):
        shown.append(Evidence("not_so_over", rows.words))
    if fit is not None and fit.is_of_all and scaler is not None:
        shown.append(Evidence("fitted_on", "all rows", where=scaler.path or scaler.subject))
    return tuple(shown)
