"""Faults in the twin's training script."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ml_debugger.testing.plant import fault
from ml_debugger.testing.twins.source import FOLDER, NAME, SCALING

_LEAK = """
    scaled = table.copy()
    scaled[FEATURES] = StandardScaler().fit_transform(table[FEATURES])
    train_rows = scaled.loc[train.index, FEATURES]
    test_rows = scaled.loc[test.index, FEATURES]
"""


@fault("leaky-source")
def leaky_source(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001
    """The scaler is fitted on all rows, and the parts are taken from what it made."""
    file = workspace / FOLDER / NAME
    clean = file.read_text(encoding="utf-8")
    file.write_text(clean.replace(SCALING, _LEAK), encoding="utf-8")
    return "research/pipeline.py fits its scaler on all rows, then takes train and test from them"
