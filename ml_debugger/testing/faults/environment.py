"""Faults of the interpreter that trains, written as recorded snapshots."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ml_debugger.artifacts.environment import Card, Conflict, TorchBuild
from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time
from ml_debugger.testing.twins import gradients
from ml_debugger.testing.twins.machine import environment, write_snapshot

_NEW_CARD = Card("NVIDIA GeForce RTX 5060 Ti", "12.0")


@fault("torch-cuda-mismatch")
def plant_torch_cuda_mismatch(workspace: Path, rng: np.random.Generator) -> str:
    """The build has no code for a new card, or is newer than an old driver."""
    torch = environment().torch or TorchBuild("2.7.1")
    if rng.integers(2):
        said = "CUDA error: no kernel image is available for execution on the device"
        _write(workspace, cards=(_NEW_CARD,), torch=replace(torch, available=False, why_not=said))
        return "torch 2.7.1 for CUDA 12.6 meets a card of capability 12.0"
    said = "The NVIDIA driver on your system is too old (found version 11040)."
    _write(workspace, driver_cuda="11.4", torch=replace(torch, available=False, why_not=said))
    return "torch 2.7.1 for CUDA 12.6 meets a driver for CUDA 11.4"


@fault("cpu-only-torch")
def plant_cpu_only_torch(workspace: Path, _rng: np.random.Generator) -> str:
    """A requirements file names the index of builds for CPUs."""
    _write(workspace, torch=TorchBuild("2.7.1+cpu", available=False))
    return "torch 2.7.1+cpu stands beside an H100"


@fault("xgboost-no-cuda")
def plant_xgboost_no_cuda(workspace: Path, _rng: np.random.Generator) -> str:
    """XGBoost is a build without CUDA and falls back to the CPU."""
    _write(workspace, xgboost_gpu="fails", xgboost_detail="the tiny fit ran on cpu")
    return "the tiny fit with device=cuda ran on the CPU"


@fault("lightgbm-no-gpu")
def plant_lightgbm_no_gpu(workspace: Path, _rng: np.random.Generator) -> str:
    """LightGBM has neither CUDA nor OpenCL."""
    said = "cuda: CUDA Tree Learner was not enabled in this build; gpu: No OpenCL device found"
    _write(workspace, lightgbm_gpu="fails", lightgbm_detail=said)
    return "the tiny fits of LightGBM fail with CUDA and with OpenCL"


@fault("tf32-off")
def plant_tf32_off(workspace: Path, _rng: np.random.Generator) -> str:
    """Nothing in the code asks for TF32."""
    _write(workspace, said={"manual_seed": "/data/trading/train.py:9"})
    return "matrix products stay in full float32, and no code of the workspace changes that"


@fault("mixed-precision-unsafe")
def plant_mixed_precision_unsafe(workspace: Path, rng: np.random.Generator) -> str:
    """The scaling is turned off, or fixed at one."""
    changes = ({"grad_scaler": False}, {"loss_scale": 1.0})[int(rng.integers(2))]
    _configure(workspace, changes)
    return f"runs/tft trains in float16 with {next(iter(changes))} {next(iter(changes.values()))}"


@fault("dependency-conflict")
def plant_dependency_conflict(workspace: Path, rng: np.random.Generator) -> str:
    """A package built for NumPy 1, or two versions of one package in one folder."""
    unmet = (Conflict("ray 2.9.0", "numpy<2", "2.4.6"),)
    if rng.integers(2):
        stale = (Conflict("numpy 2.4.6", "scipy>=1.13.0", "1.11.4"),)
        _write(workspace, stale_abi=stale, conflicts=unmet)
        return "scipy 1.11.4 stands beside NumPy 2.4.6"
    _write(workspace, doubled=("pandas 2.1.4 and 2.2.3",), conflicts=unmet)
    return "one folder holds pandas 2.1.4 and 2.2.3"


@fault("compile-cache-cold")
def plant_compile_cache_cold(workspace: Path, _rng: np.random.Generator) -> str:
    """TensorFlow has PTX alone for a new card, and the driver's cache is empty."""
    _write(workspace, cards=(_NEW_CARD,), torch=None)
    return "TensorFlow compiles all its kernels for a card of capability 12.0, with a cold cache"


@fault("nondeterministic")
def plant_nondeterministic(workspace: Path, rng: np.random.Generator) -> str:
    """Reproducibility is asked for without a seed, or with cuDNN's benchmarking."""
    if rng.integers(2):
        _configure(workspace, {"seed": None})
        return "runs/tft is to be deterministic and has no seed"
    _configure(workspace, {"benchmark": True})
    return "runs/tft is to be deterministic with benchmark: true"


@fault("distributed-misconfigured")
def plant_distributed_misconfigured(workspace: Path, rng: np.random.Generator) -> str:
    """A rank beyond the world, an interface that is not there, or no answer over gloo."""
    own = environment().variables
    changes: tuple[dict[str, Any], ...] = (
        {"variables": {**own, "RANK": "2"}},
        {"variables": {**own, "NCCL_SOCKET_IFNAME": "ib0"}},
        {"all_reduce": "fails", "all_reduce_detail": "Connection refused"},
    )
    number = int(rng.integers(3))
    _write(workspace, **changes[number])
    told = ("RANK is 2 of 2", "NCCL is to use ib0, which is not there", "gloo has no connection")
    return told[number]


def _write(workspace: Path, **changes: Any) -> None:
    file = workspace / "snapshots" / "environment.json"
    with same_time(file):
        write_snapshot(file, replace(environment(), **changes))


def _configure(workspace: Path, changes: dict[str, Any]) -> None:
    file = workspace / gradients.FOLDER / gradients.CONFIGURATION
    with same_time(file):
        gradients.write_configuration(file, {**gradients.configuration(), **changes})
