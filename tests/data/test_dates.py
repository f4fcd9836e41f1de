from datetime import date, datetime

import polars as pl
import pytest

from ml_debugger.data.dates import to_dates
from ml_debugger.errors import DataError

DAY = date(2024, 3, 15)


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-15",
        "2024/03/15",
        "20240315",
        "03/15/2024",
        "15/03/2024",
        "15.03.2024",
        "15-Mar-2024",
        " 2024-03-15 ",
        "2024-03-15 00:00:00",
        "2024-03-15 00:00:00-04:00",
        "2024-03-15T00:00:00Z",
    ],
)
def test_daily_text_becomes_a_date(text: str) -> None:
    assert to_dates(pl.Series("date", [text]), "p.csv").to_list() == [DAY]


@pytest.mark.parametrize("stamp", [20240315, 1710460800, 1710460800000, 1710460800000000])
def test_numbers_become_dates(stamp: int) -> None:
    assert to_dates(pl.Series("date", [stamp]), "p.csv").to_list() == [DAY]


@pytest.mark.parametrize(
    "text", ["2024-03-15 09:30:00", "2024-03-15T09:30:00", "2024-03-15 05:30:00-04:00"]
)
def test_intraday_text_becomes_utc(text: str) -> None:
    assert to_dates(pl.Series("t", [text]), "p.csv").to_list() == [datetime(2024, 3, 15, 9, 30)]


def test_zoned_midnights_keep_their_local_date() -> None:
    stamps = pl.Series("date", [datetime(2024, 3, 15, 4)]).dt.replace_time_zone("UTC")
    local = stamps.dt.convert_time_zone("America/New_York")
    assert to_dates(local, "p.parquet").to_list() == [DAY]


def test_one_wrong_cell_is_named() -> None:
    with pytest.raises(DataError, match=r"p\.csv: column 'date' holds 'soon', which is no date"):
        to_dates(pl.Series("date", ["2024-03-15", "soon"]), "p.csv")


@pytest.mark.parametrize("values", [[1.5, 2.5], [True, False]])
def test_what_is_no_date_is_refused(values: list[object]) -> None:
    with pytest.raises(DataError, match="column 'date'"):
        to_dates(pl.Series("date", values), "p.csv")
