"""Tables of pandas: they travel as arrays of numpy."""

from __future__ import annotations

import importlib
from typing import Any

from .faults import Refused
from .tables import KEYS, LONGEST_TEXT, MISSING, joined, missing_key, said_of


class Pandas:
    """Reads the input, and takes a returned table apart."""

    def __init__(self) -> None:
        self.numpy = importlib.import_module("numpy")
        self.pandas = importlib.import_module("pandas")

    def read(self, path: str, control: str) -> tuple[Any, list[str], list[int], list[Any]]:
        with self.numpy.load(path, allow_pickle=False) as arrays:
            held = {name: arrays[name] for name in arrays.files}
        tickers = held["ticker"].tolist()
        days = held["date"].astype("datetime64[ns]").astype("int64").tolist()
        table = self.pandas.DataFrame({**held, "ticker": tickers})
        return table, tickers, days, held[control].tolist()

    def table_of(self, result: Any) -> Any:
        if isinstance(result, self.pandas.Series):
            result = result.to_frame()
        if not isinstance(result, self.pandas.DataFrame):
            raise Refused(f"returned {said_of(result)}, not a table of pandas")
        names = [name for name in result.index.names if isinstance(name, str)]
        has = {joined(column).lower() for column in result.columns}
        for name in names:
            if name.lower() in KEYS and name.lower() not in has:
                result = result.assign(**{name: result.index.get_level_values(name)})
        return result

    def key(self, result: Any, name: str) -> Any:
        for position, column in enumerate(result.columns):
            if joined(column).lower() == name:
                return result.iloc[:, position]
        raise Refused(missing_key(name, [joined(column) for column in result.columns]))

    def tickers(self, result: Any) -> list[str]:
        return [str(value) for value in self.key(result, "ticker").tolist()]

    def days(self, result: Any) -> list[int]:
        days = self.key(result, "date")
        if str(days.dtype).startswith("period"):
            days = days.dt.to_timestamp()
        index = self.pandas.DatetimeIndex(self.pandas.to_datetime(days))
        if index.tz is not None:
            index = index.tz_localize(None)
        found: list[int] = self.numpy.asarray(index, "datetime64[ns]").astype("int64").tolist()
        return found

    def columns(self, result: Any) -> list[tuple[str, str, Any]]:
        return [
            (joined(column), str(result.dtypes.iloc[position]), result.iloc[:, position])
            for position, column in enumerate(result.columns)
            if joined(column).lower() not in KEYS
        ]

    def write(self, path: str, columns: list[tuple[str, str, Any]], order: list[int]) -> list[Any]:
        arrays = {f"c{n}": self.flat(values) for n, (_, _, values) in enumerate(columns)}
        taken = self.numpy.asarray(order, dtype="int64")
        self.numpy.savez(path, **{name: values[taken] for name, values in arrays.items()})
        return [[name, dtype] for name, dtype, _ in columns]

    def flat(self, values: Any) -> Any:
        """Numbers as float64, everything else as text."""
        series = self.pandas.Series(values)
        kind = getattr(series.dtype, "kind", "O")
        if kind in "mM" or isinstance(series.dtype, self.pandas.DatetimeTZDtype):
            whole = series.astype("int64").to_numpy().astype("float64")
            return self.numpy.where(series.isna().to_numpy(), self.numpy.nan, whole)
        try:
            if kind == "c":
                raise TypeError
            return series.to_numpy(dtype="float64", na_value=self.numpy.nan)
        except (TypeError, ValueError):
            missing = self.pandas.isna(series).tolist()
            texts = [
                MISSING if gone else str(value)[:LONGEST_TEXT]
                for value, gone in zip(series.tolist(), missing)  # noqa: B905
            ]
            return self.numpy.asarray(texts, dtype="str")
