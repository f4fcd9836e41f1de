"""Predictions: what a model said, by ticker, date and horizon."""

from __future__ import annotations

import polars as pl

from ml_debugger.artifacts import Predictions
from ml_debugger.readers.tables.columns import first_named, normal
from ml_debugger.readers.tables.keys import Keys
from ml_debugger.readers.tables.table import Table

PREDICTION = (
    "prediction",
    "predictions",
    "y_pred",
    "pred",
    "preds",
    "yhat",
    "y_hat",
    "predicted",
    "forecast",
    "predicted_return",
    "prediction_return",
    "pred_return",
    "return_pred",
    "expected_return",
    "forecast_return",
    "predicted_price",
    "predicted_close",
    "pred_close",
    "forecast_price",
    "y_pred_proba",
    "pred_proba",
    "y_prob",
    "y_proba",
    "y_score",
    "proba",
    "prob",
    "probability",
    "proba_up",
    "prob_up",
    "p_up",
    "probability_up",
    "up_probability",
    "predicted_probability",
)
ACTUAL = (
    "actual",
    "y_true",
    "true",
    "ground_truth",
    "realized",
    "realised",
    "actual_return",
    "realized_return",
    "true_return",
    "actual_price",
    "actual_close",
    "y_test",
    "y",
    "outcome",
    "label",
    "target",
)
CONFIDENCE = ("confidence", "conf", "prediction_confidence", "certainty", "confidence_score")
MODEL = ("model", "model_name", "model_version", "model_id", "model_family", "estimator")
HORIZON = ("horizon", "horizon_days", "forecast_horizon", "prediction_horizon", "days_ahead", "h")


def predictions_of(table: Table, keys: Keys) -> Predictions | None:
    """The predictions in a table, or None when it holds none."""
    prediction = first_named(table.columns, PREDICTION)
    if prediction is None:
        prediction = _anonymous(table)
    if prediction is None or not table.numeric(prediction):
        return None
    others = [c for c in table.columns if c != prediction]
    actual = first_named(others, ACTUAL)
    confidence = first_named(others, CONFIDENCE)
    horizon = first_named(others, HORIZON)
    names: dict[str, str] = {}
    columns: list[pl.Expr] = []
    if keys.ticker is not None:
        names["ticker"] = keys.ticker
        columns.append(pl.col(keys.ticker).cast(pl.String).alias("ticker"))
    if keys.time is not None:
        names["date"] = keys.time.column
        columns.append(keys.time.expression.alias("date"))
    if horizon is not None and _sessions(table.sample[horizon]):
        names["horizon"] = horizon
        columns.append(_session_count(horizon, table.schema[horizon]).alias("horizon"))
    names["prediction"] = prediction
    columns.append(pl.col(prediction).cast(pl.Float64).alias("prediction"))
    for canonical, column in (("confidence", confidence), ("actual", actual)):
        if column is not None and table.schema[column].is_numeric():
            names[canonical] = column
            columns.append(pl.col(column).cast(pl.Float64).alias(canonical))
    model = first_named(others, MODEL)
    if model is not None:
        names["model"] = model
        columns.append(pl.col(model).cast(pl.String).alias("model"))
    return Predictions(
        subject=table.subject,
        path=table.shown,
        frame=table.frame.select(columns),
        names=names,
        kind=_kind(table, prediction),
        rows=table.rows,
        types={column: str(kind) for column, kind in table.schema.items()},
    )


def _anonymous(table: Table) -> str | None:
    """The only column of a file that calls itself predictions and names no column."""
    claims = any(word in table.stem.lower() for word in ("prediction", "forecast", "y_pred"))
    unnamed = [c for c in table.columns if normal(c) not in ("", "unnamed_0", "index")]
    if claims and len(unnamed) == 1 and unnamed[0].strip().isdigit():
        return unnamed[0]
    return None


def _sessions(values: pl.Series) -> bool:
    if values.dtype.is_integer():
        return True
    if values.dtype == pl.String:
        return bool(values.drop_nulls().str.contains(r"^\s*[hH]?\d{1,4}\s*[dD]?\s*$").all())
    if values.dtype.is_float():
        filled = values.drop_nulls()
        return bool((filled == filled.round()).all())
    return False


def _session_count(column: str, kind: pl.DataType) -> pl.Expr:
    if kind == pl.String:
        return pl.col(column).str.extract(r"(\d+)").cast(pl.Int64)
    return pl.col(column).cast(pl.Int64, strict=False)


def _kind(table: Table, column: str) -> str:
    values = table.sample[column].cast(pl.Float64).drop_nulls().drop_nans()
    name = normal(column)
    if values.is_empty():
        return "probability" if "prob" in name else "return"
    inside = bool(values.is_between(0.0, 1.0).all())
    if inside and ("prob" in name or name in ("p_up", "y_score")):
        return "probability"
    median = values.median()
    if bool((values > 0).all()) and isinstance(median, float) and median > 1.5:
        return "price"
    if inside and _two_classes(table):
        return "probability"
    return "return"


def _two_classes(table: Table) -> bool:
    """Whether the outcomes beside the predictions are classes 0 and 1."""
    actual = first_named(table.columns, ACTUAL)
    if actual is None or not table.numeric(actual):
        return False
    return set(table.sample[actual].drop_nulls().unique().to_list()) <= {0, 1}
