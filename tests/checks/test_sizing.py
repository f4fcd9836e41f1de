"""Checks of positions."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from checks.sizing.position_over_limit import position_over_limit
from ml_debugger.artifacts import Expectations, Positions, SizingRecord
from ml_debugger.contract import Measurement, NotMeasured, Settings, Status

NOBODY = Expectations("configuration", None, today=date(2024, 1, 2))
CONFIGURED = Expectations(
    "configuration", None, today=date(2024, 1, 2), max_long=1.8, max_short=0.1
)
RECORD = SizingRecord("sizing", "sizing.json", 1.0, 0.5, 0.53, "hold-out", 0.25, 0.6)


def positions(*values: float) -> Positions:
    frame = pl.DataFrame(
        {
            "ticker": ["A"] * len(values),
            "date": [date(2024, 1, 2)] * len(values),
            "position": values,
        },
        schema_overrides={"position": pl.Float64},
    )
    names = {name: name for name in frame.columns}
    return Positions("positions", "positions.parquet", frame.lazy(), names, len(values))


def judge(*given: Any) -> Status:
    outcome = position_over_limit.run(given, Settings({}))
    if isinstance(outcome, NotMeasured):
        return Status.SKIP
    (limit,) = position_over_limit.limits
    return limit.judge(outcome.values["over_limit"])


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ((1.8, -0.1, 1.3), Status.PASS),
        ((1.8 + 1e-9, 0.0), Status.PASS),
        ((1.81, 0.0), Status.FAIL),
        ((1.3, -0.2), Status.FAIL),
        ((float("nan"), 1.0), Status.PASS),
        ((float("nan"),), Status.SKIP),
        ((), Status.SKIP),
    ],
)
def test_positions_against_the_configured_limits(values: Any, status: Status) -> None:
    assert judge(positions(*values), None, CONFIGURED) is status


def test_the_record_beside_the_positions_states_the_limits() -> None:
    assert judge(positions(1.0, -0.5), RECORD, NOBODY) is Status.PASS
    assert judge(positions(1.2), RECORD, NOBODY) is Status.FAIL


def test_the_configuration_comes_before_the_record() -> None:
    assert judge(positions(1.2), RECORD, CONFIGURED) is Status.PASS


def test_a_book_between_minus_one_and_one_breaks_no_rule_that_nobody_made() -> None:
    assert judge(positions(-1.0, 1.0), None, NOBODY) is Status.SKIP


def test_the_evidence_names_the_largest_positions() -> None:
    outcome = position_over_limit.run((positions(2.5, 1.9, 1.0), None, CONFIGURED), Settings({}))
    assert isinstance(outcome, Measurement)
    assert [entry.value for entry in outcome.evidence] == [2.5, 1.9]
    assert outcome.evidence[0].where == "A 2024-01-02"
