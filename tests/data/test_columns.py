import pytest

from ml_debugger.data.columns import recognise
from ml_debugger.errors import DataError


@pytest.mark.parametrize(
    "names",
    [
        ["Date", "Open", "High", "Low", "Close*", "Adj Close**", "Volume"],
        ["timestamp", "1. open", "2. high", "3. low", "4. close", "5. volume"],
        ["index", "OPEN", "HIGH", "LOW", "CLOSE", "VOL"],
        ["Unnamed: 0", "open", "high", "low", "close", "volume"],
        ["", "o", "h", "l", "c", "v"],
        ["Name", "date", "open", "high", "low", "close", "volume"],
        ["symbol", "datetime", "open_price", "high price", "low-price", "Close/Last", "volume"],
        ["<TICKER>", "<DATE>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<VOL>"],
    ],
)
def test_usual_names_are_recognised(names: list[str]) -> None:
    found = set(recognise(names, "p.csv").values())
    assert found >= {"date", "open", "high", "low", "close", "volume"}


def test_a_ticker_column_wins_over_a_company_name() -> None:
    names = ["name", "ticker", "date", "open", "high", "low", "close", "volume"]
    assert recognise(names, "p.csv")["ticker"] == "ticker"
    assert "name" not in recognise(names, "p.csv")


def test_adjusted_close_is_not_taken_for_the_close() -> None:
    names = ["date", "open", "high", "low", "adjusted_close", "close", "volume"]
    found = recognise(names, "p.csv")
    assert found["adjusted_close"] == "adj_close"
    assert found["close"] == "close"


def test_missing_columns_are_named_with_the_file() -> None:
    with pytest.raises(DataError, match=r"p\.csv: no columns for high, volume; the columns are"):
        recognise(["date", "open", "low", "close"], "p.csv")


def test_a_wide_panel_is_named_as_such() -> None:
    with pytest.raises(DataError, match="wide panel with one column per ticker"):
        recognise(["Date", "AAPL", "MSFT", "XOM"], "p.csv")
