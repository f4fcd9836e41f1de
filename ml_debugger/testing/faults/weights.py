"""Faults of stored weights, planted in the twin's run of `runs/tcn`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time
from ml_debugger.testing.twins import weights as twin


@fault("non-finite-weights")
def plant_non_finite_weights(workspace: Path, rng: np.random.Generator) -> str:
    """From one save on, two layers are NaN."""
    first = int(rng.integers(1, 3))
    saved = twin.states(rng)
    for number in range(first, len(saved)):
        state = dict(saved[number])
        for layer in ("conv.0.weight", "conv.1.running_var", "head.2.weight"):
            state[layer] = np.full_like(state[layer], np.nan)
        _save(workspace, state, number)
    return f"runs/tcn holds NaN weights from {twin.name(first)} on"


@fault("weight-blow-up")
def plant_weight_blow_up(workspace: Path, rng: np.random.Generator) -> str:
    """The head grows some eightfold from save to save."""
    times = float(rng.uniform(7, 12))
    for number, state in enumerate(twin.states(rng)):
        grown = dict(state)
        grown["head.0.weight"] = (state["head.0.weight"] * times**number).astype(np.float32)
        _save(workspace, grown, number)
    return f"head.0.weight of runs/tcn grows {times:.1f}-fold from save to save"


@fault("uninitialised-or-constant-weights")
def plant_constant_weights(workspace: Path, rng: np.random.Generator) -> str:
    """The output layer was set to zero at its start and never learnt."""
    for number, state in enumerate(twin.states(rng)):
        zero = dict(state)
        zero["head.2.weight"] = np.zeros_like(state["head.2.weight"])
        _save(workspace, zero, number)
    return "head.2.weight of runs/tcn is zero in all saves, after thousands of steps"


@fault("frozen-parameters")
def plant_frozen_parameters(workspace: Path, rng: np.random.Generator) -> str:
    """One layer between two that learn keeps its values."""
    saved = twin.states(rng)
    layer = str(rng.choice(["conv.3", "head.0"]))
    for number, state in enumerate(saved):
        held = dict(state)
        for part in ("weight", "bias"):
            held[f"{layer}.{part}"] = saved[0][f"{layer}.{part}"]
        _save(workspace, held, number)
    return f"{layer} of runs/tcn is the same in all saves, though the optimizer has its states"


@fault("dead-units")
def plant_dead_units(workspace: Path, rng: np.random.Generator) -> str:
    """Most units of one layer lose all of their weights."""
    saved = twin.states(rng)
    units = saved[0]["head.0.weight"].shape[0]
    dead = rng.permutation(units)[: int(units * rng.uniform(0.65, 0.85))]
    for number, state in enumerate(saved[1:], start=1):
        less = {name: value.copy() for name, value in state.items()}
        less["head.0.weight"][dead] = 0
        _save(workspace, less, number)
    return f"{len(dead)} of {units} units of head.0 of runs/tcn are zero from the second save on"


def _save(workspace: Path, state: twin.Arrays, number: int) -> None:
    file = workspace / twin.FOLDER / twin.name(number)
    with same_time(file):
        twin.save(file, state, number)
