"""Faults of what lies together with models: leftovers, other families, wrong scalers."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ml_debugger.testing.plant import fault
from ml_debugger.testing.twins import weights as twin

_DAY = 86_400.0
_OLDER = ("momentum_10", "reversal_3", "volatility_10", "volume_ratio_10")


@fault("stale-artifact")
def plant_stale_artifact(workspace: Path, rng: np.random.Generator) -> str:
    """A LightGBM model of days before stays in the folder of a run without LightGBM."""
    folder = workspace / "runs" / "xgb-h5"
    moment = min(file.stat().st_mtime for file in (folder / "checkpoints").glob("*.ubj"))
    days = float(rng.uniform(5, 40))
    file = folder / "checkpoints" / "lgb_h5.txt"
    file.write_text(lightgbm_text(_OLDER, 8, rng), encoding="utf-8")
    os.utime(file, (moment - days * _DAY,) * 2)
    (folder / "hparams.yaml").write_text(
        "horizon: 5\nmax_depth: 4\nlearning_rate: 0.05\nn_estimators: 400\nno_lgb: true\n",
        encoding="utf-8",
    )
    return f"{file.relative_to(workspace)} is {days:.0f} days older than the run without LightGBM"


@fault("missing-scaler")
def plant_missing_scaler(workspace: Path, rng: np.random.Generator) -> str:
    """The scaler was fitted again on more features than the model takes."""
    inputs = 12 + int(rng.integers(1, 9))
    twin.write_scaler(workspace / twin.SCALER, inputs)
    return f"{twin.SCALER} has {inputs} features, the model of runs/tcn takes 12"


@fault("orphan-temporary")
def plant_orphan_temporary(workspace: Path, rng: np.random.Generator) -> str:
    """A save was killed while it wrote, days ago."""
    last = workspace / twin.FOLDER / twin.name(len(twin.EPOCHS) - 1)
    content = last.read_bytes()
    file = last.with_name(f"{last.name}.tmp")
    file.write_bytes(content[: int(len(content) * rng.uniform(0.3, 0.8))])
    os.utime(file, (last.stat().st_mtime + 600,) * 2)
    return f"{file.relative_to(workspace)} was left by a save that was interrupted"


def lightgbm_text(features: tuple[str, ...], trees: int, rng: np.random.Generator) -> str:
    """A model of stumps as LightGBM writes it, its layout as in the reader of the format."""
    blocks = []
    for number in range(trees):
        feature, gain = int(rng.integers(len(features))), float(rng.uniform(1, 9))
        left, right = (0.01 * rng.standard_normal(2)).tolist()
        blocks.append(
            f"Tree={number}\nnum_leaves=2\nnum_cat=0\nsplit_feature={feature}\n"
            f"split_gain={gain:.4f}\nthreshold=0.5\ndecision_type=2\nleft_child=-1\n"
            f"right_child=-2\nleaf_value={left:.6f} {right:.6f}\nshrinkage=0.1\n\n"
        )
    sizes = " ".join(str(len(block)) for block in blocks)
    return (
        "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\n"
        f"max_feature_idx={len(features) - 1}\nobjective=regression\n"
        f"feature_names={' '.join(features)}\ntree_sizes={sizes}\n\n"
        f"{''.join(blocks)}end of trees\n\nparameters:\n[boosting: gbdt]\nend of parameters\n"
    )
