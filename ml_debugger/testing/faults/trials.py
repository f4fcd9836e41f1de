"""Faults of how runs are chosen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from ml_debugger.testing.plant import fault

TRIALS = 60


@fault("test-set-reused")
def test_set_reused(workspace: Path, rng: np.random.Generator) -> str:
    """Sixty settings without skill were scored on one test year and ranked by that score."""
    sharpe = rng.normal(0.0, 1.0, TRIALS)
    pl.DataFrame(
        {
            "trial": range(TRIALS),
            "learning_rate": 10 ** rng.uniform(-3, -1, TRIALS),
            "max_depth": rng.integers(3, 10, TRIALS),
            "test_start": ["2023-01-03"] * TRIALS,
            "test_end": ["2023-12-29"] * TRIALS,
            "test_sharpe": sharpe,
        }
    ).sort("test_sharpe", descending=True).write_csv(workspace / "runs" / "sweep.csv")
    return f"{TRIALS} settings scored on the test year alone, the best one first"
