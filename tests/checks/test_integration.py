"""Checks of what passes from stage to stage."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from checks.integration.broken_flow import broken_flow
from checks.integration.prediction_coverage import prediction_coverage
from checks.integration.prediction_schema import prediction_schema
from checks.integration.unreadable_artifact import unreadable_artifact
from ml_debugger.artifacts import (
    Expectations,
    FileRead,
    Predictions,
    PriceTable,
    StageOutput,
    Workspace,
)
from ml_debugger.artifacts.workspace import STAGES
from ml_debugger.contract import Check, NotMeasured, Settings, Status

TODAY = date(2024, 6, 28)
NOBODY = Expectations("configuration", None, today=TODAY)
CONFIGURED = Expectations("configuration", None, today=TODAY, horizons=(1, 5), tickers=("A", "B"))


def judge(check: Check, *given: Any) -> Status:
    """The status of one measurement under the default limits."""
    outcome = check.run(given, Settings({s.name: s.default for s in check.settings}))
    if isinstance(outcome, NotMeasured):
        return Status.SKIP
    limits = {limit.name: limit for limit in check.limits}
    found = [limits[name].judge(value) for name, value in outcome.values.items()]
    return max(found, key=lambda status: status.gravity)


def weekdays(count: int) -> list[date]:
    days = (date(2024, 1, 1) + timedelta(n) for n in range(2 * count))
    return [day for day in days if day.weekday() < 5][:count]


def frame(tickers: str = "ABCDE", horizons: tuple[int, ...] = (1, 5)) -> pl.DataFrame:
    rows = [(t, d, h) for t in tickers for d in weekdays(60) for h in horizons]
    return pl.DataFrame(
        {
            "ticker": [t for t, _, _ in rows],
            "date": [d for _, d, _ in rows],
            "horizon": pl.Series([h for _, _, h in rows], dtype=pl.Int32),
            "prediction": [0.001 * (n % 7) for n in range(len(rows))],
            "confidence": [0.5] * len(rows),
            "model": ["xgb"] * len(rows),
        }
    )


def predictions(
    rows: pl.DataFrame, path: str = "predictions.parquet", names: dict[str, str] | None = None
) -> Predictions:
    return Predictions(
        "predictions",
        path,
        frame=rows.lazy(),
        names={c: c for c in rows.columns} if names is None else names,
        kind="return",
        rows=len(rows),
        types={c: str(t) for c, t in rows.schema.items()},
    )


def test_the_contract_holds_for_the_engines_columns() -> None:
    assert judge(prediction_schema, predictions(frame()), CONFIGURED) is Status.PASS
    assert judge(prediction_schema, predictions(frame()), NOBODY) is Status.PASS


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.drop("model"),
        lambda rows: rows.rename({"ticker": "symbol"}),
        lambda rows: rows.with_columns(pl.col("horizon").cast(pl.String)),
        lambda rows: rows.with_columns(pl.col("date").cast(pl.String)),
        lambda rows: rows.with_columns(pl.col("prediction").cast(pl.String)),
    ],
)
def test_a_broken_contract_fails_where_it_is_expected(change: Any) -> None:
    rows = change(frame())
    assert judge(prediction_schema, predictions(rows), CONFIGURED) is Status.FAIL
    assert judge(prediction_schema, predictions(rows), NOBODY) is Status.WARN


def test_a_text_file_may_hold_dates_as_text_and_whole_floats() -> None:
    rows = frame().with_columns(pl.col("date").cast(pl.String), pl.lit(0).alias("prediction"))
    assert judge(prediction_schema, predictions(rows, "predictions.csv"), CONFIGURED) is Status.PASS


def test_foreign_forecasts_are_held_to_no_contract() -> None:
    foreign = pl.DataFrame({"y_true": [0.1], "y_pred": [0.2]})
    names = {"actual": "y_true", "prediction": "y_pred"}
    assert judge(prediction_schema, predictions(foreign, names=names), NOBODY) is Status.SKIP
    usual = frame().select("ticker", "date", "prediction")
    assert judge(prediction_schema, predictions(usual), NOBODY) is Status.SKIP


def test_a_full_grid_is_covered() -> None:
    assert judge(prediction_coverage, predictions(frame()), None, CONFIGURED) is Status.PASS
    assert judge(prediction_coverage, predictions(frame()), None, NOBODY) is Status.PASS


def test_an_expected_horizon_or_ticker_that_is_missing_fails() -> None:
    one = predictions(frame(horizons=(1,)))
    other = predictions(frame(tickers="ACDE"))
    assert judge(prediction_coverage, one, None, CONFIGURED) is Status.FAIL
    assert judge(prediction_coverage, other, None, CONFIGURED) is Status.FAIL
    assert judge(prediction_coverage, one, None, NOBODY) is Status.PASS


def test_a_ticker_without_a_horizon_of_the_others_is_a_warning() -> None:
    rows = frame().filter(~((pl.col("ticker") == "C") & (pl.col("horizon") == 5)))
    assert judge(prediction_coverage, predictions(rows), None, NOBODY) is Status.WARN


def test_listings_and_delistings_are_no_holes() -> None:
    days = weekdays(60)
    rows = frame("ABCDEFGHIJKL").filter(
        ~((pl.col("ticker") == "C") & (pl.col("date") > days[20]))
        & ~((pl.col("ticker") == "E") & (pl.col("date") < days[40]))
    )
    assert judge(prediction_coverage, predictions(rows), None, NOBODY) is Status.PASS


def test_rows_that_are_not_finite_are_missing() -> None:
    rows = frame().with_columns(
        pl.when(pl.int_range(pl.len()) % 5 == 2)
        .then(float("nan"))
        .otherwise(pl.col("prediction"))
        .alias("prediction")
    )
    assert judge(prediction_coverage, predictions(rows), prices(), NOBODY) is Status.WARN


def prices() -> PriceTable:
    bars = frame(horizons=(1,)).select(
        "ticker", pl.col("date").alias("time"), pl.lit(10.0).alias("close")
    )
    names = {name: name for name in bars.columns}
    return PriceTable("prices", "prices.parquet", bars.lazy(), names, len(bars))


def test_prices_say_which_days_are_missing_for_all_tickers() -> None:
    days = weekdays(60)
    rows = frame().filter(~pl.col("date").is_between(days[20], days[34]))
    assert judge(prediction_coverage, predictions(rows), prices(), NOBODY) is Status.FAIL
    assert judge(prediction_coverage, predictions(rows), None, NOBODY) is Status.PASS


def test_bare_predictions_are_not_measured() -> None:
    rows = pl.DataFrame({"prediction": [0.1, 0.2]})
    assert judge(prediction_coverage, predictions(rows), None, NOBODY) is Status.SKIP


@pytest.mark.parametrize(
    ("read", "status"),
    [
        (FileRead("a", "a.parquet", "parquet"), Status.PASS),
        (FileRead("a", "a.csv", "csv", "ends within row 812", True, 812), Status.WARN),
        (FileRead("a", "a.parquet", "parquet", "is empty: zero bytes"), Status.FAIL),
    ],
)
def test_damage_by_what_could_be_saved(read: FileRead, status: Status) -> None:
    assert judge(unreadable_artifact, read) is status


def flow(configured: bool = True, **changes: tuple[float, date | None] | None) -> Workspace:
    """A whole flow, written in order five minutes apart, with changes by stage."""
    outputs = []
    for step, stage in enumerate(STAGES):
        hours, through = (step / 12, TODAY)
        if stage in changes:
            change = changes[stage]
            if change is None:
                continue
            hours, through = change  # type: ignore[assignment]
        outputs.append(StageOutput(stage, f"{stage}.parquet", 1.7e9 + 3600 * hours, through))
    return Workspace("workspace", "diagnostic.toml", tuple(outputs), configured)


def test_a_flow_in_order_is_healthy() -> None:
    assert judge(broken_flow, flow()) is Status.PASS


def test_equal_or_shuffled_times_of_a_checkout_are_healthy() -> None:
    assert judge(broken_flow, flow(data=(0.5, TODAY), positions=(0.0, TODAY))) is Status.PASS


def test_dates_that_end_before_those_of_the_input_fail() -> None:
    late = flow(predictions=(0.3, TODAY - timedelta(days=30)))
    assert judge(broken_flow, late) is Status.FAIL


def test_features_may_end_a_label_before_the_prices() -> None:
    labelled = flow(features=(0.1, TODAY - timedelta(days=84)))
    # the predictions reach further than the labelled features, to the last price
    assert judge(broken_flow, labelled) is Status.PASS


def test_an_output_written_long_before_its_input_is_a_warning() -> None:
    assert judge(broken_flow, flow(checkpoint=(30.0, None))) is Status.WARN


def test_a_model_older_than_the_data_is_healthy() -> None:
    rested = flow(training=(-500.0, None), checkpoint=(-499.0, None))
    assert judge(broken_flow, rested) is Status.PASS


def test_a_missing_stage_fails_between_others_and_warns_at_the_end() -> None:
    assert judge(broken_flow, flow(predictions=None)) is Status.FAIL
    assert judge(broken_flow, flow(backtest=None, positions=None)) is Status.WARN


def test_files_without_a_configuration_are_no_flow() -> None:
    assert judge(broken_flow, flow(configured=False, predictions=None)) is Status.SKIP


def test_an_empty_workspace_is_not_measured() -> None:
    empty = Workspace("workspace", "diagnostic.toml", (), configured=True)
    assert judge(broken_flow, empty) is Status.SKIP
