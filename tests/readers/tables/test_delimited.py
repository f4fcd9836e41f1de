"""CSV in the notations of the world."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ml_debugger.artifacts import Backtest, FeatureTable, PriceTable
from ml_debugger.readers.head import read_head
from ml_debugger.readers.reader import Reading, Unreadable
from ml_debugger.readers.tables import READERS
from ml_debugger.readers.tables.delimited import READER, recognise
from ml_debugger.readers.tables.dialect import find_dialect

Open = Callable[[Path], Reading]


def prices_in(reading: Reading) -> PriceTable:
    return next(a for a in reading.artifacts if isinstance(a, PriceTable))


def written(file: Path, text: str, encoding: str = "utf-8") -> Path:
    file.write_bytes(text.encode(encoding))
    return file


def rows_of(bars: pl.DataFrame) -> list[tuple[date, float, float, float, float, int]]:
    return bars.rows()


def expected(bars: pl.DataFrame, ticker: str) -> pl.DataFrame:
    return bars.select(
        pl.lit(ticker).alias("ticker"),
        pl.col("Date").alias("time"),
        pl.col("Open").alias("open"),
        pl.col("High").alias("high"),
        pl.col("Low").alias("low"),
        pl.col("Close").alias("close"),
        pl.col("Volume").cast(pl.Float64).alias("volume"),
    )


def german(value: float) -> str:
    return f"{value:.2f}".replace(".", ",")


def notations(bars: pl.DataFrame) -> dict[str, tuple[str, str]]:
    """Text and encoding of one table in many notations."""
    rows = rows_of(bars)
    plain = bars.write_csv()
    return {
        "plain": (plain, "utf-8"),
        "byte order mark": (plain, "utf-8-sig"),
        "utf-16": (plain, "utf-16"),
        "carriage returns": (plain.replace("\n", "\r\n"), "utf-8"),
        "tabs": (plain.replace(",", "\t"), "utf-8"),
        "pipes": (plain.replace(",", "|"), "utf-8"),
        "decimal commas": (
            "Datum der Börse;Date;Open;High;Low;Close;Volume\n"
            + "".join(
                f"x;{d:%d.%m.%Y};{german(o)};{german(h)};{german(low)};{german(c)};{v}\n"
                for d, o, h, low, c, v in rows
            ),
            "latin-1",
        ),
        "american": (
            '"Date","Close/Last","Volume","Open","High","Low"\n'
            + "".join(
                f'"{d:%m/%d/%Y}","${c:.2f}","{v:,}","${o:.2f}","${h:.2f}","${low:.2f}"\n'
                for d, o, h, low, c, v in rows
            ),
            "utf-8",
        ),
        "numbered fields": (
            "timestamp,1. open,2. high,3. low,4. close,5. volume\n"
            + "".join(f"{d},{o},{h},{low},{c},{v}\n" for d, o, h, low, c, v in rows),
            "utf-8",
        ),
        "offsets over summer time": (
            "Datetime,Open,High,Low,Close,Volume\n"
            + "".join(
                f"{d} 00:00:00{'-05:00' if d.month < 4 else '-04:00'},{o},{h},{low},{c},{v}\n"
                for d, o, h, low, c, v in rows
            ),
            "utf-8",
        ),
        "milliseconds": (
            "open_time,open,high,low,close,volume\n"
            + "".join(
                f"{(d - date(1970, 1, 1)).days * 86_400_000},{o},{h},{low},{c},{v}\n"
                for d, o, h, low, c, v in rows
            ),
            "utf-8",
        ),
        "compact dates": (
            "date,open,high,low,close,volume\n"
            + "".join(f"{d:%Y%m%d},{o},{h},{low},{c},{v}\n" for d, o, h, low, c, v in rows),
            "utf-8",
        ),
        "remark before the header": (
            "https://vendor.example\n"
            "date,open,high,low,close,volume\n"
            + "".join(f"{d},{o},{h},{low},{c},{v}\n" for d, o, h, low, c, v in rows),
            "utf-8",
        ),
        "no header": (
            "".join(f"{d},{o},{h},{low},{c},{v}\n" for d, o, h, low, c, v in rows),
            "utf-8",
        ),
        "date and clock": (
            "".join(f"{d:%Y.%m.%d},00:00,{o},{h},{low},{c},{v}\n" for d, o, h, low, c, v in rows),
            "utf-8",
        ),
        "yfinance levels": (
            "Price,Close,High,Low,Open,Volume\nTicker,STOCK,STOCK,STOCK,STOCK,STOCK\nDate,,,,,\n"
            + "".join(f"{d},{c},{h},{low},{o},{v}\n" for d, o, h, low, c, v in rows),
            "utf-8",
        ),
    }


NOTATIONS = (
    "plain",
    "byte order mark",
    "utf-16",
    "carriage returns",
    "tabs",
    "pipes",
    "decimal commas",
    "american",
    "numbered fields",
    "offsets over summer time",
    "milliseconds",
    "compact dates",
    "remark before the header",
    "no header",
    "date and clock",
    "yfinance levels",
)


@pytest.mark.parametrize("notation", NOTATIONS)
def test_every_notation_yields_the_same_bars(
    notation: str, bars: pl.DataFrame, tmp_path: Path, open_table: Open
) -> None:
    text, encoding = notations(bars)[notation]
    file = written(tmp_path / "STOCK.csv", text, encoding)
    prices = prices_in(open_table(file))
    assert_frame_equal(prices.frame.collect(), expected(bars, "STOCK"))
    assert prices.rows == bars.height


def test_gzip_is_read_and_its_damage_reported(
    bars: pl.DataFrame, tmp_path: Path, open_table: Open
) -> None:
    raw = gzip.compress(bars.write_csv().encode())
    (tmp_path / "whole.csv.gz").write_bytes(raw)
    (tmp_path / "cut.csv.gz").write_bytes(raw[: len(raw) // 2])
    whole = open_table(tmp_path / "whole.csv.gz")
    assert whole.problem is None
    assert prices_in(whole).rows == 200
    cut = open_table(tmp_path / "cut.csv.gz")
    assert cut.problem is not None
    assert "gzip" in cut.problem
    assert 0 < prices_in(cut).rows < 200


def test_a_cut_last_row_is_left_out_and_named(
    bars: pl.DataFrame, tmp_path: Path, open_table: Open
) -> None:
    file = written(tmp_path / "cut.csv", bars.write_csv()[:-25])
    reading = open_table(file)
    assert reading.problem == "the last row is cut off after 3 fields"
    assert reading.line == 201
    assert prices_in(reading).rows == 199


def test_ragged_rows_are_counted(bars: pl.DataFrame, tmp_path: Path, open_table: Open) -> None:
    text = bars.write_csv().replace("\n2020-03-02,", "\n2020-03-02,7,7,")
    reading = open_table(written(tmp_path / "ragged.csv", text))
    assert reading.problem is not None
    assert "1 rows" in reading.problem
    assert prices_in(reading).rows == 200


def test_cells_that_are_no_numbers_are_counted_by_column(
    bars: pl.DataFrame, tmp_path: Path, open_table: Open
) -> None:
    text = bars.write_csv().replace("2020-03-02,", "2020-03-02,abc").replace(",nan", ",")
    prices = prices_in(open_table(written(tmp_path / "bad.csv", text)))
    assert prices.problems == {"open": "1 of 200 cells hold no number"}
    assert prices.frame.collect()["open"].null_count() == 1


def test_leading_zeros_of_tickers_are_kept(tmp_path: Path, open_table: Open) -> None:
    rows = "".join(f"2020-01-{n:02},000001,1.5,1.6,1.4,1.55,100\n" for n in range(1, 29))
    file = written(tmp_path / "sz.csv", "date,symbol,open,high,low,close,volume\n" + rows)
    assert prices_in(open_table(file)).frame.collect()["ticker"].unique().to_list() == ["000001"]


def test_levels_of_several_tickers_become_long(
    bars: pl.DataFrame, tmp_path: Path, open_table: Open
) -> None:
    fields = ("Open", "High", "Low", "Close", "Volume")
    header = "," + ",".join(f"{f},{f}" for f in fields) + "\n"
    tickers = "Ticker" + ",AAA,BBB" * 5 + "\n"
    body = "".join(
        f"{row[0]}," + ",".join(f"{v},{v * 2}" for v in row[1:]) + "\n" for row in rows_of(bars)
    )
    file = written(tmp_path / "two.csv", header + tickers + "Date" + "," * 10 + "\n" + body)
    prices = prices_in(open_table(file))
    assert prices.rows == 400
    frame = prices.frame.collect()
    assert frame["ticker"].unique().sort().to_list() == ["AAA", "BBB"]
    assert "header" in prices.problems


def test_wide_closes_become_long(bars: pl.DataFrame, tmp_path: Path, open_table: Open) -> None:
    wide = bars.select("Date", AAA=pl.col("Close"), BBB=pl.col("Close") * 3)
    late = wide.with_columns(BBB=pl.when(pl.int_range(pl.len()) >= 50).then("BBB"))
    prices = prices_in(open_table(written(tmp_path / "wide.csv", late.write_csv())))
    assert prices.columns == ("ticker", "time", "close")
    assert prices.rows == 350


def test_intraday_stamps_with_a_zone_are_utc(tmp_path: Path, open_table: Open) -> None:
    rows = "".join(f"2024-03-04 {h:02}:30:00-05:00,10,11,9,10.5,{h}\n" for h in range(9, 16)) * 1
    file = written(tmp_path / "X.csv", "Datetime,Open,High,Low,Close,Volume\n" + rows)
    time = prices_in(open_table(file)).frame.collect()["time"]
    assert time.dtype == pl.Datetime("us", "UTC")
    assert time[0].replace(tzinfo=None) == datetime(2024, 3, 4, 14, 30)


def test_a_file_without_dates_says_so(tmp_path: Path, open_table: Open) -> None:
    rows = "".join(f"{n},1.0,1.2,0.9,1.1,{n + 5}\n" for n in range(40))
    prices = prices_in(open_table(written(tmp_path / "synthetic.csv", rows)))
    assert "no dates" in prices.problems["time"]
    assert "no header" in prices.problems["header"]
    assert "time" not in prices.names


@pytest.mark.parametrize(
    "text",
    [
        "epoch,loss,val_loss\n1,0.5,0.6\n2,0.4,0.5\n",
        "train_loss,epoch,step\n0.5,1,10\n0.4,2,20\n",
        "iteration,train-rmse,eval-rmse\n0,1.0,1.1\n1,0.9,1.0\n",
        "1,0.04278,0.5577\n2,0.0412,0.56\n3,0.0411,0.57\n",
        "Wall time,Step,Value\n1690000000,1,0.5\n1690000001,2,0.4\n",
        "import os\nimport sys\n\n\ndef main(a, b):\n    return a, b\n",
        "2024-01-01 10:00:00,123 INFO started\n2024-01-01 10:00:01,456 INFO stopped\n",
        "Once upon a time, there was a stock.\nIt rose, and it fell.\nThen, it rested.\n",
        '{"epoch": 1, "loss": 0.5}\n{"epoch": 2, "loss": 0.4}\n',
        "key: value\nother: value\n",
        "name,comment\nalpha,first of all\nbeta,second of all\n",
    ],
)
def test_what_is_no_table_of_ours_is_left_to_others(text: str, tmp_path: Path) -> None:
    file = written(tmp_path / "some.csv", text)
    assert recognise(read_head(file, "some.csv")) is None


def test_equity_and_features_are_told_apart(tmp_path: Path, open_table: Open) -> None:
    days = [f"2024-01-{n:02}" for n in range(1, 29)]
    equity = "date,equity,strategy_return\n" + "".join(
        f"{d},{1000 + n},{0.001 * n}\n" for n, d in enumerate(days)
    )
    found = open_table(written(tmp_path / "equity.csv", equity)).artifacts
    assert [type(a) for a in found] == [Backtest]
    table = "date,ticker,rsi_14,macd,label_5\n" + "".join(
        f"{d},A,{50 + n},{n / 10},{n / 100}\n" for n, d in enumerate(days)
    )
    found = open_table(written(tmp_path / "features.csv", table)).artifacts
    assert [type(a) for a in found] == [FeatureTable]
    features = found[0]
    assert isinstance(features, FeatureTable)
    assert features.features == ("rsi_14", "macd")
    assert dict(features.label_horizons) == {"label_5": 5}
    assert features.frame.collect_schema()["date"] == pl.Date


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(raw=st.binary(max_size=3000))
def test_any_bytes_are_read_or_refused(
    raw: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    check_bytes(raw, tmp_path_factory.mktemp("any") / "any.csv")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    cells=st.lists(
        st.tuples(
            st.dates(date(1980, 1, 1), date(2030, 1, 1)).map(str) | st.text(max_size=5),
            *[st.floats().map(str) | st.text(max_size=5) for _ in range(4)],
        ),
        min_size=1,
        max_size=20,
    ),
    delimiter=st.sampled_from(",;\t|"),
)
def test_any_cells_are_read_or_refused(
    cells: list[tuple[str, ...]], delimiter: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lines = [("date", "open", "high", "low", "close"), *cells]
    text = "\n".join(delimiter.join(line) for line in lines)
    check_bytes(text.encode("utf-8", "replace"), tmp_path_factory.mktemp("any") / "any.csv")


def check_bytes(raw: bytes, file: Path) -> None:
    file.write_bytes(raw)
    head = read_head(file, "any.csv")
    for reader in READERS:
        if reader.recognise(head) is None:
            continue
        try:
            reading = reader.read(head, reader.name)
        except Unreadable:
            return
        for artifact in reading.artifacts:
            if isinstance(artifact, PriceTable):
                assert artifact.frame.collect().height == artifact.rows
        return


def test_the_reader_claims_its_endings() -> None:
    assert READER.suffixes == (".csv", ".tsv", ".psv")


def test_semicolons_between_as_many_decimal_commas(tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    file.write_text("Epoch;Loss;Val Loss\n" + "".join(f"{n};0,{9 - n};0,{n}\n" for n in range(9)))
    assert find_dialect(read_head(file, "history.csv")) is None
    file.write_text("id;high;low\n" + "".join(f"{n};0,{9 - n};0,{n}\n" for n in range(9)))
    found = find_dialect(read_head(file, "history.csv"))
    assert found is not None
    assert found.delimiter == ";"
