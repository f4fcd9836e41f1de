from datetime import date

import numpy as np
import polars as pl
import pytest

from ml_debugger.errors import DataError
from ml_debugger.sizing.panel import make_panel

DAYS = [date(2024, 1, d) for d in (2, 3, 4, 5)]


def prices(rows: list[tuple[str, int, float | None]]) -> pl.DataFrame:
    return pl.DataFrame(
        [(t, DAYS[d], c) for t, d, c in rows], schema=["ticker", "date", "close"], orient="row"
    )


def test_a_missing_bar_earns_nothing_and_the_next_one_spans_the_gap() -> None:
    panel = make_panel(prices([("A", 0, 10.0), ("A", 1, 11.0), ("A", 3, 22.0), ("B", 2, 5.0)]))
    a = panel.tickers.index("A")
    assert panel.returns[:, a] == pytest.approx([0, 0.1, 0, 1.0])
    assert panel.alive[:, a].tolist() == [False, True, True, True]


def test_a_ticker_lives_from_its_second_bar_to_its_last() -> None:
    panel = make_panel(prices([("A", n, 10.0) for n in range(4)] + [("B", 1, 5.0), ("B", 2, 6.0)]))
    b = panel.tickers.index("B")
    assert panel.alive[:, b].tolist() == [False, False, True, False]
    assert panel.returns[:, b] == pytest.approx([0, 0, 0.2, 0])
    assert np.isnan(panel.closes[0, b])


def test_a_null_close_is_a_missing_bar() -> None:
    panel = make_panel(prices([("A", 0, 10.0), ("A", 1, None), ("A", 2, 11.0)]))
    assert panel.returns[:, 0] == pytest.approx([0, 0, 0.1])


def test_what_has_no_meaning_is_refused() -> None:
    with pytest.raises(DataError, match="two rows of one date"):
        make_panel(prices([("A", 0, 1.0), ("A", 0, 1.0)]))
    with pytest.raises(DataError, match="close of A on 2024-01-03 is not positive"):
        make_panel(prices([("A", 0, 1.0), ("A", 1, 0.0)]))


@pytest.mark.parametrize(("ticker", "day"), [("Z", DAYS[0]), ("A", date(2024, 2, 1))])
def test_a_row_without_prices_is_refused(ticker: str, day: date) -> None:
    panel = make_panel(prices([("A", 0, 1.0), ("A", 1, 2.0)]))
    table = pl.DataFrame({"ticker": [ticker], "date": [day], "position": [1.0]})
    with pytest.raises(DataError, match=f"no price of {ticker}"):
        panel.matrix(table, "position")


def test_values_come_back_from_the_places_they_went_to() -> None:
    table = prices([("B", 1, 4.0), ("A", 0, 1.0), ("A", 2, 3.0)])
    panel = make_panel(table)
    assert panel.values(panel.matrix(table, "close"), table).tolist() == [4.0, 1.0, 3.0]
