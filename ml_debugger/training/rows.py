"""Which rows of a feature table belong to a window, as arrays for the model."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from ml_debugger.data import label_column
from ml_debugger.data.labels import outcome_date
from ml_debugger.errors import DataError
from ml_debugger.training.booster import Rows
from ml_debugger.training.splits import Session, Window


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one window; ``table`` and ``rows`` have the same order."""

    table: pl.DataFrame
    rows: Rows

    @property
    def labels(self) -> npt.NDArray[np.float64]:
        """The labels, NaN where not known."""
        return np.asarray(self.rows.labels, dtype=np.float64)

    @property
    def labelled(self) -> int:
        """The number of rows with a known label."""
        return int(np.isfinite(self.rows.labels).sum())

    @property
    def known_through(self) -> Session:
        """The last date that a label of these rows is built from."""
        last: Session = self.table["outcome_date"].max()  # type: ignore[assignment]
        return last


def labelled_table(features: pl.DataFrame, horizon: int, until: Session | None) -> pl.DataFrame:
    """Adds ``label`` and ``outcome_date``, the date on which the label became known.

    Nothing after ``until`` is looked at: a label that reaches beyond it is null. Raises
    ``DataError`` without the horizon's label column.
    """
    label = label_column(horizon)
    if label not in features.columns:
        raise DataError(f"the feature table has no column '{label}' for horizon {horizon}")
    if until is not None:
        features = features.filter(pl.col("date") <= until)
    dated = features.sort("ticker", "date").with_columns(outcome_date(horizon))
    known = pl.col("outcome_date").is_not_null()
    return dated.with_columns(pl.when(known).then(pl.col(label)).alias("label"))


def cut(
    table: pl.DataFrame,
    window: Window,
    names: list[str],
    *,
    known_before: Session | None = None,
    known_only: bool = False,
) -> Part:
    """Takes the rows of a window.

    With ``known_before``, only rows whose label was known before that date, by the ticker's own
    bars: a ticker with missing sessions would reach across a gap that is counted in sessions.
    With ``known_only``, all rows with a known label.
    """
    rows = table.filter(pl.col("date").is_between(window.start, window.end))
    if known_before is not None:
        rows = rows.filter(pl.col("label").is_not_null() & (pl.col("outcome_date") < known_before))
    elif known_only:
        rows = rows.filter(pl.col("label").is_not_null())
    if not len(rows):
        raise DataError(f"no row with a known label from {window.start} to {window.end}")
    features = rows.select(pl.col(names).cast(pl.Float32).fill_null(float("nan")))
    labels = rows["label"].fill_null(float("nan"))
    return Part(rows, Rows(features.to_numpy(), labels.to_numpy()))
