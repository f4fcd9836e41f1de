"""LEK003 feature-uses-future."""

from __future__ import annotations

from collections.abc import Iterator

from ml_debugger.artifacts import Change, RecomputedColumn
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

UNSTABLE_SHARE = 0.5
"""Above this share of rows without stable digits a column cannot be compared."""


@check(
    code="LEK003",
    name="feature-uses-future",
    component="data",
    playbook="leakage",
    limits=(
        Limit(
            "changed_rows",
            "rows",
            "above",
            "past rows that change when later rows are cut off or altered",
            "by definition: what is known at a time depends on nothing later",
            fail=0,
        ),
        Limit(
            "filled_rows",
            "rows",
            "above",
            "past rows that do so only where prices were made missing before the cut",
            "by definition; a warning, because the data at hand may have no such gap",
            warn=0,
        ),
        Limit(
            "cuts",
            "boundaries",
            "below",
            "boundaries at which values of the column could be compared",
            "measured: on 40 US stocks every leak tried, from a one-row shift to a quantile of "
            "the sample, showed within the first 5 of 29 boundaries",
            skip=5,
        ),
    ),
    profiles=(),
)
def feature_uses_future(column: RecomputedColumn) -> Outcome:
    """A feature function computes a column from rows that lie in the future.

    What it measures:
        `diagnostic leakage FILE.py:FUNCTION --data PRICES` calls the function in a process of
        its own: on all rows; on the rows up to week, month, split and random boundaries and near
        the start; and on rows whose later prices were replaced. Every earlier row of every ticker
        must stay equal: to 1e-9 of its value and the column's magnitude (2e-6 in single
        precision), a missing value equal to a missing one. Where rows change, each input column
        is altered alone to name the one that they come from, and the distance to the first row
        that was touched says how far the function reaches. Prices are also made missing before a
        cut, which shows gaps that are filled from later rows. A known leak, the next close, is
        added to every result; unless it is found, and in what changes from call to call, nothing
        is concluded. Labels look ahead by intent and are left out; a later price as such
        (next_close) is judged, unless --label names it.

    Why it matters:
        A feature that knows later prices makes validation and backtest shine, and is not there
        when the model runs live. Reading the code does not show it: the usual ways in are one
        innocent call (a mean of the whole column, a backward fill, a week's close merged to its
        Monday).

    What to do:
        Replace what looks ahead: shift(n) instead of shift(-n), trailing windows instead of
        centred ones, statistics that expand or roll instead of those of the whole sample, ffill
        within a ticker instead of bfill and interpolate, the last complete week instead of the
        present one. Group by ticker before shifting or rolling. Then run the command again and
        train anew. Data that the function reads itself, from files or services, are not cut off:
        where it reads any, no column is cleared. Hand such data over in the table instead.

    Sources:
        Prefix invariance: a causal function of a prefix is the prefix of its result. Measured on
        25 random cuts of MSFT 2005-2017: comparing only the last row misses a flag by the
        quantile of the whole sample, altering the future misses a scale by the length, so both
        are done, and all rows compared. freqtrade's lookahead-analysis cannot see a reach of one
        candle (its author, issue 11346).
    """
    if column.label is not None:
        return NotMeasured(f"{column.subject} is {column.label}; {_reaching(column.changed)}")
    if column.untested is not None:
        return NotMeasured(f"not tested: {column.untested}", required=True)
    if column.changed is not None:
        change = column.changed
        return Measurement(
            f"Uses later rows: {_far(change)}, {_through(change)}",
            {"changed_rows": change.rows},
            tuple(_evidence(change, column)),
            line=column.line,
        )
    if column.rows == 0:
        return NotMeasured("not tested: all its values are missing", required=True)
    if column.unstable > UNSTABLE_SHARE * column.rows:
        return NotMeasured(
            f"not tested: {column.unstable:,} of {column.rows:,} values change with the last "
            "digits of the prices",
            required=True,
        )
    if column.filled is not None and column.cuts:
        change = column.filled
        return Measurement(
            f"Fills missing prices from later rows, {_far(change)}",
            {"changed_rows": 0, "filled_rows": change.rows},
            tuple(_evidence(change, column)),
            line=column.line,
        )
    if column.read:
        return NotMeasured(
            f"the function reads {', '.join(column.read[:3])} itself, which was not cut off; "
            "otherwise no later row is used"
        )
    return Measurement(
        f"Equal at {column.cuts} cuts and with {column.altered} other futures",
        {"changed_rows": 0, "cuts": column.cuts},
        (Evidence("compared", column.rows, "rows"),),
        line=column.line,
    )


def _far(change: Change) -> str:
    least = "at least " if change.at_least and change.reach > 1 else ""
    unit = change.unit.removesuffix("s") if change.reach == 1 else change.unit
    return f"{least}{change.reach:,} {unit} ahead"


def _through(change: Change) -> str:
    if not change.sources:
        return "by the number or dates of the rows"
    return f"from {', '.join(change.sources)}"


def _reaching(change: Change | None) -> str:
    return "no later row changes it" if change is None else f"it looks {_far(change)}"


def _evidence(change: Change, column: RecomputedColumn) -> Iterator[Evidence]:
    yield Evidence("first_row", change.time, where=change.ticker)
    other = "with other prices" if change.altered else "without what came"
    yield Evidence(
        "value", change.with_future, where=f"but {change.without} {other} after {change.cut}"
    )
    yield Evidence("reach", change.reach, change.unit, "at least" if change.at_least else None)
    if change.sources:
        yield Evidence("source", ", ".join(change.sources))
    yield Evidence("cuts_compared", column.cuts, "boundaries")
    yield Evidence("function", column.function)
