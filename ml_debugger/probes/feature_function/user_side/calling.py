"""One call of the function: rows in, the same rows out, beside a known leak."""

from __future__ import annotations

import os
import time
from typing import Any

from .faults import Refused
from .pandas_tables import Pandas
from .polars_tables import Polars
from .watching import read_itself, watch_libraries

CONTROL = "next close (injected)"


def call(function: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Call the function on the table of one file and write what it returns to another."""
    started = time.monotonic()
    side: Any = Pandas() if request["kind"] == "pandas" else Polars()
    table, tickers, days, closes = side.read(request["input"], request["control"])
    if request["lazy"]:
        table = table.lazy()
    watch_libraries()
    result = side.table_of(function(table))
    read = read_itself()
    where = {key: row for row, key in enumerate(zip(tickers, days))}  # noqa: B905  Python 3.8
    keys = list(zip(side.tickers(result), side.days(result)))  # noqa: B905
    rows = [where.get(key, -1) for key in keys]
    check_rows(rows, len(tickers))
    order = [0] * len(rows)
    for position, row in enumerate(rows):
        order[row] = position
    following = next_values(tickers, closes)
    columns = [(CONTROL, "float64", [following[row] for row in rows])]
    said = side.write(request["output"], [*columns, *side.columns(result)], order)
    own = (request["input"], request["output"])
    other = [name for name in read if not os.path.abspath(name).startswith(own)]  # noqa: PTH100
    return {"columns": said, "seconds": time.monotonic() - started, "read": other}


def check_rows(rows: list[int], given: int) -> None:
    """Refuse a result whose rows are not the rows of the input."""
    unknown = sum(row < 0 for row in rows)
    known = len({row for row in rows if row >= 0})
    rule = "it must return one row for each ticker and date that it is given"
    if unknown:
        raise Refused(f"returned {unknown:,} rows of other tickers or dates; {rule}")
    if known < len(rows):
        raise Refused(f"returned {len(rows) - known:,} rows twice; {rule}")
    if known < given:
        raise Refused(
            f"returned {known:,} of {given:,} rows; {rule}: keep the rows of the warm-up, "
            "with missing values"
        )


def next_values(tickers: list[str], values: list[Any]) -> list[Any]:
    """The known leak: the value of the next row of the same ticker. Rows are sorted."""
    last = len(values) - 1
    return [
        values[row + 1] if row < last and tickers[row + 1] == tickers[row] else None
        for row in range(len(values))
    ]
