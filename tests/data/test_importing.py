from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_debugger.data import PRICE_COLUMNS, import_prices
from ml_debugger.errors import DataError, DiagnosticError, UsageError

CSV = "Date,Open,High,Low,Close,Adj Close,Volume\n"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_parquet_comes_back_sorted_and_typed(tmp_path: Path, market: pl.DataFrame) -> None:
    shuffled = market.sample(fraction=1.0, shuffle=True, seed=1)
    shuffled.rename({"ticker": "Name"}).write_parquet(tmp_path / "all.parquet")
    prices = import_prices(tmp_path / "all.parquet")
    assert prices.equals(market.sort("ticker", "date"))
    assert tuple(prices.columns) == PRICE_COLUMNS


def test_a_file_without_tickers_is_named_by_its_stem(tmp_path: Path) -> None:
    write(tmp_path / "AAPL.csv", CSV + "2024-01-02,1,2,0.5,1.5,1.4,100\n")
    write(tmp_path / "MSFT.csv", CSV + "2024-01-02,3,4,2.5,3.5,3.4,9\n")
    prices = import_prices(tmp_path)
    assert prices["ticker"].to_list() == ["AAPL", "MSFT"]
    assert prices["close"].to_list() == [1.5, 3.5]


def test_adjusted_prices_scale_the_whole_bar(tmp_path: Path) -> None:
    file = write(tmp_path / "A.csv", CSV + "2024-01-02,4,8,2,4,2,100\n")
    assert import_prices(file, adjusted=True).row(0)[2:] == (2.0, 4.0, 1.0, 2.0, 100.0)
    assert import_prices(file).row(0)[2:] == (4.0, 8.0, 2.0, 4.0, 100.0)


def test_faults_of_the_source_are_not_repaired(tmp_path: Path) -> None:
    rows = "2024-01-02,1,2,0.5,,1.4,100\n" * 2
    prices = import_prices(write(tmp_path / "A.csv", CSV + rows))
    assert len(prices) == 2
    assert prices["close"].null_count() == 2


def test_money_signs_thousands_and_semicolons_are_read(tmp_path: Path) -> None:
    file = write(
        tmp_path / "A.csv", "date;open;high;low;close;volume\n2024-01-02;$1;$2;$1;$1.5;1,234\n"
    )
    assert import_prices(file).row(0)[2:] == (1.0, 2.0, 1.0, 1.5, 1234.0)


def test_the_three_header_lines_of_yfinance_are_read(tmp_path: Path) -> None:
    file = write(
        tmp_path / "download.csv",
        "Price,Close,High,Low,Open,Volume\nTicker,AAPL,AAPL,AAPL,AAPL,AAPL\nDate,,,,,\n"
        "2024-01-02,1.5,2,1,1.2,100\n",
    )
    assert import_prices(file).rows() == [("AAPL", date(2024, 1, 2), 1.2, 2.0, 1.0, 1.5, 100.0)]


def test_mixed_daily_and_intraday_become_times(tmp_path: Path) -> None:
    write(tmp_path / "A.csv", CSV + "2024-01-02,1,2,1,1,1,1\n")
    write(tmp_path / "B.csv", CSV + "2024-01-02 09:30:00,1,2,1,1,1,1\n")
    assert import_prices(tmp_path).schema["date"] == pl.Datetime("us")


def test_progress_ends_at_the_number_of_files(tmp_path: Path) -> None:
    write(tmp_path / "A.csv", CSV + "2024-01-02,1,2,1,1,1,1\n")
    seen: list[tuple[str, int, int]] = []
    import_prices(tmp_path, progress=lambda *step: seen.append(step))
    assert seen[-1] == ("import", 1, 1)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("A.csv", b"", "the file is empty"),
        ("A.parquet", b"PAR1\x00\x00", "cannot be read"),
        ("A.csv", CSV.encode() + b"2024-01-02,1,high,1,1,1,1\n", "column 'high' holds 'high'"),
        ("A.csv", CSV.encode() + b",1,2,1,1,1,1\n", "column 'date' has 1 empty cells"),
        ("A.csv", b"\xff\xfe\x00\x01\x02", "A.csv"),
    ],
)
def test_what_cannot_be_used_is_named(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        import_prices(tmp_path / name)


def test_missing_paths_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        import_prices(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no Parquet or CSV file"):
        import_prices(tmp_path)


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=200))
def test_no_file_content_leads_to_another_error(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("any") / "A.csv"
    file.write_bytes(content)
    with pytest.raises(DiagnosticError):
        import_prices(file)


def test_dates_are_dates(tmp_path: Path) -> None:
    file = write(tmp_path / "A.csv", CSV + "2024-01-02,1,2,1,1,1,1\n")
    assert import_prices(file)["date"].to_list() == [date(2024, 1, 2)]
