"""Faults of the twin's boosted model and of the script that fits it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time
from ml_debugger.testing.twins.boosting import FILE, WEIGHTS
from ml_debugger.testing.xgboost_file import model_bytes

_MODEL = Path("runs", "xgb-h5", "checkpoints", "fold-1.ubj")
_TREES = 40


@fault("importance-concentrated")
def plant_importance_concentrated(workspace: Path, rng: np.random.Generator) -> str:
    """Nearly all gain comes from one feature."""
    names = _features(workspace)
    name = str(rng.choice(names))
    gains = {name: float(rng.uniform(400, 900))}
    _replace(workspace, model_bytes(names, _TREES, rng, gains=gains))
    return f"{name} holds nearly all gain of {_MODEL.as_posix()}"


@fault("trivial-trees")
def plant_trivial_trees(workspace: Path, rng: np.random.Generator) -> str:
    """No tree has a split."""
    _replace(workspace, model_bytes(_features(workspace), _TREES, rng, splits=False))
    return f"none of the {_TREES} trees of {_MODEL.as_posix()} has a split"


@fault("feature-list-mismatch")
def plant_feature_list_mismatch(workspace: Path, rng: np.random.Generator) -> str:
    """The model was trained on features that were dropped from the table since."""
    names = _features(workspace)
    gone = [f"momentum_{days}" for days in (45, 90, 180)[: int(rng.integers(1, 4))]]
    _replace(workspace, model_bytes([*names, *gone], _TREES, rng))
    return f"{_MODEL.as_posix()} expects {', '.join(gone)}, which the table does not have"


@fault("missing-sample-weights")
def plant_missing_sample_weights(workspace: Path, rng: np.random.Generator) -> str:  # noqa: ARG001
    """The last fit forgets the weights that the folds had."""
    file = workspace / FILE
    clean = file.read_text(encoding="utf-8")
    file.write_text(clean.replace(WEIGHTS, ""), encoding="utf-8")
    return f"{FILE.as_posix()} fits all rows without the sample weights of its folds"


def _replace(workspace: Path, content: bytes) -> None:
    file = workspace / _MODEL
    with same_time(file):
        file.write_bytes(content)


def _features(workspace: Path) -> list[str]:
    log = workspace / "runs" / "xgb-h5" / "training.jsonl"
    with log.open(encoding="utf-8") as stream:
        return list(json.loads(stream.readline())["features"])
