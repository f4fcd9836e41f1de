"""The prediction table of trained runs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from ml_debugger.data import Progress, write_parquet
from ml_debugger.data.progress import silent
from ml_debugger.errors import DataError, UsageError
from ml_debugger.inference.confidence import calibrate
from ml_debugger.training import ValidationRecord, final_checkpoint, load_booster
from ml_debugger.training.booster import predict
from ml_debugger.training.record import RECORD_NAME
from ml_debugger.training.walkforward import CHECKPOINT_FOLDER, OUT_OF_FOLD_NAME

PREDICTION_SCHEMA = pl.Schema(
    {
        "ticker": pl.String,
        "date": pl.Date,
        "horizon": pl.Int32,
        "prediction": pl.Float64,
        "confidence": pl.Float64,
        "model": pl.String,
    }
)
"""The columns of the prediction table; ``date`` is ``Datetime`` for intraday bars.

``prediction`` is the arithmetic return over ``horizon`` sessions after ``date``, ``confidence``
the probability in [0, 1] that its sign is right.
"""


def predict_runs(
    features: pl.DataFrame,
    runs: Sequence[Path],
    path: Path,
    *,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Writes the prediction table of the runs in the given folders to ``path``, atomically.

    Dates that a run was trained through get the out-of-fold prediction, or none where the date
    lies in no test window; later dates of ``features`` get the final model's. Returns the table,
    sorted by ticker, date and horizon.

    Raises ``DataError`` for a run that did not finish or lacks a feature, ``UsageError`` for two
    runs of one horizon.
    """
    report = progress or silent
    tables = []
    horizons: dict[int, Path] = {}
    for number, run in enumerate(runs):
        report("predict", number, len(runs))
        record = ValidationRecord.read(run / RECORD_NAME)
        if record.horizon in horizons:
            raise UsageError(f"{run} and {horizons[record.horizon]} have the same horizon")
        horizons[record.horizon] = run
        tables += [_past(run, record), _later(features, run, record)]
    if not tables:
        raise UsageError("no training run was named")
    keys = ["ticker", "date", "horizon"]
    predictions = pl.concat(tables).select(PREDICTION_SCHEMA.names()).sort(keys)
    write_parquet(predictions, path)
    report("predict", len(runs), len(runs))
    return predictions


def _past(run: Path, record: ValidationRecord) -> pl.DataFrame:
    tested = _out_of_fold(run)
    folds = []
    for fold in record.folds:
        rows = tested.filter(pl.col("fold") == fold.fold)
        known = tested.filter(pl.col("outcome_date") < fold.test.start)
        folds.append(_with_confidence(rows, known, record))
    return pl.concat(folds)


def _later(features: pl.DataFrame, run: Path, record: ValidationRecord) -> pl.DataFrame:
    rows = features.filter(pl.col("date") > record.trained_through)
    folder = run / CHECKPOINT_FOLDER
    booster = load_booster(folder / final_checkpoint(folder).file)
    names: list[str] = booster.feature_names or []
    if missing := [name for name in names if name not in features.columns]:
        raise DataError(f"{run}: the feature table lacks {', '.join(missing)}")
    values = rows.select(pl.col(names).cast(pl.Float32).fill_null(float("nan"))).to_numpy()
    forecast = predict(booster, values, names) if len(rows) else np.empty(0)
    table = rows.select(
        "ticker",
        "date",
        pl.lit(record.horizon, dtype=pl.Int32).alias("horizon"),
        pl.Series("prediction", forecast, dtype=pl.Float64),
    )
    known = _out_of_fold(run).filter(pl.col("outcome_date") <= record.trained_through)
    return _with_confidence(table, known, record)


def _out_of_fold(run: Path) -> pl.DataFrame:
    path = run / OUT_OF_FOLD_NAME
    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path}: cannot be read as out-of-fold predictions: {reason}") from error


def _with_confidence(
    rows: pl.DataFrame, known: pl.DataFrame, record: ValidationRecord
) -> pl.DataFrame:
    calibration = calibrate(
        known["prediction"].to_numpy(), known["outcome"].to_numpy(), record.horizon
    )
    confidence = calibration.confidence(rows["prediction"].to_numpy())
    return rows.select(
        "ticker",
        "date",
        "horizon",
        "prediction",
        pl.Series("confidence", confidence, dtype=pl.Float64),
        pl.lit(record.model).alias("model"),
    )
