"""Faults of validation records."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time
from ml_debugger.training import walk_forward_efficiency


@fault("low-wfe")
def low_wfe(workspace: Path, rng: np.random.Generator) -> str:
    """The test accuracies fall below those of a coin, and the efficiency with them."""

    def spoil(part: dict[str, Any]) -> None:
        part["test_accuracy"] = round(0.478 + float(rng.normal(0, 0.001)), 6)
        part["wfe"] = walk_forward_efficiency(part["validation_accuracy"], part["test_accuracy"])

    _change(workspace, spoil)
    return "test accuracies lowered to about 0.478 behind validation accuracies of 0.54"


@fault("wrong-wfe-formula")
def wrong_wfe_formula(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001
    """The recorded efficiency becomes the raw ratio of the accuracies."""

    def spoil(part: dict[str, Any]) -> None:
        part["wfe"] = 100 * part["test_accuracy"] / part["validation_accuracy"]

    _change(workspace, spoil)
    return "walk-forward efficiency recorded as 100 * test / validation"


def _change(workspace: Path, spoil: Callable[[dict[str, Any]], None]) -> None:
    """Change the record as a whole and each of its folds."""
    file = workspace / "runs" / "xgb-h5" / "validation.json"
    record = json.loads(file.read_text(encoding="utf-8"))
    for part in (record, *record["folds"]):
        spoil(part)
    with same_time(file):
        file.write_text(json.dumps(record, indent=2), encoding="utf-8")
