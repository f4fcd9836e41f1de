"""Faults in what single checkpoints hold, planted in the runs of the twin."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np

from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time
from ml_debugger.testing.torch_file import torch_zip
from ml_debugger.testing.twins import weights as twin


@fault("checkpoint-size-drop")
def plant_checkpoint_size_drop(workspace: Path, rng: np.random.Generator) -> str:
    """The last save holds the output layer alone."""
    number = len(twin.EPOCHS) - 1
    state = twin.states(rng)[number]
    file = workspace / twin.FOLDER / twin.name(number)
    before = file.stat().st_size
    with same_time(file):
        twin.save(file, {n: v for n, v in state.items() if n.startswith("head.2")}, number)
    return f"{file.name} of runs/tcn shrank from {before:,} to {file.stat().st_size:,} bytes"


@fault("checkpoint-mismatch")
def plant_checkpoint_mismatch(workspace: Path, rng: np.random.Generator) -> str:
    """One save between others has more hidden units."""
    number = int(rng.integers(1, len(twin.EPOCHS) - 1))
    state = dict(twin.states(rng)[number])
    more = int(rng.integers(4, 17))
    for name in ("head.0.weight", "head.0.bias", "head.2.weight"):
        old = state[name]
        axis = 1 if name == "head.2.weight" else 0
        state[name] = np.concatenate([old, np.take(old, range(more), axis=axis)], axis=axis)
    file = workspace / twin.FOLDER / twin.name(number)
    with same_time(file):
        twin.save(file, state, number)
    return f"{file.name} of runs/tcn has {more} hidden units more than the other saves"


@fault("missing-training-state")
def plant_missing_training_state(workspace: Path, rng: np.random.Generator) -> str:
    """The last save holds weights, epoch and step, but no optimizer."""
    number = len(twin.EPOCHS) - 1
    epoch = twin.EPOCHS[number]
    content = twin.content(twin.states(rng)[number], epoch, (epoch + 1) * twin.STEPS_PER_EPOCH)
    del content["optimizer_states"]
    file = workspace / twin.FOLDER / twin.name(number)
    with same_time(file):
        file.write_bytes(torch_zip(content))
    return f"{file.name} of runs/tcn, the newest save, holds no optimizer state"


@fault("no-valid-checkpoint")
def plant_no_valid_checkpoint(workspace: Path, rng: np.random.Generator) -> str:
    """Every checkpoint of a finished run was cut short."""
    files = sorted((workspace / "runs" / "lstm" / "checkpoints").glob("*.safetensors"))
    for file in files:
        with same_time(file):
            content = file.read_bytes()
            file.write_bytes(content[: int(len(content) * rng.uniform(0.2, 0.9))])
    return f"all {len(files)} checkpoints of runs/lstm were cut short"


@fault("legacy-format")
def plant_legacy_format(workspace: Path, rng: np.random.Generator) -> str:
    """A boosted model of years ago in XGBoost's binary form."""
    file = workspace / "runs" / "xgb-h5" / "baseline.model"
    moment = (workspace / "runs" / "xgb-h5" / "training.jsonl").stat().st_mtime
    file.write_bytes(xgboost_binary(trees=12, features=4, rng=rng))
    os.utime(file, (moment, moment))
    return f"{file.relative_to(workspace)} is in the binary form of XGBoost before 1.0"


def xgboost_binary(trees: int, features: int, rng: np.random.Generator) -> bytes:
    """A model of stumps in XGBoost's binary form, whose layout stands in its reader."""

    def named(text: bytes) -> bytes:
        return struct.pack("<Q", len(text)) + text

    content = struct.pack("<fIi", 0.5, features, 0).ljust(136, b"\0")
    content += named(b"reg:linear") + named(b"gbtree")
    content += struct.pack("<i", trees).ljust(160, b"\0")
    for _ in range(trees):
        content += struct.pack("<iiiiii", 1, 3, 0, 1, features, 0).ljust(148, b"\0")
        split, left, right = rng.normal(size=3)
        feature = int(rng.integers(features))
        content += struct.pack("<iiiIf", -1, 1, 2, feature | 2**31, split)
        content += struct.pack("<iiiIf", 0, -1, -1, 0, left)
        content += struct.pack("<iiiIf", 0, -1, -1, 0, right)
        content += struct.pack("<fffi", abs(split), 100, 0, 0) * 3
    return content + bytes(4 * trees)
