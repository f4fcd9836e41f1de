"""Checks of predictions, on arrays whose truth is known."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.predictions.collapsed_predictions import collapsed_predictions
from checks.predictions.lagged_target import lagged_target
from checks.predictions.sign_imbalance import sign_imbalance
from ml_debugger.artifacts import Predictions, PriceTable
from ml_debugger.contract import Check, Measurement, NotMeasured, Settings, Status

SIGMA = 0.015


def judge(check: Check, *given: Any) -> Status:
    """The status of one measurement under the default limits."""
    outcome = check.run(given, Settings({s.name: s.default for s in check.settings}))
    if isinstance(outcome, NotMeasured):
        return Status.SKIP
    assert isinstance(outcome, Measurement)
    limits = {limit.name: limit for limit in check.limits}
    found = [limits[name].judge(value) for name, value in outcome.values.items()]
    return Status.SKIP if Status.SKIP in found else max(found, key=lambda s: s.gravity)


def weekdays(count: int) -> list[date]:
    days = (date(2020, 1, 1) + timedelta(n) for n in range(2 * count))
    return [day for day in days if day.weekday() < 5][:count]


def artifact(frame: pl.DataFrame, kind: str = "return") -> Predictions:
    return Predictions(
        "predictions",
        "predictions.parquet",
        frame=frame.lazy(),
        names={name: name for name in frame.columns},
        kind=kind,
        rows=len(frame),
        types={name: str(kind) for name, kind in frame.schema.items()},
    )


def panel(rng: np.random.Generator, days: int = 400, tickers: int = 10) -> pl.DataFrame:
    """Daily returns with a market that all tickers share."""
    market = rng.normal(0.0004, 0.008, days)
    own = rng.normal(0, 0.0127, (tickers, days))
    return pl.DataFrame(
        {
            "ticker": np.repeat([f"T{n:02d}" for n in range(tickers)], days),
            "date": weekdays(days) * tickers,
            "horizon": np.ones(days * tickers, dtype=np.int32),
            "actual": (market + own).ravel(),
        }
    )


def skilled(frame: pl.DataFrame, rng: np.random.Generator, skill: float) -> pl.DataFrame:
    """The best forecast with this correlation: the outcomes' mean, and skill times their spread."""
    actual = frame["actual"].to_numpy()
    noise = rng.normal(0, actual.std(), len(actual))
    told = skill * (skill * (actual - actual.mean()) + np.sqrt(1 - skill**2) * noise)
    return frame.with_columns(pl.Series("prediction", told))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


@pytest.mark.parametrize("skill", [0.05, 0.1, 0.3])
def test_a_forecast_as_narrow_as_its_skill_is_healthy(
    rng: np.random.Generator, skill: float
) -> None:
    predictions = artifact(skilled(panel(rng), rng, skill))
    assert judge(collapsed_predictions, predictions, None) is Status.PASS
    assert judge(sign_imbalance, predictions, None) is Status.PASS
    assert judge(lagged_target, predictions, None) is Status.PASS


def test_the_recorded_collapse_fails(rng: np.random.Generator) -> None:
    frame = panel(rng)
    told = rng.normal(0.0003, 0.0002, len(frame))
    predictions = artifact(frame.with_columns(pl.Series("prediction", told)))
    assert judge(collapsed_predictions, predictions, None) is Status.FAIL


def test_outliers_do_not_hide_a_collapse(rng: np.random.Generator) -> None:
    frame = panel(rng)
    told = rng.normal(0.0003, 0.0001, len(frame))
    told[:40] = 0.2
    predictions = artifact(frame.with_columns(pl.Series("prediction", told)))
    assert judge(collapsed_predictions, predictions, None) is Status.FAIL


@pytest.mark.parametrize("kind", ["return", "probability", "price"])
def test_one_value_fails_whatever_it_is(kind: str) -> None:
    frame = pl.DataFrame({"prediction": [0.37] * 100})
    assert judge(collapsed_predictions, artifact(frame, kind), None) is Status.FAIL


def test_one_dead_ticker_in_ten_is_a_warning(rng: np.random.Generator) -> None:
    frame = skilled(panel(rng), rng, 0.1).with_columns(
        pl.when(pl.col("ticker") == "T03")
        .then(0.001)
        .otherwise(pl.col("prediction"))
        .alias("prediction")
    )
    assert judge(collapsed_predictions, artifact(frame), None) is Status.WARN


def test_few_predictions_are_not_judged() -> None:
    frame = pl.DataFrame({"prediction": [0.001, 0.002] * 5})
    assert judge(collapsed_predictions, artifact(frame), None) is Status.SKIP
    assert judge(collapsed_predictions, artifact(frame.clear()), None) is Status.SKIP


def test_nothing_finite_is_not_measured() -> None:
    frame = pl.DataFrame({"prediction": [float("nan")] * 100})
    assert judge(collapsed_predictions, artifact(frame), None) is Status.SKIP
    assert judge(sign_imbalance, artifact(frame), None) is Status.SKIP


