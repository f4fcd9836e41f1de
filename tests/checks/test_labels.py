"""Checks of labels against the prices they were made from."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from checks.labels.label_horizon_mismatch import label_horizon_mismatch
from checks.labels.label_imbalance import label_imbalance
from checks.labels.label_misaligned import label_misaligned
from checks.labels.log_arithmetic_mixup import log_arithmetic_mixup
from ml_debugger.artifacts import (
    Artifact,
    Expectations,
    FeatureTable,
    Predictions,
    PriceTable,
    TrainingRun,
)
from ml_debugger.contract import Check, Measurement, NotMeasured, Outcome, Settings, Status
from ml_debugger.runtime.scan import look
from ml_debugger.testing.twins import market
from tests.checks.table_judging import features_of, planted, prices_of, read, twin_market

PASS, WARN, FAIL, SKIP = Status.PASS, Status.WARN, Status.FAIL, Status.SKIP
CHECKS = (label_horizon_mismatch, log_arithmetic_mixup, label_misaligned, label_imbalance)
C, O, H = pl.col("close"), pl.col("open"), pl.col("high")  # noqa: E741  the field's letters
FORWARD = C.shift(-5) / C - 1


@cache
def bars(seed: int = 7) -> pl.DataFrame:
    return market.bars(np.random.default_rng(seed))


def labelled(label: pl.Expr, name: str = "label_5") -> pl.DataFrame:
    own = [C.pct_change().over("ticker").alias("return_1"), label.over("ticker").alias(name)]
    return bars().select("ticker", "date", *own)


def outcome(check: Check, features: FeatureTable, *others: Artifact) -> Outcome:
    """What the check says, given the artifacts of the kinds it asks for."""
    found = look(features, [check])[check.code]
    assert not isinstance(found, Exception)
    given = [next((a for a in others if isinstance(a, n.kind)), None) for n in check.needs[1:]]
    return check.run([features, *given], Settings({}), found)


def status(check: Check, features: FeatureTable, *others: Artifact) -> Status:
    got = outcome(check, features, *others)
    if isinstance(got, NotMeasured):
        return SKIP
    limits = [x.judge(got.values[x.name]) for x in check.limits if x.name in got.values]
    return max(limits, key=lambda one: one.gravity)


def title(check: Check, features: FeatureTable, *others: Artifact) -> str:
    got = outcome(check, features, *others)
    return got.title if isinstance(got, Measurement) else got.reason


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
@pytest.mark.parametrize("seed", [7, 8])
def test_silent_on_the_twin(check: Check, seed: int, tmp_path: Path) -> None:
    twin_market(tmp_path, seed)
    features = read(tmp_path / "data/features.parquet", FeatureTable)
    assert status(check, features, read(tmp_path / "data/prices.parquet", PriceTable)) is PASS


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (label_horizon_mismatch, "label_5 is the return over 20 sessions, not 5"),
        (log_arithmetic_mixup, "label_20 is a log return, the others are arithmetic returns"),
        (label_misaligned, "label_1 is the past return over 1 session; 4 of 4 labels are shifted"),
        (label_imbalance, "of target_hold is 1"),
    ],
    ids=lambda one: one.name if isinstance(one, Check) else "",
)
def test_fires_on_its_planted_fault(check: Check, said: str, tmp_path: Path) -> None:
    twin_market(tmp_path)
    prices = read(tmp_path / "data/prices.parquet", PriceTable)
    planted(tmp_path, check.name)
    features = read(tmp_path / "data/features.parquet", FeatureTable)
    assert status(check, features, prices) is FAIL
    assert said in title(check, features, prices)
    for other in CHECKS:
        if other is not check:
            assert status(other, features, prices) in (PASS, SKIP), other.name


RIGHT = {
    "arithmetic": FORWARD,
    "logarithm": (C.shift(-5) / C).log(),
    "percent": 100 * FORWARD,
    "rounded": FORWARD.round(4),
    "winsorised": FORWARD.clip(-0.03, 0.03),
    "next open to close": C.shift(-5) / O.shift(-1) - 1,
    "next open to open": O.shift(-6) / O.shift(-1) - 1,
    "next close, on time": C.shift(-5) / C.shift(-1) - 1,
    "direction": (C.shift(-5) > C).cast(pl.Int8),
    "threshold": (FORWARD > 0.02).cast(pl.Int8),
    "three classes": (FORWARD > 0.01).cast(pl.Int8) - (FORWARD < -0.01).cast(pl.Int8),
    "scaled by volatility": FORWARD / C.pct_change().rolling_std(20),
    "future price": C.shift(-5),
    "difference": C.shift(-5) - C,
}
UNTOLD = {
    "volatility": C.pct_change().rolling_std(5).shift(-5),
    "highest": H.rolling_max(5).shift(-5) / C - 1,
    "noise": (C.hash(3) % 1000).cast(pl.Float64) / 1000 - 0.5,
}


@pytest.mark.parametrize("label", RIGHT.values(), ids=RIGHT)
def test_other_ways_to_write_the_claimed_return_are_right(label: pl.Expr) -> None:
    features, prices = features_of(labelled(label), ["label_5"]), prices_of(bars())
    assert status(label_horizon_mismatch, features, prices) is PASS
    assert status(label_misaligned, features, prices) is PASS


@pytest.mark.parametrize("label", UNTOLD.values(), ids=UNTOLD)
def test_what_is_no_plain_return_is_not_judged(label: pl.Expr) -> None:
    features, prices = features_of(labelled(label), ["label_5"]), prices_of(bars())
    for check in (label_horizon_mismatch, log_arithmetic_mixup, label_misaligned):
        assert status(check, features, prices) is SKIP


@pytest.mark.parametrize("horizon", [4, 6, 20, 250])
@pytest.mark.parametrize("kind", ["return", "class", "price"])
def test_the_horizon_that_a_label_has_is_named(horizon: int, kind: str) -> None:
    label = {
        "return": C.shift(-horizon) / C - 1,
        "class": (C.shift(-horizon) > C).cast(pl.Int8),
        "price": C.shift(-horizon),
    }[kind]
    features, prices = features_of(labelled(label), ["label_5"]), prices_of(bars())
    assert status(label_horizon_mismatch, features, prices) is FAIL
    assert f"{horizon} sessions, not 5" in title(label_horizon_mismatch, features, prices)
    assert status(label_misaligned, features, prices) is PASS


def test_returns_less_the_mean_of_their_date_keep_their_horizon() -> None:
    for horizon, wanted in ((5, PASS), (20, FAIL)):
        frame = labelled(C.shift(-horizon) / C - 1).with_columns(
            pl.col("label_5") - pl.col("label_5").mean().over("date")
        )
        features = features_of(frame, ["label_5"])
        assert status(label_horizon_mismatch, features, prices_of(bars())) is wanted


@pytest.mark.parametrize(
    ("shift", "wanted", "said"),
    [
        (1, FAIL, "begins 1 row early (t-1 to t+4)"),
        (5, FAIL, "is the past return over 5 sessions"),
        (10, FAIL, "begins 10 rows early"),
        (-1, WARN, "begins 1 row late (t+1 to t+6)"),
        (-3, FAIL, "begins 3 rows late"),
    ],
)
def test_shifted_labels(shift: int, wanted: Status, said: str) -> None:
    features, prices = features_of(labelled(FORWARD.shift(shift)), ["label_5"]), prices_of(bars())
    assert status(label_misaligned, features, prices) is wanted
    assert said in title(label_misaligned, features, prices)
    assert status(label_horizon_mismatch, features, prices) is PASS


def test_an_execution_lag_is_no_fault_where_no_horizon_is_claimed() -> None:
    lagged = labelled(C.shift(-2) / C.shift(-1) - 1, "LABEL")
    features, prices = features_of(lagged, ["LABEL"]), prices_of(bars())
    assert status(label_misaligned, features, prices) is PASS
    assert status(label_horizon_mismatch, features, prices) is SKIP


def test_the_configuration_may_claim_the_horizon() -> None:
    features, prices = features_of(labelled(FORWARD, "target"), ["target"]), prices_of(bars())
    today = bars()["date"].max()
    for horizons, wanted in (((5,), PASS), ((20,), FAIL), ((5, 20), SKIP)):
        expected = Expectations("settings", None, today=today, horizons=horizons)  # type: ignore[arg-type]
        assert status(label_horizon_mismatch, features, prices, expected) is wanted


def test_today_as_the_label_knows_the_present() -> None:
    features, prices = features_of(labelled(C, "target"), ["target"]), prices_of(bars())
    assert title(label_misaligned, features, prices) == "target is the price of the same row"


def test_closes_in_the_table_serve_without_prices() -> None:
    frame = labelled(C.shift(-20) / C - 1).with_columns(bars()["close"].alias("Close"))
    assert status(label_horizon_mismatch, features_of(frame, ["label_5"])) is FAIL
    without = features_of(frame.drop("Close"), ["label_5"])
    assert status(label_horizon_mismatch, without) is SKIP


def test_a_claim_in_calendar_days_is_honoured() -> None:
    later = bars().select("ticker", "date", ahead="close").sort("date")
    frame = bars().with_columns(then=pl.col("date") + pl.duration(days=30)).sort("then")
    joined = frame.join_asof(later, left_on="then", right_on="date", by="ticker")
    known = pl.col("then") <= bars()["date"].max()
    label = pl.when(known).then(pl.col("ahead") / C - 1).alias("target_30")
    rows = joined.sort("ticker", "date").select("ticker", "date", pl.col("volume"), label)
    features = features_of(rows, ["target_30"])
    assert status(label_horizon_mismatch, features, prices_of(bars())) is PASS


def test_a_claim_in_sessions_is_honoured_on_hourly_bars() -> None:
    hours = [datetime(2024, 1, 1) + timedelta(days=d, hours=h) for d in range(80) for h in range(8)]
    moves = np.random.default_rng(3).normal(0, 0.01, len(hours))
    hourly = pl.DataFrame({"date": hours, "close": 100 * np.exp(np.cumsum(moves)), "x": moves})
    for ahead, wanted in ((5, PASS), (40, PASS), (20, FAIL)):
        rows = hourly.with_columns(label_5=C.shift(-ahead) / C - 1)
        assert status(label_horizon_mismatch, features_of(rows, ["label_5"])) is wanted


def test_numbered_labels_claim_nothing() -> None:
    second = labelled(C.shift(-20) / C - 1, "label_2")["label_2"]
    frame = labelled(FORWARD, "label_1").with_columns(second)
    features = features_of(frame, ["label_1", "label_2"])
    assert status(label_horizon_mismatch, features, prices_of(bars())) is SKIP


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        ({"label_5": FORWARD, "label_20": C.shift(-20) / C - 1}, PASS),
        ({"label_5": (FORWARD + 1).log(), "label_20": (C.shift(-20) / C).log()}, PASS),
        ({"label_5": FORWARD, "label_20": (C.shift(-20) / C).log()}, FAIL),
        ({"label_5": FORWARD, "label_20": (C.shift(-20) / C - 1) / 20}, FAIL),
        ({"label_5": FORWARD, "log_ret_5": (FORWARD + 1).log()}, PASS),
        ({"label_5": FORWARD, "log_ret_5": FORWARD}, FAIL),
        ({"target_pct_5": (FORWARD + 1).log()}, FAIL),
    ],
    ids=["arithmetic", "all log", "mixed", "divided", "named", "misnamed", "percent"],
)
def test_kinds_of_returns(columns: dict[str, pl.Expr], wanted: Status) -> None:
    frame = labelled(C * 0, "x").with_columns(
        *(labelled(e, name)[name] for name, e in columns.items())
    )
    features = features_of(frame.drop("x"), list(columns))
    assert status(log_arithmetic_mixup, features, prices_of(bars())) is wanted


@pytest.mark.parametrize(
    ("actual", "wanted"),
    [
        (C.shift(-20) / C - 1, PASS),
        ((C.shift(-20) / C).log(), FAIL),
        (C.shift(-1) / C - 1, FAIL),
        ((C.shift(-20) / C - 1) / 20, FAIL),
    ],
    ids=["right", "logarithms", "one session", "divided"],
)
def test_outcomes_of_predictions(actual: pl.Expr, wanted: Status) -> None:
    came = bars().select("ticker", "date", actual.over("ticker").alias("actual"))
    came = came.with_columns(horizon=20, prediction=0.01)
    names = {c: c for c in came.columns}
    told = Predictions("p", None, frame=came.lazy(), names=names, kind="return", rows=came.height)
    features = features_of(labelled(FORWARD), ["label_5"])
    assert status(log_arithmetic_mixup, features, prices_of(bars()), told) is wanted


@pytest.mark.parametrize(
    ("name", "label", "wanted"),
    [
        ("label_60", C.shift(-60) / C - 1, PASS),
        ("direction_5", (FORWARD > 0).cast(pl.Int8), PASS),
        ("target", (C.shift(-1) / C > 0.97).cast(pl.Int8), FAIL),
        ("target", (FORWARD > 0.02).cast(pl.Int8), PASS),
        ("label_1", C.shift(-1) / C - 1 + 0.01, FAIL),
        ("target", C * 0 + 1, FAIL),
        ("target", C.shift(-1), SKIP),
    ],
    ids=["drift", "direction", "one class", "threshold", "offset", "constant", "level"],
)
def test_balance(name: str, label: pl.Expr, wanted: Status) -> None:
    assert status(
        label_imbalance, features_of(labelled(label, name), [name]), prices_of(bars())
    ) is (wanted)


def test_dropped_rows_are_seen_with_and_without_prices() -> None:
    kept = labelled(FORWARD).filter((pl.col("label_5") > 0) | (pl.col("label_5").hash(1) % 4 == 0))
    features = features_of(kept, ["label_5"])
    assert status(label_imbalance, features, prices_of(bars())) is FAIL
    assert status(label_imbalance, features) in (WARN, FAIL)


def test_weights_handle_imbalance() -> None:
    frame = labelled((C.shift(-1) / C > 0.97).cast(pl.Int8), "target")
    weighted = features_of(frame.with_columns(sample_weight=1.0), ["target"])
    assert status(label_imbalance, weighted, prices_of(bars())) is PASS
    settings = {"scale_pos_weight": "0.03"}
    run = TrainingRun("r", None, format="x", step_unit="round", curves={}, details=settings)
    features = features_of(frame, ["target"])
    assert status(label_imbalance, features, prices_of(bars()), run) is PASS


def test_too_little_is_no_pass() -> None:
    few = features_of(labelled(FORWARD).head(20), ["label_5"])
    none = features_of(labelled(FORWARD))
    for check in CHECKS:
        assert status(check, few, prices_of(bars())) is SKIP
        assert status(check, none, prices_of(bars())) is SKIP
