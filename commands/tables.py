"""Reading a table that an earlier stage must have left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ml_debugger.errors import DataError, UsageError

if TYPE_CHECKING:
    import polars as pl


def read_table(path: Path, made_by: str) -> pl.DataFrame:
    """A Parquet table; UsageError naming the command that makes it when it is missing."""
    import polars as pl

    if not path.is_file():
        raise UsageError(f"{path}: no such file; '{made_by}' makes it")
    try:
        return pl.read_parquet(path)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path}: not readable as Parquet: {error}") from error
