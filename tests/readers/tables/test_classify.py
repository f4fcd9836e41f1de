"""What a table is, by what it holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from ml_debugger.artifacts import (
    Artifact,
    Backtest,
    FeatureTable,
    Positions,
    Predictions,
    PriceTable,
    Split,
    Unrecognised,
)
from ml_debugger.readers.opening import open_file
from ml_debugger.readers.reader import Reading
from ml_debugger.readers.tables.columns import normal, panel_fields, price_fields
from ml_debugger.readers.tables.features import is_label, label_horizon

Open = Callable[[Path], Reading]
DAYS = [date(2024, 1, 1) + timedelta(days=n) for n in range(60)]


def read(frame: pl.DataFrame, folder: Path, open_table: Open) -> list[Artifact]:
    file = folder / "table.parquet"
    frame.write_parquet(file)
    return list(open_table(file).artifacts)


def base(**columns: object) -> pl.DataFrame:
    return pl.DataFrame({"ticker": ["A"] * 60, "date": DAYS, **columns})


VALUES = [0.01 * (n % 7 - 3) for n in range(60)]


@pytest.mark.parametrize(
    ("columns", "kinds"),
    [
        ({"prediction": VALUES, "horizon": [5] * 60}, [Predictions]),
        ({"y_pred": VALUES, "y_true": VALUES}, [Predictions]),
        ({"position": VALUES, "prediction": VALUES}, [Positions]),
        ({"equity": VALUES, "position": VALUES}, [Backtest]),
        ({"rsi": VALUES, "macd": VALUES, "beta": VALUES}, [FeatureTable]),
        ({"cagr": VALUES, "sharpe": VALUES, "trades": VALUES}, []),
        ({"note": ["x"] * 60}, []),
    ],
)
def test_kinds(
    columns: dict[str, object], kinds: list[type], tmp_path: Path, open_table: Open
) -> None:
    assert [type(a) for a in read(base(**columns), tmp_path, open_table)] == kinds


def test_bars_and_features_come_from_one_file(
    bars: pl.DataFrame, tmp_path: Path, open_table: Open
) -> None:
    frame = bars.with_columns(
        rsi_14=pl.col("Close") % 100, macd=pl.col("Close") - 1, atr=pl.col("High") - pl.col("Low")
    )
    prices, features = read(frame, tmp_path, open_table)
    assert isinstance(prices, PriceTable)
    assert isinstance(features, FeatureTable)
    assert features.features == ("rsi_14", "macd", "atr")


def test_bars_alone_are_no_features(bars: pl.DataFrame, tmp_path: Path, open_table: Open) -> None:
    frame = bars.with_columns(Dividends=pl.lit(0.0), Stock_Splits=pl.lit(0.0), vwap=pl.col("Close"))
    assert [type(a) for a in read(frame, tmp_path, open_table)] == [PriceTable]


@pytest.mark.parametrize(
    ("column", "values", "kind"),
    [
        ("prediction", VALUES, "return"),
        ("proba_up", [abs(v) * 10 for v in VALUES], "probability"),
        ("predicted_close", [100 + v for v in VALUES], "price"),
    ],
)
def test_kind_of_predictions(
    column: str, values: list[float], kind: str, tmp_path: Path, open_table: Open
) -> None:
    (found,) = read(base(**{column: values}), tmp_path, open_table)
    assert isinstance(found, Predictions)
    assert found.kind == kind


def test_horizons_as_text_are_counted_in_sessions(tmp_path: Path, open_table: Open) -> None:
    (found,) = read(base(prediction=VALUES, horizon=["5d"] * 60), tmp_path, open_table)
    assert isinstance(found, Predictions)
    assert found.frame.collect()["horizon"].unique().to_list() == [5]
    assert found.types["horizon"] == "String"


def test_a_text_column_parts_two_backtests(tmp_path: Path, open_table: Open) -> None:
    one = pl.DataFrame({"date": DAYS, "mode": ["long"] * 60, "equity": [1.0 + v for v in VALUES]})
    both = pl.concat([one, one.with_columns(mode=pl.lit("short"))])
    found = read(both, tmp_path, open_table)
    assert [a.subject.split()[-1] for a in found] == ["long", "short"]


def test_split_windows_and_shared_rows(tmp_path: Path, open_table: Open) -> None:
    part = ["train"] * 40 + ["val"] * 10 + ["test"] * 10
    frame = base(rsi=VALUES, macd=VALUES, beta=VALUES, split=part)
    twice = pl.concat([frame, frame.slice(39, 1).with_columns(split=pl.lit("test"))])
    split = next(a for a in read(twice, tmp_path, open_table) if isinstance(a, Split))
    assert {w.part: w.rows for w in split.windows} == {"train": 40, "validation": 10, "test": 11}
    assert split.shared_rows == 1
    assert len(split.sessions) == 60


def test_one_part_alone_is_no_split(tmp_path: Path, open_table: Open) -> None:
    frame = base(prediction=VALUES, split=["test"] * 60)
    assert [type(a) for a in read(frame, tmp_path, open_table)] == [Predictions]


@pytest.mark.parametrize(
    ("name", "label", "horizon"),
    [
        ("label_5", True, 5),
        ("ret_fwd_21", True, 21),
        ("return_next_5d", True, 5),
        ("close_fwd_10", True, 10),
        ("forwardPE", False, None),
        ("price_target", False, None),
        ("days_to_next_earnings", False, None),
        ("target", True, None),
        ("target_1d", True, 1),
        ("fwd_ret_20d", True, 20),
        ("future_return_60", True, 60),
        ("next_return", True, 1),
        ("label_15m", True, None),
        ("y", True, None),
        ("return_5", False, 5),
        ("momentum_10", False, 10),
        ("volatility", False, None),
    ],
)
def test_labels_and_their_horizons(name: str, label: bool, horizon: int | None) -> None:
    assert is_label(name) is label
    assert label_horizon(name) == horizon


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Adj Close**", "adj_close"),
        ("1. open", "open"),
        ("<CLOSE>", "close"),
        ("openTime", "open_time"),
    ],
)
def test_normal_names(name: str, plain: str) -> None:
    assert normal(name) == plain


def test_prices_of_one_ticker_by_prefix_or_tuple() -> None:
    names = ["AAPL.Open", "AAPL.High", "AAPL.Low", "AAPL.Close"]
    assert price_fields(names)["close"] == "AAPL.Close"
    tuples = [f"('{f}', 'MSFT')" for f in ("Open", "High", "Low", "Close")]
    assert panel_fields(tuples)["('Close', 'MSFT')"] == ("close", "MSFT")
    assert panel_fields(["open_ratio", "high_ratio", "low_ratio", "close_ratio"]) == {}


def test_vendor_columns_beside_adjusted_bars_are_no_features(
    bars: pl.DataFrame, tmp_path: Path, open_table: Open
) -> None:
    adjusted = {f"Adj. {c}": pl.col(c) for c in ("Open", "High", "Low", "Close", "Volume")}
    frame = bars.with_columns(
        **adjusted, **{"Ex-Dividend": pl.lit(0.0), "Split Ratio": pl.lit(1.0)}
    )
    assert [type(a) for a in read(frame, tmp_path, open_table)] == [PriceTable]


def test_purged_rows_are_sessions_between_the_parts(tmp_path: Path, open_table: Open) -> None:
    parts = ["train"] * 40 + ["purged"] * 5 + ["test"] * 15
    found = read(base(rsi=VALUES, fwd_ret_5=VALUES, split=parts), tmp_path, open_table)
    split = next(a for a in found if isinstance(a, Split))
    assert split.sessions == tuple(DAYS)
    assert [window.part for window in split.windows] == ["train", "test"]


def test_tickers_that_are_named_like_fields_are_tickers(tmp_path: Path, open_table: Open) -> None:
    names = ["C", "L", "LOW", "O", *(f"T{n}" for n in range(26))]
    closes = {name: [50 + n + 0.1 * (d % 7) for d in range(60)] for n, name in enumerate(names)}
    frame = pl.DataFrame({"Date": DAYS, **closes})
    (prices,) = read(frame, tmp_path, open_table)
    assert isinstance(prices, PriceTable)
    assert prices.frame.select(pl.col("ticker").n_unique()).collect().item() == 30


def test_values_of_funds_are_prices_and_that_of_an_account_is_a_backtest(
    tmp_path: Path, open_table: Open
) -> None:
    nav = [100 + 0.1 * (n % 9) for n in range(60)]
    funds = pl.DataFrame({"fund": ["VFIAX"] * 60, "date": DAYS, "nav": nav})
    assert [type(a) for a in read(funds, tmp_path, open_table)] == [PriceTable]
    account = pl.DataFrame({"date": DAYS, "nav": nav, "position": VALUES})
    assert [type(a) for a in read(account, tmp_path, open_table)] == [Backtest]


@pytest.mark.parametrize(
    "columns",
    [
        ("timestamp", "name", "temperature.gpu", "utilization.gpu [%]", "memory.used [MiB]"),
        ("index", "gpu_name", "driver_version", "memory.total [MiB]", "power.draw [W]"),
    ],
)
def test_measurements_of_gpus_are_no_features(tmp_path: Path, columns: tuple[str, ...]) -> None:
    file = tmp_path / "log.parquet"
    pl.DataFrame({column: [7.0] * 60 for column in columns}).write_parquet(file)
    (found,) = open_file(file, "log.parquet", named=True)
    assert isinstance(found, Unrecognised)
    assert found.content == "measurements of nvidia-smi"
