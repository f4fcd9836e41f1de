import polars as pl
import pytest

from ml_debugger.data import FEATURES, build_features, feature_columns
from ml_debugger.data.features import WARM_UP
from ml_debugger.errors import DataError

NAMES = [feature.name for feature in FEATURES]
PRICES = ["open", "high", "low", "close"]


def close_to(a: pl.DataFrame, b: pl.DataFrame, names: list[str]) -> list[str]:
    """The names of the columns that differ by more than 1e-9, null being equal to null."""
    differ = []
    for name in names:
        left, right = a[name], b[name]
        same_nulls = (left.is_null() == right.is_null()).all()
        if not same_nulls or ((left - right).abs() > 1e-9 * left.abs().clip(1.0)).any():
            differ.append(name)
    return differ


def test_there_are_twenty_or_more_documented_features() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 20
    assert all(f.meaning and f.lookback >= 0 for f in FEATURES)


@pytest.mark.parametrize("cut", [130, 171, 204, 255, 319])
def test_cutting_the_future_off_changes_no_past_row(market: pl.DataFrame, cut: int) -> None:
    last = market["date"].unique().sort()[cut - 1]
    whole = build_features(market, keep_warm_up=True).filter(pl.col("date") <= last)
    past = build_features(market.filter(pl.col("date") <= last), keep_warm_up=True)
    assert close_to(whole, past, NAMES) == []


def test_the_causality_test_finds_a_leak(market: pl.DataFrame) -> None:
    def leaky(prices: pl.DataFrame) -> pl.DataFrame:
        ahead = pl.col("close").shift(-1).over("ticker") / pl.col("close") - 1
        return prices.with_columns(ahead.alias("leak"))

    last = market["date"].unique().sort()[200]
    whole = leaky(market).filter(pl.col("date") <= last)
    assert close_to(whole, leaky(market.filter(pl.col("date") <= last)), ["leak"]) == ["leak"]


def test_changing_the_future_changes_no_past_row(market: pl.DataFrame) -> None:
    last = market["date"].unique().sort()[250]
    later = pl.col("date") > last
    other = market.with_columns(pl.when(later).then(pl.col(PRICES) * 3).otherwise(pl.col(PRICES)))
    past = pl.col("date") <= last
    assert (
        close_to(build_features(market).filter(past), build_features(other).filter(past), NAMES)
        == []
    )


def test_features_have_no_unit(market: pl.DataFrame) -> None:
    other = market.with_columns(pl.col(PRICES) * 100, pl.col("volume") * 1000)
    without_log = [n for n in NAMES if n != "volume_zscore_60"]
    assert close_to(build_features(market), build_features(other), without_log) == []


def test_tickers_do_not_touch_each_other(market: pl.DataFrame) -> None:
    alone = build_features(market.filter(pl.col("ticker") == "T1"))
    among = build_features(market).filter(pl.col("ticker") == "T1")
    assert close_to(alone, among, NAMES) == []


def test_after_the_warm_up_everything_is_defined(market: pl.DataFrame) -> None:
    table = build_features(market)
    assert sum(table.select(NAMES).null_count().row(0)) == 0
    assert len(table) == len(market) - 4 * WARM_UP
    assert feature_columns(table) == NAMES


def test_what_is_not_defined_is_null_and_never_infinite(market: pl.DataFrame) -> None:
    dead = market.with_columns(pl.lit(0.0).alias("volume"), pl.lit(7.0).alias("close"))
    table = build_features(dead)
    assert table.select(pl.any_horizontal(pl.col(NAMES).is_infinite().any())).item() is False
    assert table["volume_ratio_20"].null_count() == len(table)


def test_labels_are_arithmetic_forward_returns(market: pl.DataFrame) -> None:
    table = build_features(market, keep_warm_up=True)
    one = market.filter(pl.col("ticker") == "T2")["close"]
    rows = table.filter(pl.col("ticker") == "T2")
    for horizon in (1, 5, 20, 60):
        label = rows[f"label_{horizon}"]
        assert label[100] == pytest.approx(one[100 + horizon] / one[100] - 1, rel=1e-12)
        assert label[-horizon:].null_count() == horizon == label.null_count()


def test_duplicate_bars_are_refused(market: pl.DataFrame) -> None:
    with pytest.raises(DataError, match="share ticker and date"):
        build_features(pl.concat([market, market.head(1)]))
