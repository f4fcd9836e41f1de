"""Faults in the code that computes features."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ml_debugger.testing.plant import fault
from ml_debugger.testing.twins.strategy import SOURCE, write_source


@fault("feature-uses-future")
def feature_uses_future(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001
    """The trend is measured against a mean of the days around, not of the days before."""
    centred = "close.rolling_mean(60, center=True)"
    write_source(workspace, SOURCE.replace("close.rolling_mean(60)", centred))
    return "trend_60 of strategy/features.py compares with a centred mean: it knows 30 days ahead"
