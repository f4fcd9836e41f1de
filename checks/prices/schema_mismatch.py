"""PRC022 schema-mismatch."""

from __future__ import annotations

from collections.abc import Mapping

from checks.prices.wording import plural
from ml_debugger.artifacts import PriceTable
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

CANDLE = ("open", "high", "low", "close")


@check(
    code="PRC022",
    name="schema-mismatch",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "misread_columns",
            "columns",
            "above",
            "columns that a plain reader takes for something else; all with a wrong header",
            "one such column stops or spoils what is computed from it; three are most of a bar",
            fail=2,
            warn=0,
        ),
        Limit(
            "missing_columns",
            "columns",
            "above",
            "columns that those which are there cannot do without",
            "a bar without its close has no return",
            fail=0,
        ),
        Limit(
            "incomplete_bars",
            "columns",
            "above",
            "one of open, high and low that is missing beside the other two",
            "the form of a bar: open, high, low, close",
            warn=0,
        ),
        Limit(
            "differing_files",
            "files",
            "above",
            "files of a partitioned folder whose price columns differ from those of most files",
            "one folder is one table: its files have the same columns and types",
            warn=0,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
)
def schema_mismatch(prices: PriceTable) -> Outcome:
    """Columns of the prices are missing, renamed or of another type than bars have.

    What it measures:
        What `pandas.read_csv` would take for something else: no header row or two of them,
        remarks before the header, prices or volumes that are text (`$12.30`, `1,204,500`), a
        price column that holds nothing or only counts the rows, one name twice, dates in
        several notations. Then what is absent: the close, the dates, one of open, high and low.
        In a partitioned folder also files whose price columns differ from the others. Usual
        names (`Adj Close`, `Vol.`, an index of dates) are read as what they are, and tables of
        closes alone are whole.

    Why it matters:
        Text does not compare as numbers: the highest of "9.50" and "10.20" is "9.50". A first
        bar taken for a header is lost, and its prices become names. Joins over differing files
        fill with nulls.

    What to do:
        Write the table again with one row of names and plain numbers. For files of yfinance
        take one level of columns (`multi_level_index=False`) before writing; for files without
        a header name the columns when reading.

    Sources:
        The documentation of `pandas.read_csv`; what was met in published files of yfinance, of
        exchanges and of currency histories.
    """
    if not prices.rows:
        return NotMeasured("holds no bars")
    columns = [name for name in prices.names if name != "ticker"]
    absent = _absent(prices.names)
    partial = _partial(prices.names)
    values = {
        "misread_columns": len(columns) if "header" in prices.misread else len(prices.misread),
        "missing_columns": len(absent),
        "incomplete_bars": len(partial),
        "differing_files": len(prices.differing),
    }
    said = [prices.misread["header"]] if "header" in prices.misread else []
    said += [f"no {c}" for c in (*absent, *partial) if c not in prices.misread]
    said += [text for column, text in prices.misread.items() if column != "header"][:2]
    if prices.differing:
        file, text = next(iter(prices.differing.items()))
        others = len(prices.differing) - 1
        said.append(f"{file}: {text}" + (f"; {plural(others, 'other file')}" if others else ""))
    if not said:
        return Measurement(f"Holds {' '.join(columns)} as bars have them", values)
    line = "; ".join(said)
    return Measurement(
        line[:1].upper() + line[1:],
        values,
        (
            *(Evidence("misread", text, None, _where(prices, c)) for c, text in _some(prices)),
            *(Evidence("differs", text, None, file) for file, text in _files(prices)),
        ),
    )


def _absent(names: Mapping[str, str]) -> list[str]:
    """What no bar can do without."""
    adjusted_alone = "adj_close" in names and not any(c in names for c in CANDLE)
    if "close" in names or adjusted_alone:
        return []
    return ["close beside Adj Close" if "adj_close" in names else "close"]


def _partial(names: Mapping[str, str]) -> list[str]:
    have = [c for c in CANDLE if c in names]
    return [c for c in CANDLE[:3] if c not in names] if len(have) == 3 else []


def _some(prices: PriceTable) -> list[tuple[str, str]]:
    return list(prices.misread.items())[:4]


def _files(prices: PriceTable) -> list[tuple[str, str]]:
    return list(prices.differing.items())[:3]


def _where(prices: PriceTable, column: str) -> str | None:
    return f"column {prices.names[column]}" if column in prices.names else None
