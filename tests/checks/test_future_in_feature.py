"""The check that features do not relate to returns after their rows."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from checks.leakage.future_in_feature import future_in_feature
from ml_debugger.artifacts import FeatureTable, PriceTable
from ml_debugger.contract import Measurement, NotMeasured, Settings, Status
from ml_debugger.runtime.scan import look
from ml_debugger.testing.twins import market
from tests.checks.table_judging import features_of, planted, prices_of, read, twin_market

C, H, L, V = (pl.col(name) for name in ("close", "high", "low", "volume"))
STEP = C.pct_change()
GAIN = pl.max_horizontal(STEP, pl.lit(0.0)).ewm_mean(alpha=1 / 14)
LOSS = pl.max_horizontal(-STEP, pl.lit(0.0)).ewm_mean(alpha=1 / 14)
HEALTHY = {
    "momentum_1": STEP,
    "momentum_20": C.pct_change(20),
    "rsi": GAIN / (GAIN + LOSS + 1e-12),
    "macd": C.ewm_mean(span=12) - C.ewm_mean(span=26),
    "sma_20": C.rolling_mean(20),
    "ema_50": C.ewm_mean(span=50),
    "volatility": STEP.rolling_std(20),
    "stochastic": (C - L.rolling_min(14)) / (H.rolling_max(14) - L.rolling_min(14) + 1e-9),
    "volume_ratio": V / V.rolling_mean(20),
    "obv": (STEP.sign() * V).cum_sum(),
    "open_range": (H - L) / C,
    "trend": pl.int_range(pl.len()).cast(pl.Float64),
}
MONTH = pl.int_range(pl.len()) // 21
LEAKS = {
    "next close": C.shift(-1),
    "close in ten bars": C.shift(-10),
    "one row too far": HEALTHY["rsi"].shift(-1),
    "momentum too late": HEALTHY["momentum_20"].shift(-20),
    "centred average": C.rolling_mean(21, center=True),
    "distance to it": C / C.rolling_mean(21, center=True) - 1,
    "past and future": C.shift(-3) / C.shift(2) - 1,
    "sign of the next move": STEP.shift(-1).sign(),
    "next volatility": HEALTHY["volatility"].shift(-1),
    "next range": HEALTHY["open_range"].shift(-1),
    "back-filled": pl.when(pl.int_range(pl.len()) % 5 == 4).then(C).backward_fill(),
}


@cache
def bars(seed: int = 7) -> pl.DataFrame:
    return market.bars(np.random.default_rng(seed))


def table(columns: dict[str, pl.Expr], seed: int = 7) -> pl.DataFrame:
    expressions = [e.over("ticker").alias(name) for name, e in columns.items()]
    return bars(seed).select("ticker", "date", *expressions)


def judged(features: FeatureTable, prices: PriceTable | None = None) -> tuple[Status, str]:
    found = look(features, [future_in_feature])["LEK002"]
    assert not isinstance(found, Exception)
    outcome = future_in_feature.run([features, prices], Settings({}), found)
    if isinstance(outcome, NotMeasured):
        return Status.SKIP, outcome.reason
    assert isinstance(outcome, Measurement)
    limits = [x.judge(outcome.values[x.name]) for x in future_in_feature.limits]
    return max(limits, key=lambda one: one.gravity), outcome.title


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_silent_on_the_twin(seed: int, tmp_path: Path) -> None:
    twin_market(tmp_path, seed)
    features = read(tmp_path / "data/features.parquet", FeatureTable)
    prices = read(tmp_path / "data/prices.parquet", PriceTable)
    assert judged(features, prices)[0] is Status.PASS
    assert judged(features)[0] is Status.PASS


def test_fires_on_its_planted_fault(tmp_path: Path) -> None:
    twin_market(tmp_path)
    planted(tmp_path, "future-in-feature")
    features = read(tmp_path / "data/features.parquet", FeatureTable)
    status, title = judged(features, read(tmp_path / "data/prices.parquet", PriceTable))
    assert status is Status.FAIL
    assert "close_to_sma_20 relates to the return" in title
    assert judged(features)[0] in (Status.WARN, Status.FAIL)


@pytest.mark.parametrize("seed", range(5))
def test_causal_features_are_healthy(seed: int) -> None:
    assert judged(features_of(table(HEALTHY, seed)), prices_of(bars(seed)))[0] is Status.PASS


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
def test_leaks_are_found_among_healthy_features(leak: pl.Expr) -> None:
    features = features_of(table(HEALTHY | {"leak": leak}))
    status, title = judged(features, prices_of(bars()))
    assert status in (Status.WARN, Status.FAIL)
    assert title.removeprefix("change of ").removeprefix("price ratio of ").startswith("leak ")


@pytest.mark.parametrize("skill", [0.03, 0.05, 0.1])
@pytest.mark.parametrize("horizon", [1, 5, 20])
def test_true_skill_is_no_leak(skill: float, horizon: int) -> None:
    ahead = (C.shift(-horizon) / C).log()
    rows = table({"ahead": ahead / ahead.std()}).with_columns(pl.col("ahead").fill_null(0.0))
    noise = pl.Series(np.random.default_rng(horizon).standard_normal(len(rows)))
    signal = skill * pl.col("ahead") + np.sqrt(1 - skill**2) * noise
    features = features_of(rows.select("ticker", "date", signal=signal))
    assert judged(features, prices_of(bars()))[0] is Status.PASS


def test_bounce_between_bid_and_ask_is_no_foresight() -> None:
    rng = np.random.default_rng(2)
    true = np.cumsum(rng.normal(0, 0.004, 3_000))
    close = 5 * np.exp(true + 0.01 * rng.choice([-1, 1], 3_000))
    days = pl.date_range(pl.date(2010, 1, 1), pl.date(2030, 1, 1), eager=True).head(3_000)
    rows = pl.DataFrame({"date": days, "close": close, "true": 5 * np.exp(true)})
    features = rows.select("date", "close", reversal=-STEP, mean=C.rolling_mean(5))
    assert judged(features_of(features), prices_of(rows.with_columns(ticker=pl.lit("A"))))[0] is (
        Status.PASS
    )


def test_news_of_the_night_is_known_before_the_open() -> None:
    rng = np.random.default_rng(4)
    night, day = rng.normal(0, 0.01, (2, 1_500))
    close = 100 * np.exp(np.cumsum(night + day))
    opening = np.concatenate(([100.0], close[:-1])) * np.exp(night)
    dates = pl.date_range(pl.date(2015, 1, 1), pl.date(2030, 1, 1), eager=True).head(1_500)
    prices = pl.DataFrame({"ticker": "A", "date": dates, "open": opening, "close": close})
    abroad = 0.5 * np.roll(night, -1) + 0.01 * rng.standard_normal(1_500)
    features = features_of(pl.DataFrame({"date": dates, "abroad": abroad}))
    assert judged(features, prices_of(prices))[0] is Status.PASS
    assert judged(features, prices_of(prices.drop("open")))[0] is not Status.PASS
    gap = features_of(pl.DataFrame({"date": dates, "gap": np.roll(night, -1)}))
    assert judged(gap, prices_of(prices))[0] is Status.FAIL


def test_returns_come_from_prices_closes_or_labels() -> None:
    leaking = table(HEALTHY | {"leak": LEAKS["one row too far"], "label_1": STEP.shift(-1)})
    assert judged(features_of(leaking.drop("label_1")))[0] is Status.SKIP
    assert judged(features_of(leaking, ["label_1"]))[0] is Status.FAIL
    carried = leaking.drop("label_1").with_columns(bars()["close"].alias("Adj Close"))
    assert judged(features_of(carried))[0] is Status.FAIL
    slow = table(HEALTHY | {"leak": LEAKS["past and future"], "label_5": C.shift(-5) / C - 1})
    assert judged(features_of(slow, ["label_5"]))[0] is Status.FAIL


def test_one_ticker_of_five_hundred_rows() -> None:
    one = table(HEALTHY | {"leak": LEAKS["next close"]}).filter(pl.col("ticker") == "AVEN")
    prices = prices_of(bars().filter(pl.col("ticker") == "AVEN"))
    rows = one.drop("ticker").tail(500)
    assert judged(features_of(rows), prices)[0] is Status.FAIL
    assert judged(features_of(rows.drop("leak")), prices)[0] is Status.PASS


def test_wide_tables_are_judged_by_the_ticker_in_the_name() -> None:
    rows = table({"rsi": HEALTHY["rsi"], "momentum": HEALTHY["momentum_20"]})
    wide = rows.pivot(on="ticker", index="date", values=["rsi", "momentum"]).sort("date")
    assert judged(features_of(wide), prices_of(bars()))[0] is Status.PASS
    leaking = wide.with_columns(pl.col("rsi_BRIO").shift(-1))
    status, title = judged(features_of(leaking), prices_of(bars()))
    assert status is Status.FAIL
    assert "rsi_BRIO" in title


def test_a_label_among_the_features_is_named_elsewhere() -> None:
    rows = table(HEALTHY | {"copy": STEP.shift(-1), "label_1": STEP.shift(-1)})
    status, title = judged(features_of(rows, ["label_1"]), prices_of(bars()))
    assert status is Status.PASS
    assert "copy is a label" in title


def test_infinite_and_missing_cells_are_left_out() -> None:
    broken = {"ratio": STEP / (STEP.abs() > 0.01).cast(pl.Float64), "empty": C * float("nan")}
    assert judged(features_of(table(HEALTHY | broken)), prices_of(bars()))[0] is Status.PASS


def test_too_little_is_no_pass() -> None:
    assert judged(features_of(table(HEALTHY).head(100)), prices_of(bars()))[0] is Status.SKIP
    fast = bars().filter(pl.col("ticker") == "AVEN").with_row_index("n")
    stamps = pl.datetime(2024, 1, 1) + pl.duration(seconds=pl.col("n"))
    rows = fast.select(date=stamps, close=C, momentum=STEP)
    assert "order flow" in judged(features_of(rows))[1]