def test_rare_event_probabilities_are_healthy(rng: np.random.Generator) -> None:
    rate = rng.beta(0.4, 12, 20_000)
    frame = pl.DataFrame({"prediction": rate, "actual": (rng.random(20_000) < rate).astype(float)})
    assert judge(collapsed_predictions, artifact(frame, "probability"), None) is Status.PASS
    assert judge(sign_imbalance, artifact(frame, "probability"), None) is Status.PASS


def test_calibrated_probabilities_above_one_half_are_healthy(rng: np.random.Generator) -> None:
    rate = rng.normal(0.55, 0.01, 20_000)
    frame = pl.DataFrame({"prediction": rate, "actual": (rng.random(20_000) < rate).astype(float)})
    assert judge(sign_imbalance, artifact(frame, "probability"), None) is Status.PASS


@pytest.mark.parametrize("share", [0.06, 0.997])
def test_the_recorded_one_sided_models_fail(rng: np.random.Generator, share: float) -> None:
    frame = skilled(panel(rng), rng, 0.1)
    shift = frame["prediction"].quantile(1 - share)
    predictions = artifact(frame.with_columns(pl.col("prediction") - shift))
    assert judge(sign_imbalance, predictions, None) is Status.FAIL
    without = artifact(frame.with_columns(pl.col("prediction") - shift).drop("actual"))
    assert judge(sign_imbalance, without, None) is Status.FAIL


def test_58_percent_positive_in_a_rising_market_is_healthy(rng: np.random.Generator) -> None:
    frame = skilled(panel(rng), rng, 0.1)
    shift = frame["prediction"].quantile(0.42)
    predictions = artifact(frame.with_columns(pl.col("prediction") - shift))
    assert judge(sign_imbalance, predictions, None) is Status.PASS


def test_one_day_of_one_sign_proves_nothing(rng: np.random.Generator) -> None:
    frame = panel(rng, days=1, tickers=300).with_columns(pl.lit(0.002).alias("prediction"))
    assert judge(sign_imbalance, artifact(frame), None) is Status.SKIP


def test_proven_skill_may_lean_to_the_mean_outcome(rng: np.random.Generator) -> None:
    frame = panel(rng, days=3000).with_columns(pl.col("actual") + 0.0015)
    actual = frame["actual"].to_numpy()
    honest = skilled(frame, rng, 0.12).with_columns(pl.col("prediction") + actual.mean())
    assert (honest["prediction"] > 0).mean() > 0.75
    assert judge(sign_imbalance, artifact(honest), None) is Status.PASS


def test_outcomes_come_from_linked_prices(rng: np.random.Generator) -> None:
    days = weekdays(400)
    close = 100 * np.exp(np.cumsum(rng.normal(0, SIGMA, 400)))
    bars = pl.DataFrame({"ticker": ["A"] * 400, "time": days, "close": close})
    prices = PriceTable(
        "prices", "prices.parquet", frame=bars.lazy(), names={c: c for c in bars.columns}, rows=400
    )
    past = pl.Series("prediction", close).pct_change().fill_null(0.0)
    frame = pl.DataFrame({"ticker": ["A"] * 400, "date": days, "horizon": [1] * 400}).with_columns(
        past.alias("prediction")
    )
    assert judge(lagged_target, artifact(frame), prices) is Status.FAIL
    assert judge(lagged_target, artifact(frame), None) is Status.SKIP


def test_a_price_forecast_that_is_the_last_price_fails(rng: np.random.Generator) -> None:
    price = 100 * np.exp(np.cumsum(rng.normal(0, SIGMA, 500)))
    told = np.concatenate([[100.0], price[:-1]]) * (1 + rng.normal(0, 0.001, 500))
    frame = pl.DataFrame({"prediction": told, "actual": price})
    assert judge(lagged_target, artifact(frame, "price"), None) is Status.FAIL


def test_a_price_forecast_with_skill_is_healthy_though_it_lies_near_the_last_price(
    rng: np.random.Generator,
) -> None:
    moves = rng.normal(0, SIGMA, 2000)
    price = 100 * np.exp(np.cumsum(moves))
    last = np.concatenate([[100.0], price[:-1]])
    told = last * (1 + 0.2 * moves + rng.normal(0, 0.3 * SIGMA, 2000))
    frame = pl.DataFrame({"prediction": told, "actual": price})
    assert judge(lagged_target, artifact(frame, "price"), None) is Status.PASS


def test_a_momentum_forecast_of_returns_is_no_copy(rng: np.random.Generator) -> None:
    frame = panel(rng).with_columns(
        (0.1 * pl.col("actual").shift(1).over("ticker").fill_null(0.0)).alias("prediction")
    )
    assert judge(lagged_target, artifact(frame), None) is Status.PASS


@settings(max_examples=25, deadline=None)
@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 1000))
def test_the_spread_is_judged_relative_to_the_outcomes(scale: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    frame = skilled(panel(rng, days=80, tickers=5), rng, 0.15)
    scaled = frame.with_columns(pl.col("prediction") * scale, pl.col("actual") * scale)
    assert judge(collapsed_predictions, artifact(scaled), None) is judge(
        collapsed_predictions, artifact(frame), None
    )
