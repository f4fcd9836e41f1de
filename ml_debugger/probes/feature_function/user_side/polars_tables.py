"""Tables of polars: they travel as Parquet."""

from __future__ import annotations

import importlib
from typing import Any

from .faults import Refused
from .tables import KEYS, LONGEST_TEXT, MISSING, missing_key, said_of


class Polars:
    """Reads the input, and takes a returned table apart."""

    def __init__(self) -> None:
        self.polars = importlib.import_module("polars")

    def read(self, path: str, control: str) -> tuple[Any, list[str], list[int], list[Any]]:
        table = self.polars.read_parquet(path)
        return table, table["ticker"].to_list(), self.days(table), table[control].to_list()

    def table_of(self, result: Any) -> Any:
        if isinstance(result, self.polars.LazyFrame):
            result = result.collect()
        if not isinstance(result, self.polars.DataFrame):
            raise Refused(f"returned {said_of(result)}, not a table of polars")
        return result

    def key(self, result: Any, name: str) -> Any:
        for column in result.columns:
            if column.lower() == name:
                return result[column]
        raise Refused(missing_key(name, result.columns))

    def tickers(self, result: Any) -> list[str]:
        return [str(value) for value in self.key(result, "ticker").cast(self.polars.Utf8).to_list()]

    def days(self, result: Any) -> list[int]:
        days = self.key(result, "date")
        if days.dtype == self.polars.Utf8:
            days = days.str.to_datetime()
        if getattr(days.dtype, "time_zone", None):
            days = days.dt.replace_time_zone(None)
        found: list[int] = days.cast(self.polars.Datetime("ns")).cast(self.polars.Int64).to_list()
        return found

    def columns(self, result: Any) -> list[tuple[str, str, Any]]:
        return [
            (column, str(result[column].dtype).lower(), result[column])
            for column in result.columns
            if column.lower() not in KEYS
        ]

    def write(self, path: str, columns: list[tuple[str, str, Any]], order: list[int]) -> list[Any]:
        held = {f"c{n}": self.flat(values) for n, (_, _, values) in enumerate(columns)}
        self.polars.DataFrame(held)[order].write_parquet(path, compression="uncompressed")
        return [[name, dtype] for name, dtype, _ in columns]

    def flat(self, values: Any) -> Any:
        """Numbers as Float64, everything else as text."""
        pl = self.polars
        if isinstance(values, list):
            return pl.Series(values, dtype=pl.Float64)
        if values.dtype in (pl.Date, pl.Time) or isinstance(
            values.dtype, (pl.Datetime, pl.Duration)
        ):
            return values.cast(pl.Int64).cast(pl.Float64)
        if values.dtype != pl.Utf8:
            try:
                if values.dtype not in (pl.Categorical, pl.Object):
                    return values.cast(pl.Float64)
            except Exception:  # noqa: BLE001  what is no number is compared as text
                pass
            values = pl.Series([None if v is None else str(v) for v in values.to_list()])
        return values.cast(pl.Utf8).str.slice(0, LONGEST_TEXT).fill_null(MISSING)
