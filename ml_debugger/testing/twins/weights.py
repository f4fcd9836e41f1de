"""The twin's neural run as Lightning saves it: weights, batch statistics and Adam's states.

The scaler of its twelve inputs lies beside the checkpoints.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ml_debugger.testing.torch_file import torch_zip

FOLDER = Path("runs", "tcn", "checkpoints")
SCALER = Path("runs", "tcn", "scaler.json")
EPOCHS = (4, 9, 14, 19)
STEPS_PER_EPOCH = 120
_INPUTS, _CHANNELS, _HIDDEN, _TAPS = 12, 16, 24, 3
_RATE = 1e-3
_SAVED = 1_748_845_200
"""When the first checkpoint was saved: 2025-06-02T06:20:00Z."""

Arrays = dict[str, np.ndarray[Any, Any]]


def write(folder: Path, rng: np.random.Generator) -> None:
    """Write runs/tcn/checkpoints/tcn-epoch=NN.ckpt and runs/tcn/scaler.json."""
    target = folder / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    for number, state in enumerate(states(rng)):
        file = target / name(number)
        save(file, state, number)
        os.utime(file, (_SAVED + 600 * number,) * 2)
    write_scaler(folder / SCALER, _INPUTS)


def write_scaler(file: Path, inputs: int) -> None:
    """The means and spreads of the inputs: volumes in shares beside returns over many windows."""
    windows = range(1, inputs)
    document = {
        "feature_names": ["volume", *(f"return_over_{days}" for days in windows)],
        "mean_": [4.1e6, *(4e-4 * days for days in windows)],
        "scale_": [2.7e6, *(0.017 * days**0.5 for days in windows)],
        "n_samples_seen_": 18_400,
    }
    file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    os.utime(file, (_SAVED, _SAVED))


def name(number: int) -> str:
    """The file's name of one of the saves, counted from 0."""
    return f"tcn-epoch={EPOCHS[number]:02d}.ckpt"


def save(file: Path, state: Arrays, number: int) -> None:
    """Write one save with the optimizer's states that go with it."""
    step = (EPOCHS[number] + 1) * STEPS_PER_EPOCH
    file.write_bytes(torch_zip(content(state, EPOCHS[number], step)))


def states(rng: np.random.Generator) -> list[Arrays]:
    """The model at each save: a start as torch makes it, then steps of Adam's size.

    Matrices start uniform within 1/sqrt(inputs). A quarter of a step's moves goes the same way,
    the rest is noise, and the rate falls to nothing by the end, as a cosine does.
    """
    state = start(rng)
    saved = []
    before = 0
    for epoch in EPOCHS:
        steps = (epoch + 1) * STEPS_PER_EPOCH
        rate = _RATE * 0.5 * (1 + math.cos(math.pi * epoch / 20))
        state = {n: _moved(n, v, rate, steps - before, rng) for n, v in state.items()}
        state["conv.1.num_batches_tracked"] = np.array(steps, dtype=np.int64)
        before = steps
        saved.append(state)
    return saved


def start(rng: np.random.Generator) -> Arrays:
    """The model before its first step."""
    shapes = {
        "conv.0": (_CHANNELS, _INPUTS, _TAPS),
        "conv.3": (_CHANNELS, _CHANNELS, _TAPS),
        "head.0": (_HIDDEN, _CHANNELS),
        "head.2": (1, _HIDDEN),
    }
    state: Arrays = {}
    for layer, shape in shapes.items():
        bound = math.prod(shape[1:]) ** -0.5
        state[f"{layer}.weight"] = rng.uniform(-bound, bound, shape).astype(np.float32)
        state[f"{layer}.bias"] = rng.uniform(-bound, bound, shape[:1]).astype(np.float32)
        if layer == "conv.0":
            state["conv.1.weight"] = np.ones(_CHANNELS, dtype=np.float32)
            state["conv.1.bias"] = np.zeros(_CHANNELS, dtype=np.float32)
            state["conv.1.running_mean"] = np.zeros(_CHANNELS, dtype=np.float32)
            state["conv.1.running_var"] = np.full(_CHANNELS, 0.4, dtype=np.float32)
            state["conv.1.num_batches_tracked"] = np.array(0, dtype=np.int64)
    return state


def content(state: Mapping[str, Any], epoch: int, step: int) -> dict[str, Any]:
    """What Lightning puts into a checkpoint, scores that start at infinity included."""
    parameters = [n for n in state if not n.startswith("conv.1.") or n[7:] in ("weight", "bias")]
    moments = {
        number: {
            "step": np.array(float(step), dtype=np.float32),
            "exp_avg": (1e-3 * np.asarray(state[n])).astype(np.float32),
            "exp_avg_sq": (1e-6 * np.asarray(state[n]) ** 2).astype(np.float32),
        }
        for number, n in enumerate(parameters)
    }
    group = {"lr": _RATE, "betas": (0.9, 0.999), "params": list(range(len(parameters)))}
    return {
        "epoch": epoch,
        "global_step": step,
        "pytorch-lightning_version": "2.6.0",
        "state_dict": dict(state),
        "callbacks": {"ModelCheckpoint": {"kth_value": np.array(np.inf, dtype=np.float32)}},
        "optimizer_states": [{"state": moments, "param_groups": [group]}],
    }


def _moved(
    tensor: str, value: np.ndarray[Any, Any], rate: float, steps: int, rng: np.random.Generator
) -> np.ndarray[Any, Any]:
    if value.ndim == 0:
        return value
    if "running" in tensor:
        noise = 0.05 * rng.standard_normal(value.shape)
        return np.asarray(value * (1 + noise), dtype=value.dtype)
    towards = 0.25 * steps**0.5 * rng.choice([-1.0, 1.0], value.shape)
    noise = 0.75 * steps**0.5 * rng.standard_normal(value.shape)
    return np.asarray(value + rate * (towards + noise), dtype=value.dtype)
