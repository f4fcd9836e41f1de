"""Rows of delimited text as cells, and what a cell of a training log says."""

from __future__ import annotations

import csv
import re

from ml_debugger.readers.training.nothing import NOTHING
from ml_debugger.readers.training.numbers import number

DELIMITERS = ",;\t|"
_COMMA_DECIMAL = re.compile(r"[-+]?\d{1,15},\d+(?:[eE][-+]?\d+)?")
_THOUSANDS = re.compile(r"[-+]?\d{1,3},\d{3}")


def delimiter_of(row: str) -> str:
    """The delimiter that stands most often in a row."""
    best = max(DELIMITERS, key=row.count)
    # with commas inside numbers the semicolons are fewer than they: 1;0,5;0,6
    return ";" if ";" in row and row.count(";") * 2 >= row.count(best) else best


def cells_of(row: str, delimiter: str) -> list[str]:
    """The cells of a row without the blanks around them."""
    row = row.rstrip("\r").replace("\0", "")
    if '"' not in row:
        cells = [cell.strip() for cell in row.split(delimiter)]
    else:
        try:
            cells = [cell.strip() for cell in next(csv.reader([row], delimiter=delimiter), [])]
        except csv.Error:
            return []
    # Markdown's tables and some printed ones have a rule at both ends
    return (
        cells[1:-1] if delimiter == "|" and len(cells) > 2 and not cells[0] + cells[-1] else cells
    )


def value_of(cell: str, delimiter: str = ",") -> float | None:
    """The number in a cell, with a decimal comma too.

    Between commas such a cell was quoted; there "1,234" may have commas between thousands.
    """
    if "," in cell and _COMMA_DECIMAL.fullmatch(cell):
        if delimiter == "," and _THOUSANDS.fullmatch(cell):
            return None
        cell = cell.replace(",", ".")
    if cell.startswith(("tensor(", "array(")):
        cell = cell[cell.index("(") + 1 :].split(",")[0].rstrip(")")
    return number(cell)


def is_nothing(cell: str) -> bool:
    """Whether a cell says explicitly that there is no number."""
    return cell.lower() in NOTHING
