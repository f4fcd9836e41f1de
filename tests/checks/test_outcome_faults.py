"""Every check of what comes out of a model finds its planted fault and leaves the twin alone."""

from pathlib import Path

import numpy as np
import pytest

from checks.backtest.contradictory_metrics import contradictory_metrics
from checks.backtest.no_position_lag import no_position_lag
from checks.integration.broken_flow import broken_flow
from checks.integration.prediction_coverage import prediction_coverage
from checks.integration.prediction_schema import prediction_schema
from checks.integration.unreadable_artifact import unreadable_artifact
from checks.leakage.missing_purge import missing_purge
from checks.leakage.split_overlap import split_overlap
from checks.predictions.collapsed_predictions import collapsed_predictions
from checks.predictions.lagged_target import lagged_target
from checks.predictions.sign_imbalance import sign_imbalance
from checks.sizing.position_over_limit import position_over_limit
from checks.validation.low_wfe import low_wfe
from checks.validation.wrong_wfe_formula import wrong_wfe_formula
from ml_debugger.contract import Check, Status
from ml_debugger.testing.plant import faults
from ml_debugger.testing.selftest import judge_folder
from ml_debugger.testing.twin import write_twin

CHECKS = (
    collapsed_predictions,
    sign_imbalance,
    lagged_target,
    low_wfe,
    wrong_wfe_formula,
    split_overlap,
    missing_purge,
    no_position_lag,
    contradictory_metrics,
    position_over_limit,
    prediction_schema,
    prediction_coverage,
    unreadable_artifact,
    broken_flow,
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_the_planted_fault_fails(check: Check, twin: Path) -> None:
    said = faults()[check.name].plant(twin, np.random.default_rng(3))
    assert said
    statuses = {result.status for result in judge_folder(twin, [check])}
    assert Status.FAIL in statuses


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_the_twin_passes_whatever_its_noise(seed: int, tmp_path: Path) -> None:
    folder = write_twin(tmp_path / "workspace", seed)
    results = judge_folder(folder, CHECKS)
    assert [r.title for r in results if r.status.is_finding or r.status is Status.ERROR] == []
    passed = {result.code for result in results if result.status is Status.PASS}
    assert passed == {check.code for check in CHECKS}


def test_a_planted_fault_leaves_the_times_of_files_alone(twin: Path) -> None:
    before = {file: file.stat().st_mtime for file in twin.rglob("*") if file.is_file()}
    for name in ("collapsed-predictions", "low-wfe", "position-over-limit", "no-position-lag"):
        faults()[name].plant(twin, np.random.default_rng(3))
    assert before == {file: file.stat().st_mtime for file in before}
