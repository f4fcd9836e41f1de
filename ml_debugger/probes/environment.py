"""Probe of a Python interpreter: versions of its packages, and XGBoost's way to the GPU.

The interpreter is asked in a process of its own that loads nothing of this project.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from typing import Any

from ml_debugger.artifacts import Environment
from ml_debugger.probes.child import answer, now
from ml_debugger.probes.signs import device_files

DEADLINE = 60.0
"""Seconds: the first contact with a card may take 30 s where persistence mode is off."""

QUESTION = r"""
import json, sys
sys.path = [entry for entry in sys.path if entry]
from importlib.metadata import distributions
found = {}
for distribution in distributions():
    name = distribution.metadata["Name"]
    if name and distribution.version:
        found.setdefault(name.lower().replace("_", "-"), distribution.version)
said = {"python_version": sys.version.split()[0], "packages": found}
if "--gpu" in sys.argv and {"xgboost", "xgboost-cpu"} & set(found):
    try:
        import numpy, xgboost
        data = xgboost.DMatrix(numpy.arange(32.0).reshape(16, 2), numpy.arange(16.0))
        booster = xgboost.train({"device": "cuda", "tree_method": "hist", "max_depth": 1}, data, 1)
        device = json.loads(booster.save_config())["learner"]["generic_param"]["device"]
        said["xgboost_gpu"] = "works" if device.startswith("cuda") else "fails"
        said["xgboost_detail"] = "the tiny fit ran on " + device
    except Exception as error:
        said["xgboost_gpu"] = "fails"
        said["xgboost_detail"] = str(error).strip().splitlines()[0][:300]
print("\n" + json.dumps(said))
"""


def take_snapshot(python: str, *, gpu_seen: bool, deadline: float = DEADLINE) -> Environment:
    """Ask the interpreter; `gpu_seen` decides whether XGBoost is tried on the GPU."""
    command = [python, "-c", QUESTION, *(["--gpu"] if gpu_seen else [])]
    try:
        # the root folder holds no module that could stand in front of an installed one
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=deadline, cwd="/", check=False
        )
    except subprocess.TimeoutExpired:
        return _failed(python, gpu_seen, f"no answer within {deadline:g} s")
    except OSError as error:
        return _failed(python, gpu_seen, error.strerror or str(error))
    said = _said(done.stdout)
    if said is None:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return _failed(python, gpu_seen, f"did not answer: {last[:300]}")
    return Environment(
        subject="environment",
        path=None,
        interpreter=python,
        python_version=said["python_version"],
        packages=said["packages"],
        xgboost_gpu=said.get("xgboost_gpu"),
        xgboost_detail=said.get("xgboost_detail"),
        gpu_seen=gpu_seen,
        taken=now(),
    )


def _said(output: str) -> dict[str, Any] | None:
    try:
        said = json.loads(output.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return None
    return said if isinstance(said, dict) and "packages" in said else None


def _failed(python: str, gpu_seen: bool, problem: str) -> Environment:
    return Environment(
        subject="environment",
        path=None,
        interpreter=python,
        python_version=None,
        packages={},
        gpu_seen=gpu_seen,
        problem=problem,
        taken=now(),
    )


def main() -> None:
    """Ask the interpreter named by `--python` and print what it says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--deadline", type=float, default=DEADLINE)
    parser.add_argument("--fits", action="store_true")
    parser.add_argument("--all-reduce", action="store_true")
    given = parser.parse_args()
    gpu_seen = given.fits and bool(device_files())
    answer(take_snapshot(given.python, gpu_seen=gpu_seen, deadline=given.deadline))


if __name__ == "__main__":
    main()
