"""Checks of feature tables on the clean twin, and on the fault that is planted into it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from checks.features.constant_feature import constant_feature
from checks.features.duplicate_feature import duplicate_feature
from checks.features.feature_drift import feature_drift
from checks.features.sparse_feature import sparse_feature
from checks.features.time_as_feature import time_as_feature
from ml_debugger.artifacts import FeatureTable
from ml_debugger.contract import Check, Measurement, Status
from tests.checks.table_judging import measured, planted, read, status, twin_market

CHECKS: Sequence[tuple[Check, Status, str]] = (
    (constant_feature, Status.FAIL, "volume_ratio_20 stands still since"),
    (duplicate_feature, Status.WARN, "return_5_percent is return_5 times 100"),
    (feature_drift, Status.FAIL, "and 1 more broke with the past near"),
    (sparse_feature, Status.FAIL, "news_sentiment has no values before"),
    (time_as_feature, Status.FAIL, "trend only counts time; year only counts years"),
)
NAMES = [check.name for check, _, _ in CHECKS]


@pytest.mark.parametrize("check", [check for check, _, _ in CHECKS], ids=NAMES)
@pytest.mark.parametrize("seed", [7, 8, 9])
def test_silent_on_the_twin(check: Check, seed: int, tmp_path: Path) -> None:
    features = read(twin_market(tmp_path, seed) / "data/features.parquet", FeatureTable)
    assert status(check, features) is Status.PASS


@pytest.mark.parametrize(("check", "wanted", "title"), CHECKS, ids=NAMES)
def test_fires_on_its_planted_fault(
    check: Check, wanted: Status, title: str, tmp_path: Path
) -> None:
    twin_market(tmp_path)
    planted(tmp_path, check.name)
    features = read(tmp_path / "data/features.parquet", FeatureTable)
    outcome = measured(check, features)
    assert isinstance(outcome, Measurement)
    assert title in outcome.title
    assert status(check, features) is wanted
    if outcome.rows is not None:
        assert outcome.rows().columns == ["ticker", "time", "column", "detail"]
        assert outcome.rows().height > 0
