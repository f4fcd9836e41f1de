"""Lists of names in files of their own: one a line, or a column of a CSV file."""

from __future__ import annotations

import csv
from pathlib import Path

from ml_debugger.errors import ConfigError

LISTED_BYTES = 2**20
HEADERS = ("ticker", "symbol", "tickers", "symbols", "ric", "permno", "code", "name")


def names_in(file: Path) -> list[str]:
    """The names that a file lists: those of its column of tickers, else of its first column.

    Lines that begin with `#` are remarks. Raises ConfigError naming the file where it cannot be
    read or lists nothing.
    """
    try:
        with file.open(encoding="utf-8-sig") as stream:
            text = stream.read(LISTED_BYTES + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: the list of tickers cannot be read: {error}") from error
    if len(text) > LISTED_BYTES:
        raise ConfigError(f"{file}: longer than 1 MiB, which is no list of tickers")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines)]
    column = 0
    if rows:
        header = [cell.lower() for cell in rows[0]]
        named = [header.index(name) for name in HEADERS if name in header]
        if named:
            column, rows = named[0], rows[1:]
    names = list(dict.fromkeys(row[column] for row in rows if len(row) > column and row[column]))
    if not names:
        raise ConfigError(f"{file}: lists no ticker")
    return names
