"""Where the rows of a sample stand in time, as numbers that arithmetic can use."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from ml_debugger.artifacts import FeatureTable

    Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True, eq=False)
class Timeline:
    """Ticker and time of each row of a sample, and the name of each time.

    `tickers` numbers the tickers from 0; `steps` numbers the different times from 0 in their
    order, so rows of one date have one number. Where the table has no time, a ticker's rows are
    counted. `moments` are the times by step, None where the table has none.
    """

    tickers: Ints
    steps: Ints
    moments: pl.Series | None

    @property
    def count(self) -> int:
        """The number of different times."""
        return int(self.steps.max()) + 1 if len(self.steps) else 0

    @property
    def noun(self) -> str:
        """What a step is called."""
        return "sessions" if self.moments is not None else "rows"

    def at(self, step: int) -> str:
        """A step in words: its time, or its row."""
        if self.moments is None:
            return f"row {step + 1}"
        moment = self.moments[step].isoformat()
        return str(re.sub(r"T00:00(:00(\.0+)?)?(\+00:00)?$", "", moment).replace("+00:00", "Z"))


def timeline(features: FeatureTable, frame: pl.DataFrame) -> Timeline:
    """The timeline of the rows of a sample, in their order."""
    import numpy as np
    import polars as pl

    tickers: Ints = np.zeros(frame.height, np.int64)
    if features.ticker is not None:
        tickers = _dense(frame[features.ticker].rank("dense"))
    if features.time is not None and frame[features.time].count():
        steps = _dense(frame[features.time].rank("dense"))
        moments = frame[features.time].drop_nulls().unique().sort()
        return Timeline(tickers, steps, moments)
    number = pl.int_range(pl.len())
    counted = pl.DataFrame({"ticker": tickers}).select(number.over("ticker").alias("step"))
    return Timeline(tickers, counted["step"].to_numpy().astype(np.int64), None)


def _dense(ranks: pl.Series) -> Ints:
    """Ranks as numbers from 0; what has no rank stands with the first."""
    import numpy as np

    return ranks.fill_null(1).to_numpy().astype(np.int64) - 1


def numbers(frame: pl.DataFrame, column: str) -> Floats:
    """A column as floats; what is missing or infinite is NaN."""
    import numpy as np
    import polars as pl

    values = frame[column].cast(pl.Float64).to_numpy()
    finite = np.isfinite(values)
    return values if finite.all() else np.where(finite, values, np.nan)


def concerned(
    features: FeatureTable, where: Mapping[str, tuple[pl.Expr, str]]
) -> Callable[[], pl.DataFrame] | None:
    """What makes the rows that findings are about: by feature a filter and what is wrong there.

    None where there is no finding, or no time to name a row by.
    """
    time = features.time
    if time is None or not where:
        return None

    def rows() -> pl.DataFrame:
        import polars as pl

        ticker = pl.lit("") if features.ticker is None else pl.col(features.ticker)
        parts = [
            features.frame.filter(wanted).select(
                ticker.cast(pl.String).alias("ticker"),
                pl.col(time).alias("time"),
                pl.lit(column).alias("column"),
                pl.lit(detail).alias("detail"),
            )
            for column, (wanted, detail) in where.items()
        ]
        return pl.concat(parts).collect(engine="streaming")

    return rows


def since(features: FeatureTable, line: Timeline, step: int) -> pl.Expr:
    """Whether a row of the whole table stands at a step or later."""
    import polars as pl

    if features.time is None or line.moments is None:
        return pl.lit(value=True)
    return pl.col(features.time) >= pl.lit(line.moments[step], line.moments.dtype)
