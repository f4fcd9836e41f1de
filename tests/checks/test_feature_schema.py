"""feature-schema-drift: files against each other, against the run, against what is expected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from checks.features.feature_schema_drift import feature_schema_drift
from ml_debugger.artifacts import Expectations, TrainingRun
from ml_debugger.contract import Limit, Measurement, NotMeasured, Outcome, Settings, Status
from ml_debugger.runtime.plan import plan
from ml_debugger.testing.twin import write_twin
from ml_debugger.workspace.assembly import assemble
from ml_debugger.workspace.configuration import load
from tests.checks.feature_panel import panel
from tests.checks.table_judging import features_of, planted

TABLE = features_of(panel(sessions=40, tickers=1))
SCHEMA = {"date": "Date", "ret": "Float64", "count": "Int64", "name": "String"}
EXPECTED = Expectations("configuration", None, today=date(2025, 1, 2))


def judged(outcome: Outcome) -> Status:
    if isinstance(outcome, NotMeasured):
        return Status.SKIP
    limits: dict[str, Limit] = {limit.name: limit for limit in feature_schema_drift.limits}
    both = [limits[name].judge(value) for name, value in outcome.values.items()]
    return max(both, key=lambda one: one.gravity)


def outcome_of(
    schemas: Mapping[str, Mapping[str, str]],
    run: TrainingRun | None = None,
    expected: Expectations | None = EXPECTED,
) -> Outcome:
    table = replace(TABLE, schemas=schemas)
    return feature_schema_drift.run([table, run, expected], Settings({}))


@pytest.mark.parametrize(
    ("odd", "wanted"),
    [
        ({}, Status.PASS),
        ({"ret": "Null"}, Status.PASS),
        ({"date": "Datetime(time_unit='us', time_zone=None)"}, Status.PASS),
        ({"name": "Categorical"}, Status.PASS),
        ({"count": "Int32"}, Status.PASS),
        ({"count": "Float64"}, Status.WARN),
        ({"ret": "Float32"}, Status.WARN),
        ({"ret": "String"}, Status.FAIL),
        ({"date": "String"}, Status.FAIL),
        ({"ret": None}, Status.FAIL),
        ({"extra": "Float64"}, Status.FAIL),
    ],
)
def test_one_file_of_three(odd: dict[str, str | None], wanted: Status) -> None:
    changed = {column: kind for column, kind in {**SCHEMA, **odd}.items() if kind is not None}
    files = {"year=2020/a.parquet": SCHEMA, "year=2021/a.parquet": SCHEMA}
    outcome = outcome_of({**files, "year=2022/a.parquet": changed})
    assert judged(outcome) is wanted
    if wanted is not Status.PASS and "extra" not in odd:
        assert isinstance(outcome, Measurement)
        assert outcome.evidence[0].where == "year=2022/a.parquet"


def run_on(*features: str) -> TrainingRun:
    return TrainingRun(
        "runs/a", None, format="csv", step_unit="epoch", curves={}, features=features
    )


@pytest.mark.parametrize(
    ("features", "wanted"),
    [
        (("ret", "vol"), Status.PASS),
        (("ret", "volatility"), Status.FAIL),
        ((), Status.SKIP),
    ],
)
def test_against_the_linked_run(features: tuple[str, ...], wanted: Status) -> None:
    assert judged(outcome_of({}, run_on(*features))) is wanted


@pytest.mark.parametrize(("count", "wanted"), [(6, Status.PASS), (154, Status.FAIL)])
def test_against_the_expected_number(count: int, wanted: Status) -> None:
    assert judged(outcome_of({}, expected=replace(EXPECTED, features=count))) is wanted


def linked(folder: Path) -> list[Status]:
    """The statuses on the features of a whole workspace, with each run that is linked."""
    found = assemble([folder], load(folder), configured=True)
    tasks = plan([feature_schema_drift], found.artifacts, found.links, whole_workspace=True)
    return [judged(feature_schema_drift.run(task.given, Settings({}))) for task in tasks]


def test_the_twin_agrees_with_its_run_and_the_planted_fault_does_not(tmp_path: Path) -> None:
    write_twin(tmp_path)
    assert {Status.PASS, Status.SKIP} == set(linked(tmp_path))
    planted(tmp_path, "feature-schema-drift")
    assert {Status.FAIL, Status.SKIP} == set(linked(tmp_path))


def test_one_file_alone_is_not_judged() -> None:
    assert judged(outcome_of({"a.parquet": SCHEMA}, expected=None)) is Status.SKIP
