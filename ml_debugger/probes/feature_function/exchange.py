"""How tables travel to the user's interpreter and back: arrays for pandas, Parquet for polars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from ml_debugger.probes.feature_function.sample import Array, Sample


@dataclass(frozen=True)
class Column:
    """One returned column in the order of the rows that were given: float64, or text."""

    values: Array
    dtype: str

    @property
    def missing(self) -> Array:
        """Where there is no value."""
        if self.values.dtype.kind == "f":
            return np.isnan(self.values)
        return np.asarray(self.values == "<missing>")


Output = Mapping[str, Column]
"""Returned columns by name."""


def write_input(
    file: Path, kind: str, sample: Sample, rows: Array, columns: Mapping[str, Array]
) -> None:
    """Write the rows (a mask) of a sample with some columns replaced."""
    held = {name: columns.get(name, values)[rows] for name, values in sample.columns.items()}
    tickers = sample.tickers[sample.ticker[rows]]
    stamps = sample.times[sample.time[rows]]
    if kind == "pandas":
        with file.open("wb") as stream:
            np.savez(stream, ticker=tickers, date=stamps, **held)  # type: ignore[arg-type]
        return
    date = pl.Series(stamps).cast(pl.Date if sample.daily else pl.Datetime("us"))
    frame = pl.DataFrame({"ticker": tickers.tolist(), "date": date, **held})
    # polars writes what is missing as null
    frame.with_columns(pl.col(pl.Float64).fill_nan(None)).write_parquet(
        file, compression="uncompressed"
    )


def read_output(file: Path, kind: str, said: Sequence[Sequence[str]]) -> Output:
    """The returned columns; `said` holds their names and types. Equal names are numbered."""
    arrays: list[Array]
    if kind == "pandas":
        with np.load(file, allow_pickle=False) as held:
            arrays = [held[f"c{number}"] for number in range(len(said))]
    else:
        frame = pl.read_parquet(file)
        arrays = [
            column.fill_null(float("nan")).to_numpy()
            if column.dtype == pl.Float64
            else column.to_numpy().astype(str)
            for column in frame
        ]
    output: dict[str, Column] = {}
    for (name, dtype), values in zip(said, arrays, strict=True):
        unique, number = name, 2
        while unique in output:
            unique, number = f"{name} ({number})", number + 1
        output[unique] = Column(values, dtype)
    return output
