"""The picture of a table: its cells, its order, its bounds."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl

from ml_debugger.report.heat_map import MOST_TICKERS, heat_map
from ml_debugger.report.style import Style

PERIODS = [date(year, 1, 1) for year in range(2019, 2024)]
NONE = pl.DataFrame(
    schema={"path": pl.String, "ticker": pl.String, "date": pl.Datetime("us"), "fault": pl.String}
)


def covered(**days: list[int | None]) -> pl.DataFrame:
    """Days of 250 sessions by ticker and year; None where the ticker did not live."""
    return pl.DataFrame(
        [
            {"path": "p.csv", "ticker": ticker, "period": period, "sessions": 250, "days": count}
            for ticker, counts in days.items()
            for period, count in zip(PERIODS, counts, strict=True)
            if count is not None
        ]
    )


def lines(*arguments, **options) -> dict[str, str]:
    """The cells of each ticker, and what stands behind them."""
    drawn = heat_map(*arguments, **options).splitlines()
    return {line.split()[0]: line[14:] for line in drawn[2:-1]}


def test_each_share_has_its_own_sign_and_what_did_not_live_is_empty() -> None:
    table = covered(A=[250, 249, 200, 10, 0], B=[None, 250, 250, None, None])
    drawn = lines(table, NONE, Style())
    assert drawn["A"] == "#+-.0"
    assert drawn["B"].rstrip() == " ##"
    assert lines(table, NONE, Style(unicode=True))["A"] == "█▓▒░0"


def test_a_finding_marks_its_period_and_puts_its_ticker_first() -> None:
    rows = pl.DataFrame(
        {
            "path": ["p.csv"] * 3 + ["other.csv"],
            "ticker": ["B", "B", "B", "A"],
            "date": [datetime(year, 5, 4) for year in (2020, 2020, 2023, 2020)],
            "fault": ["stuck-feed", "stuck-feed", "zero-volume", "zero-volume"],
        }
    )
    table = covered(A=[250, 250, 250, 10, 250], B=[250] * 5)
    drawn = lines(table, rows, Style())
    assert list(drawn) == ["B", "A"]
    assert drawn["B"] == "#!##!  2 stuck-feed, 1 zero-volume"
    assert "!" not in drawn["A"]


def test_a_grave_finding_outweighs_many_light_ones() -> None:
    rows = pl.DataFrame(
        {
            "path": ["p.csv"] * 4,
            "ticker": ["A", "A", "B", "B"],
            "date": [datetime(2020, 5, day) for day in (4, 5, 4, 5)],
            "fault": ["zero-volume", "zero-volume", "missing-values", "unadjusted-split"],
        }
    )
    table = covered(A=[250] * 5, B=[250] * 5, C=[250] * 5)
    drawn = lines(table, rows, Style(), grave={"unadjusted-split"})
    assert list(drawn) == ["B", "A", "C"]
    assert drawn["B"] == "#!###  1 unadjusted-split, 1 missing-values"


def test_many_tickers_are_bounded_and_the_rest_is_counted() -> None:
    table = covered(**{f"T{n:02}": [250] * 5 for n in range(50)})
    drawn = heat_map(table, NONE, Style()).splitlines()
    assert len(drawn) == MOST_TICKERS + 4
    assert drawn[-2] == "30 more tickers, 30 of them complete and without a finding"
    assert len(heat_map(table, NONE, Style(), every=True).splitlines()) == 50 + 3


def test_a_share_that_is_not_whole_is_never_called_complete() -> None:
    table = covered(A=[250] * 5).with_columns(sessions=pl.col("sessions") * 1000)
    table = table.with_columns(days=pl.col("sessions") - (pl.int_range(pl.len()) == 4))
    assert "99.9 %" in heat_map(table, NONE, Style())
