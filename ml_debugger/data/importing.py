"""Price files of any usual layout, as one price table."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from ml_debugger.data.columns import PRICE_COLUMNS, VALUE_COLUMNS, recognise
from ml_debugger.data.dates import to_dates
from ml_debugger.data.progress import Progress, silent
from ml_debugger.errors import DataError, UsageError

_PARQUET_SUFFIXES = (".parquet", ".pq")
_CSV_SUFFIXES = (".csv", ".csv.gz", ".tsv", ".txt")
_PARQUET_MAGIC = b"PAR1"


def import_prices(
    paths: Path | str | Sequence[Path | str],
    *,
    adjusted: bool = False,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Reads Parquet and CSV files, or folders of them, into one price table.

    A file without a ticker column holds one ticker, named by the file's stem. Rows are sorted by
    ticker and date; nothing is repaired or dropped, so missing values and duplicate bars stay.
    Daily bars get ``date: Date``; if any file is intraday, all get ``Datetime``.
    With ``adjusted``, open, high, low and close are scaled by adjusted close / close where the
    file has an adjusted close.

    Raises ``UsageError`` for a missing path and ``DataError`` naming file and column.
    """
    report = progress or silent
    files = _price_files([paths] if isinstance(paths, str | Path) else paths)
    frames = []
    for number, file in enumerate(files):
        report("import", number, len(files))
        frames.append(_canonical(_read(file), file, adjusted))
    report("import", len(files), len(files))
    if any(frame.schema["date"] != pl.Date for frame in frames):
        frames = [frame.with_columns(pl.col("date").cast(pl.Datetime("us"))) for frame in frames]
    return pl.concat(frames).sort("ticker", "date", maintain_order=True)


def _price_files(paths: Sequence[Path | str]) -> list[Path]:
    files: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and _is_table(p.name))
            if not inside:
                raise DataError(f"{path}: no Parquet or CSV file in this folder")
            files += inside
        elif path.exists():
            files.append(path)
        else:
            raise UsageError(f"{path}: no such file or folder")
    if not files:
        raise UsageError("no price file was named")
    return files


def _is_table(name: str) -> bool:
    return not name.startswith(".") and name.lower().endswith(_PARQUET_SUFFIXES + _CSV_SUFFIXES)


def _read(file: Path) -> pl.DataFrame:
    with file.open("rb") as stream:
        magic = stream.read(len(_PARQUET_MAGIC))
    if not magic:
        raise DataError(f"{file}: the file is empty")
    try:
        if magic == _PARQUET_MAGIC:
            return pl.read_parquet(file)
        return _one_header(pl.read_csv(file, separator=_separator(file), infer_schema=False))
    except (pl.exceptions.PolarsError, OSError, UnicodeError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{file}: cannot be read as Parquet or CSV: {reason}") from error


def _one_header(table: pl.DataFrame) -> pl.DataFrame:
    """Undoes the three header lines of one ticker that yfinance and pandas write.

    They are ``Price,Close,...``, ``Ticker,AAPL,...`` and ``Date,,...``.
    """
    first = table.columns[0]
    if first != "Price" or table[first][:2].to_list() != ["Ticker", "Date"]:
        return table
    tickers = set(table.row(0)[1:])
    if len(tickers) != 1:
        return table
    ticker = pl.lit(tickers.pop()).alias("Ticker")
    return table[2:].rename({first: "Date"}).with_columns(ticker)


def _separator(file: Path) -> str:
    if file.name.lower().endswith(".gz"):
        return ","
    with file.open("rb") as stream:
        header = stream.readline(65_536)
    counts = {mark: header.count(mark.encode()) for mark in (",", ";", "\t", "|")}
    return max(counts, key=lambda mark: counts[mark])


def _canonical(table: pl.DataFrame, file: Path, adjusted: bool) -> pl.DataFrame:
    source = str(file)
    names = recognise(table.columns, source)
    table = table.select(names.keys()).rename(names)
    if "ticker" not in table.columns:
        table = table.with_columns(pl.lit(file.name.split(".")[0]).alias("ticker"))
    values = [c for c in (*VALUE_COLUMNS, "adj_close") if c in table.columns]
    columns = {name: _to_float(table[name], source) for name in values}
    dates = to_dates(table["date"], source)
    frame = pl.DataFrame(
        {"ticker": table["ticker"].cast(pl.String).str.strip_chars(), "date": dates, **columns}
    )
    for key in ("ticker", "date"):
        if frame[key].null_count():
            raise DataError(f"{source}: column '{key}' has {frame[key].null_count()} empty cells")
    if adjusted and "adj_close" in frame.columns:
        factor = pl.col("adj_close") / pl.col("close")
        frame = frame.with_columns(pl.col("open", "high", "low", "close") * factor)
    return frame.select(PRICE_COLUMNS)


def _to_float(column: pl.Series, source: str) -> pl.Series:
    if column.dtype != pl.String:
        if not column.dtype.is_numeric():
            raise DataError(f"{source}: column '{column.name}' holds {column.dtype}, not numbers")
        return column.cast(pl.Float64)
    text = column.str.strip_chars(" $").str.replace_all(",", "", literal=True)
    text = text.set(text.str.to_lowercase().is_in(["", "null", "nan", "na", "n/a", "none"]), None)
    numbers = text.cast(pl.Float64, strict=False)
    wrong = column.filter(numbers.is_null() & text.is_not_null())
    if len(wrong):
        raise DataError(
            f"{source}: column '{column.name}' holds '{wrong[0]}', which is no number "
            f"({len(wrong)} such cells)"
        )
    return numbers
