"""XGBoost's way to the GPU."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from checks.environment.xgboost_no_cuda import xgboost_no_cuda
from ml_debugger.artifacts import Environment
from ml_debugger.artifacts.recorded import from_record
from ml_debugger.contract import Measurement, NotMeasured, Settings, Status
from ml_debugger.testing.plant import faults
from ml_debugger.testing.twins.machine import environment


def judge(given: Environment) -> tuple[Status, str]:
    outcome = xgboost_no_cuda.run((given,), Settings({}))
    if isinstance(outcome, NotMeasured):
        return Status.SKIP, outcome.reason
    assert isinstance(outcome, Measurement)
    return xgboost_no_cuda.limits[0].judge(outcome.values["failed_fits"]), outcome.title


def snapshot_of(workspace: Path) -> Environment:
    found = from_record(json.loads((workspace / "snapshots" / "environment.json").read_text()))
    assert isinstance(found, Environment)
    return found


def test_the_clean_twin_passes_and_the_planted_fault_fails(twin: Path) -> None:
    assert judge(snapshot_of(twin)) == (Status.PASS, "XGBoost 3.2.0 trains on the GPU")
    faults()["xgboost-no-cuda"].plant(twin, np.random.default_rng(1))
    assert judge(snapshot_of(twin)) == (Status.FAIL, "XGBoost 3.2.0 cannot train on the GPU")


def test_what_could_not_be_tried_is_no_pass() -> None:
    healthy = environment()
    for given, said in (
        (replace(healthy, gpu_seen=False), "no GPU is seen"),
        (replace(healthy, xgboost_gpu=None), "was not tried"),
        (replace(healthy, xgboost_gpu=None, packages={}), "is not installed"),
        (replace(healthy, problem="no answer within 60 s"), "no answer within 60 s"),
    ):
        status, reason = judge(given)
        assert status is Status.SKIP
        assert said in reason
