"""LEK003: what recomputing a column has shown becomes a result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from checks.leakage.feature_uses_future import feature_uses_future
from ml_debugger.artifacts import Change, PriceTable, RecomputedColumn
from ml_debugger.contract import Measurement, NotMeasured, Settings, Status
from ml_debugger.runtime.feature_function import try_function
from ml_debugger.testing.twins import strategy
from tests.checks.table_judging import planted, read, twin_market

CHANGE = Change(
    rows=812,
    ticker="AVEN",
    time="2021-03-04",
    with_future="1.5",
    without="missing",
    cut="2021-03-05",
    reach=1,
    at_least=False,
    unit="sessions",
    sources=("close",),
)
CLEAN = RecomputedColumn(
    "momentum", "features.py", "features.py:f", 3, cuts=20, altered=4, rows=9_000
)


def judged(column: RecomputedColumn) -> tuple[Status, str]:
    """The status that the framework would give, and the title or the reason."""
    outcome = feature_uses_future.run([column], Settings({}))
    if isinstance(outcome, NotMeasured):
        return Status.SKIP, outcome.reason
    limits = {limit.name: limit for limit in feature_uses_future.limits}
    statuses = [limits[name].judge(value) for name, value in outcome.values.items()]
    if Status.SKIP in statuses:
        return Status.SKIP, outcome.title
    return max(statuses, key=lambda status: status.gravity), outcome.title


def results(folder: Path) -> dict[str, Status]:
    prices = read(folder / "data/prices.parquet", PriceTable)
    tried = try_function(strategy.trial(folder), [prices], lambda _: None)
    assert tried.failed is None
    columns = [c for c in tried.columns if isinstance(c, RecomputedColumn)]
    return {column.subject: judged(column)[0] for column in columns}


@pytest.mark.parametrize("seed", [7, 8])
def test_silent_on_the_twin_and_fires_on_its_planted_fault(seed: int, tmp_path: Path) -> None:
    strategy.write(twin_market(tmp_path, seed), None)  # type: ignore[arg-type]
    clean = results(tmp_path)
    assert len(clean) == 6
    assert set(clean.values()) == {Status.PASS}
    planted(tmp_path, "feature-uses-future", seed)
    assert results(tmp_path) == {**clean, "trend_60": Status.FAIL}


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({}, Status.PASS, "Equal at 20 cuts and with 4 other futures"),
        ({"changed": CHANGE}, Status.FAIL, "Uses later rows: 1 session ahead, from close"),
        (
            {"changed": replace(CHANGE, reach=959, at_least=True, sources=())},
            Status.FAIL,
            "Uses later rows: at least 959 sessions ahead, by the number or dates of the rows",
        ),
        (
            {"filled": replace(CHANGE, reach=3)},
            Status.WARN,
            "Fills missing prices from later rows, 3 sessions ahead",
        ),
        ({"cuts": 4}, Status.SKIP, "Equal at 4 cuts and with 4 other futures"),
        ({"cuts": 1, "changed": CHANGE}, Status.FAIL, "Uses later rows: 1 session ahead"),
        ({"rows": 0}, Status.SKIP, "not tested: all its values are missing"),
        ({"unstable": 5_000}, Status.SKIP, "not tested: 5,000 of 9,000 values change with"),
        ({"unstable": 50}, Status.PASS, "Equal at 20 cuts"),
        ({"untested": "by chance", "changed": CHANGE}, Status.SKIP, "not tested: by chance"),
        (
            {"label": "a label by --label", "changed": CHANGE},
            Status.SKIP,
            "momentum is a label by --label; it looks 1 session ahead",
        ),
    ],
)
def test_what_was_shown_decides(changes: dict[str, object], status: Status, said: str) -> None:
    found, text = judged(replace(CLEAN, **changes))
    assert found is status
    assert text.startswith(said)


def test_the_evidence_lets_a_person_look() -> None:
    outcome = feature_uses_future.run([replace(CLEAN, changed=CHANGE)], Settings({}))
    assert isinstance(outcome, Measurement)
    facts = {e.name: (e.value, e.where) for e in outcome.evidence}
    assert facts["first_row"] == ("2021-03-04", "AVEN")
    assert facts["value"] == ("1.5", "but missing without what came after 2021-03-05")
    assert facts["reach"] == (1, None)
    assert facts["source"] == ("close", None)
    assert outcome.line == 3


def test_an_untested_column_leaves_the_run_incomplete_and_a_label_does_not() -> None:
    untested = feature_uses_future.run([replace(CLEAN, untested="x")], Settings({}))
    label = feature_uses_future.run([replace(CLEAN, label="x")], Settings({}))
    assert isinstance(untested, NotMeasured)
    assert isinstance(label, NotMeasured)
    assert (untested.required, label.required) == (True, False)
