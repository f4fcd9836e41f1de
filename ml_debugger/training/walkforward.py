"""A walk-forward run: folds, out-of-fold predictions, record, checkpoints and log."""

from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import polars as pl

from ml_debugger.data import Progress, feature_columns, utc_now, write_parquet
from ml_debugger.data.progress import silent
from ml_debugger.training.booster import OnRound, Recipe, fit
from ml_debugger.training.checkpoints import CheckpointFolder
from ml_debugger.training.device import resolve_device
from ml_debugger.training.folding import FoldRun, efficiency, out_of_fold, run_fold, spread
from ml_debugger.training.log import TrainingLog
from ml_debugger.training.record import FoldScore, ValidationRecord
from ml_debugger.training.rows import cut, labelled_table
from ml_debugger.training.scores import label_stats, weighted_mean
from ml_debugger.training.splits import Fold, Mode, Session, Window, walk_forward

MODEL = "xgboost"
LOG_NAME = "training.jsonl"
OUT_OF_FOLD_NAME = ".out_of_fold.parquet"
"""Hidden: its rows are part of the prediction table, where they are judged once."""
CHECKPOINT_FOLDER = "checkpoints"


@dataclass(frozen=True, slots=True)
class TrainedRun:
    """What a run left in its folder."""

    folder: Path
    record: ValidationRecord
    out_of_fold: pl.DataFrame
    """``ticker, date, horizon: Int32, fold: Int32, prediction, outcome, outcome_date``; the
    outcome is null where it is not known yet."""


def train_run(
    features: pl.DataFrame,
    horizon: int,
    folder: Path,
    *,
    mode: Mode = "anchored",
    folds: int = 4,
    purge: int | None = None,
    embargo: int = 5,
    recipe: Recipe | None = None,
    until: Session | None = None,
    progress: Progress | None = None,
) -> TrainedRun:
    """Trains and tests one horizon over a feature table, and fits the final model.

    Each fold fits its train window, stops early by its validation window and predicts its test
    window, which no part of it has seen. The final model fits every known label with the median
    of the folds' best rounds. With ``until``, nothing after that date is looked at.

    Writes into ``folder``: ``training.jsonl`` while it trains, ``.out_of_fold.parquet``,
    ``checkpoints/`` and, last, ``validation.json``. Raises ``DataError`` without the label's
    column, ``UsageError`` for too few sessions, ``MissingExtraError`` without XGBoost.
    """
    report, recipe = progress or silent, recipe or Recipe()
    recipe = replace(recipe, device=resolve_device(recipe.device))
    purge = horizon if purge is None else purge
    table, names = labelled_table(features, horizon, until), feature_columns(features)
    sessions: list[Session] = table["date"].unique().sort().to_list()
    plan = walk_forward(sessions, horizon, folds=folds, mode=mode, purge=purge, embargo=embargo)
    checkpoints = CheckpointFolder(folder / CHECKPOINT_FOLDER)
    stage, total = f"train horizon {horizon}", (folds + 1) * recipe.rounds
    runs: list[FoldRun] = []
    with TrainingLog(folder / LOG_NAME) as log:
        log.run_started(
            run=folder.name,
            model=MODEL,
            horizon=horizon,
            folds=folds,
            planned_rounds=recipe.rounds,
            features=names,
            device=recipe.device,
        )
        for fold in plan:
            on_round = _reporter(fold, recipe, log, report, stage, total)
            runs.append(run_fold(fold, table, names, recipe, on_round))
            _keep(runs[-1], names, log, checkpoints)
        final = cut(table, Window(sessions[0], sessions[-1]), names, known_only=True)
        rounds = max(1, round(median(run.fit.best_round + 1 for run in runs)))
        fitted = fit(final.rows, replace(recipe, rounds=rounds), names=names)
        checkpoints.save(
            fitted.booster,
            final.rows.features,
            names,
            role="final",
            step=fitted.best_round,
            trained_through=final.known_through,
        )
        tested = pl.concat(out_of_fold(run, horizon) for run in runs).sort("ticker", "date")
        write_parquet(tested, folder / OUT_OF_FOLD_NAME)
        log.run_finished()
    report(stage, total, total)
    scores = [run.score for run in runs]
    validation_accuracy, test_accuracy = _overall(scores, "validation"), _overall(scores, "test")
    record = ValidationRecord(
        model=MODEL,
        horizon=horizon,
        mode=mode,
        purge=purge,
        embargo=embargo,
        lookback=0,
        folds=scores,
        train_accuracy=_overall(scores, "train"),
        validation_accuracy=validation_accuracy,
        test_accuracy=test_accuracy,
        wfe=efficiency(validation_accuracy, test_accuracy),
        label_stats=label_stats(runs[-1].train_labels, tested["outcome"].to_numpy()),
        trained_through=final.known_through,
        created=utc_now(),
    )
    record.write(folder)
    return TrainedRun(folder, record, tested)


def _reporter(
    fold: Fold, recipe: Recipe, log: TrainingLog, report: Progress, stage: str, total: int
) -> OnRound:
    def on_round(step: int, train_loss: float, val_loss: float | None) -> None:
        log.round(fold.number, step, train_loss, val_loss)
        report(stage, fold.number * recipe.rounds + step + 1, total)

    return on_round


def _keep(run: FoldRun, names: list[str], log: TrainingLog, checkpoints: CheckpointFolder) -> None:
    log.fold_finished(
        run.score.fold,
        steps=len(run.fit.losses),
        best_step=run.fit.best_round,
        train_loss=run.fit.train_loss,
        val_loss=run.fit.validation_loss,
        **spread(run),
    )
    checkpoints.save(
        run.fit.booster,
        run.test.rows.features,
        names,
        role="fold",
        fold=run.score.fold,
        step=run.fit.best_round,
        validation_loss=run.fit.validation_loss,
        trained_through=run.known_through,
    )


def _overall(scores: list[FoldScore], part: str) -> float | None:
    """The accuracy of one part over all folds, each weighted by its rows."""
    return weighted_mean(
        [getattr(score, f"{part}_accuracy") for score in scores],
        [getattr(score, part).rows for score in scores],
    )
