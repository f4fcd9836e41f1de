"""One fold: fit on train, stop by validation, predict and score the test window."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from ml_debugger.training.booster import Fit, OnRound, Recipe, fit, predict
from ml_debugger.training.efficiency import walk_forward_efficiency
from ml_debugger.training.record import FoldScore, Span
from ml_debugger.training.rows import Part, cut
from ml_debugger.training.scores import Values, constant_accuracy, directional_accuracy
from ml_debugger.training.splits import Fold, Session, Window


@dataclass(frozen=True, slots=True)
class FoldRun:
    """What one fold gave."""

    fit: Fit
    score: FoldScore
    test: Part
    forecast: Values
    train_labels: Values
    known_through: Session
    """The last date that fitting and stopping have seen anything of."""


def run_fold(
    fold: Fold, table: pl.DataFrame, names: list[str], recipe: Recipe, on_round: OnRound
) -> FoldRun:
    """Fits and scores one fold of a labelled table.

    Rows of train and validation count only if their label was known before the next window.
    """
    train = cut(table, fold.train, names, known_before=fold.validation.start)
    validation = cut(table, fold.validation, names, known_before=fold.test.start)
    test = cut(table, fold.test, names)
    fitted = fit(train.rows, recipe, names=names, validation=validation.rows, on_round=on_round)

    def forecast(part: Part) -> Values:
        return predict(fitted.booster, part.rows.features, names)

    forecasts = {"train": forecast(train), "validation": forecast(validation)}
    tested = forecast(test)
    validation_accuracy = directional_accuracy(forecasts["validation"], validation.labels)
    test_accuracy = directional_accuracy(tested, test.labels)
    score = FoldScore(
        fold=fold.number,
        train=_span(fold.train, train),
        validation=_span(fold.validation, validation),
        test=_span(fold.test, test),
        train_accuracy=directional_accuracy(forecasts["train"], train.labels),
        validation_accuracy=validation_accuracy,
        test_accuracy=test_accuracy,
        baseline_accuracy=constant_accuracy(train.labels, test.labels),
        wfe=efficiency(validation_accuracy, test_accuracy),
    )
    return FoldRun(fitted, score, test, tested, train.labels, validation.known_through)


def out_of_fold(run: FoldRun, horizon: int) -> pl.DataFrame:
    """The fold's test predictions beside what came of them."""
    return run.test.table.select(
        "ticker",
        "date",
        pl.lit(horizon, dtype=pl.Int32).alias("horizon"),
        pl.lit(run.score.fold, dtype=pl.Int32).alias("fold"),
        pl.Series("prediction", run.forecast, dtype=pl.Float64),
        pl.col("label").alias("outcome"),
        "outcome_date",
    )


def efficiency(validation: float | None, test: float | None) -> float | None:
    """Walk-forward efficiency in percent; None where an accuracy is not known."""
    if validation is None or test is None:
        return None
    return walk_forward_efficiency(validation, test)


def spread(run: FoldRun) -> dict[str, float]:
    """How the test predictions spread, beside the spread of the training labels."""
    return {
        "prediction_std": float(run.forecast.std()),
        "share_positive": float(np.mean(run.forecast > 0)),
        "label_std": float(run.train_labels.std()),
    }


def _span(window: Window, part: Part) -> Span:
    return Span(window.start, window.end, part.labelled)
