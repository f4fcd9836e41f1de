"""The interpreter that trains: builds, fits on the GPU, precision, packages, ranks."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from checks.environment.compile_cache_cold import compile_cache_cold
from checks.environment.cpu_only_torch import cpu_only_torch
from checks.environment.dependency_conflict import dependency_conflict
from checks.environment.distributed_misconfigured import distributed_misconfigured
from checks.environment.lightgbm_no_gpu import lightgbm_no_gpu
from checks.environment.mixed_precision_unsafe import mixed_precision_unsafe
from checks.environment.nondeterministic import nondeterministic
from checks.environment.tf32_off import tf32_off
from checks.environment.torch_cuda_mismatch import torch_cuda_mismatch
from checks.environment.xgboost_no_cuda import xgboost_no_cuda
from ml_debugger.artifacts import Artifact, Environment, Expectations, TrainingConfig
from ml_debugger.artifacts.architectures import fit_of
from ml_debugger.artifacts.environment import Card, CompileCache, Conflict, TorchBuild
from ml_debugger.artifacts.recorded import from_record
from ml_debugger.contract import Check, NotMeasured, Settings, Status
from ml_debugger.readers.opening import open_file
from ml_debugger.testing.plant import faults
from ml_debugger.testing.twins import machine

ON_SNAPSHOTS = (
    torch_cuda_mismatch,
    cpu_only_torch,
    xgboost_no_cuda,
    lightgbm_no_gpu,
    tf32_off,
    dependency_conflict,
    compile_cache_cold,
    distributed_misconfigured,
)
ON_CONFIGURATIONS = (mixed_precision_unsafe, nondeterministic)
HEALTHY = machine.environment()
TORCH = HEALTHY.torch or TorchBuild("2.7.1")
WANTED = Expectations("configuration", None, today=date(2025, 6, 2), gpu_training=True)


def judge(check: Check, *given: Artifact | None) -> tuple[Status, str]:
    partners = (*given, *(None for _ in check.needs[len(given) :]))
    outcome = check.run(partners, Settings({}))
    if isinstance(outcome, NotMeasured):
        return Status.SKIP, outcome.reason
    limits = {limit.name: limit for limit in check.limits}
    found = [limits[name].judge(v) for name, v in outcome.values.items() if not np.isnan(v)]
    return max(found, key=lambda status: status.gravity), outcome.title


def recorded(workspace: Path) -> Environment:
    found = from_record(json.loads((workspace / "snapshots" / "environment.json").read_text()))
    assert isinstance(found, Environment)
    return found


def configured(workspace: Path) -> TrainingConfig:
    file = workspace / "runs/tft/hparams.yaml"
    found = open_file(file, "runs/tft/hparams.yaml", named=True)
    return next(a for a in found if isinstance(a, TrainingConfig))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("check", ON_SNAPSHOTS, ids=lambda check: check.code)
def test_the_clean_twin_passes_and_the_planted_fault_is_found(
    check: Check, seed: int, twin: Path
) -> None:
    partner = (WANTED,) if len(check.needs) > 1 else ()
    assert judge(check, recorded(twin), *partner)[0] is Status.PASS
    faults()[check.name].plant(twin, np.random.default_rng(seed))
    worst = Status.FAIL if any(limit.fail is not None for limit in check.limits) else Status.WARN
    assert judge(check, recorded(twin), *partner)[0] is worst


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("check", ON_CONFIGURATIONS, ids=lambda check: check.code)
def test_configurations_of_the_twin(check: Check, seed: int, twin: Path) -> None:
    assert judge(check, configured(twin), HEALTHY)[0] is Status.PASS
    faults()[check.name].plant(twin, np.random.default_rng(seed))
    worst = Status.FAIL if any(limit.fail is not None for limit in check.limits) else Status.WARN
    assert judge(check, configured(twin), HEALTHY)[0] is worst


@pytest.mark.parametrize("check", ON_SNAPSHOTS, ids=lambda check: check.code)
def test_what_could_not_be_asked_is_no_pass(check: Check) -> None:
    silent = replace(HEALTHY, problem="no answer within 60 s", variables={}, all_reduce=None)
    assert judge(check, silent)[0] is Status.SKIP
    bare = Environment("environment", None, "python", "3.12.1", {}, gpu_seen=False)
    assert judge(check, bare)[0] is Status.SKIP


@pytest.mark.parametrize(
    ("capability", "names", "fit"),
    [
        ("9.0", "sm_80 sm_90", "code"),
        ("8.9", "sm_80 sm_86", "code"),
        ("8.0", "sm_86", "none"),
        ("12.0", "sm_90 compute_90", "compiled at first use"),
        ("12.0", "sm_90 sm_100", "none"),
        ("9.0", "sm_90a", "code"),
        ("10.3", "sm_100a", "none"),
        ("10.3", "sm_100f", "code"),
        ("7.5", "compute_80", "none"),
        ("6.1", "nonsense sm_60", "code"),
    ],
)
def test_code_for_cards(capability: str, names: str, fit: str) -> None:
    assert fit_of(capability, names.split()) == fit


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"available": True}, Status.PASS, "computes on the card"),
        ({"available": False, "why_not": "CUDA error: unknown"}, Status.FAIL, "CUDA error"),
        ({"available": None, "problem": "no answer within 40 s"}, Status.SKIP, "no answer"),
        ({"cuda": None}, Status.SKIP, "no build for CUDA"),
        ({"cuda": "13.0"}, Status.PASS, "computes"),
        ({"cuda": "13.0", "available": False}, Status.FAIL, "newer than the driver"),
    ],
)
def test_torch_on_the_card(change: dict[str, Any], status: Status, said: str) -> None:
    found, words = judge(torch_cuda_mismatch, replace(HEALTHY, torch=replace(TORCH, **change)))
    assert (found, said in words) == (status, True)


def test_a_build_for_cpus_fails_only_where_the_gpu_is_wanted() -> None:
    cpu = replace(HEALTHY, torch=TorchBuild("2.7.1+cpu"))
    assert judge(cpu_only_torch, cpu)[0] is Status.WARN
    assert judge(cpu_only_torch, cpu, WANTED)[0] is Status.FAIL
    rocm = replace(HEALTHY, torch=TorchBuild("2.7.1+rocm6.3", hip="6.3"))
    assert judge(cpu_only_torch, rocm, WANTED)[0] is Status.PASS
    unknown = replace(HEALTHY, torch=TorchBuild("2.7.1", problem="its files say nothing of CUDA"))
    assert judge(cpu_only_torch, unknown)[0] is Status.SKIP
    assert judge(cpu_only_torch, replace(cpu, gpu_seen=False))[0] is Status.SKIP


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"lightgbm_gpu": None}, Status.SKIP),
        ({"packages": {}}, Status.SKIP),
        ({"gpu_seen": False}, Status.SKIP),
        ({"lightgbm_gpu": "fails"}, Status.WARN),
    ],
)
def test_lightgbm(change: dict[str, Any], status: Status) -> None:
    assert judge(lightgbm_no_gpu, replace(HEALTHY, **change))[0] is status


def test_xgboost() -> None:
    assert judge(xgboost_no_cuda, HEALTHY) == (Status.PASS, "XGBoost 3.2.0 trains on the GPU")
    for change, said in (
        ({"gpu_seen": False}, "no GPU is seen"),
        ({"xgboost_gpu": None}, "was not tried"),
        ({"xgboost_gpu": None, "packages": {}}, "is not installed"),
    ):
        status, reason = judge(xgboost_no_cuda, replace(HEALTHY, **change))  # type: ignore[arg-type]
        assert status is Status.SKIP
        assert said in reason


@pytest.mark.parametrize(
    ("change", "wanted", "status"),
    [
        ({"said": {}}, True, Status.WARN),
        ({"said": {}}, False, Status.PASS),
        ({"said": None}, True, Status.PASS),
        ({"said": {"autocast": "train.py:3"}}, True, Status.PASS),
        ({"said": {}, "torch": replace(TORCH, matmul_precision="high")}, True, Status.PASS),
        ({"said": {}, "variables": {"NVIDIA_TF32_OVERRIDE": "0"}}, True, Status.WARN),
        ({"cards": (Card("Tesla T4", "7.5"),)}, True, Status.SKIP),
    ],
)
def test_tf32(change: dict[str, Any], wanted: bool, status: Status) -> None:
    expected = WANTED if wanted else replace(WANTED, gpu_training=None)
    assert judge(tf32_off, replace(HEALTHY, **change), expected)[0] is status


def test_unmet_requirements_warn_and_broken_pairs_fail() -> None:
    unmet = replace(HEALTHY, conflicts=(Conflict("ray 2.9", "numpy<2", "2.4.6"),) * 2)
    expected = (Status.WARN, "ray 2.9 requires numpy<2; found 2.4.6, and 1 more")
    assert judge(dependency_conflict, unmet) == expected
    missing = replace(HEALTHY, conflicts=(Conflict("ray 2.9", "filelock"),))
    assert judge(dependency_conflict, missing)[1] == "ray 2.9 requires filelock; found nothing"
    assert judge(dependency_conflict, replace(HEALTHY, conflicts=None))[0] is Status.SKIP


@pytest.mark.parametrize(
    ("cards", "caches", "status"),
    [
        ("12.0", (CompileCache("cuda", "/c", 0),), Status.WARN),
        ("12.0", (CompileCache("cuda", "/c", 900),), Status.PASS),
        ("12.0", (CompileCache("cuda", "/c", 9, "CUDA_CACHE_DISABLE=1"),), Status.WARN),
        ("9.0", (CompileCache("cuda", "/c", 0),), Status.PASS),
    ],
)
def test_compiling(cards: str, caches: tuple[CompileCache, ...], status: Status) -> None:
    given = replace(HEALTHY, cards=(Card("a card", cards),), caches=caches)
    assert judge(compile_cache_cold, given)[0] is status


@pytest.mark.parametrize(
    ("variables", "status"),
    [
        ({}, Status.SKIP),
        ({"WORLD_SIZE": "1"}, Status.PASS),
        ({"WORLD_SIZE": "two"}, Status.FAIL),
        ({"WORLD_SIZE": "8"}, Status.FAIL),
        ({"WORLD_SIZE": "8", "RANK": "7", "MASTER_ADDR": "a", "MASTER_PORT": "1"}, Status.PASS),
        ({"WORLD_SIZE": "8", "RANK": "8", "MASTER_ADDR": "a", "MASTER_PORT": "1"}, Status.FAIL),
        ({"WORLD_SIZE": "1", "NCCL_P2P_DISABLE": "1"}, Status.WARN),
        ({"WORLD_SIZE": "1", "NCCL_P2P_DISABLE": "0"}, Status.PASS),
        ({"WORLD_SIZE": "1", "NCCL_SOCKET_IFNAME": "^docker"}, Status.PASS),
        ({"WORLD_SIZE": "1", "GLOO_SOCKET_IFNAME": "=eth"}, Status.FAIL),
        ({"WORLD_SIZE": "1", "LOCAL_RANK": "3"}, Status.FAIL),
        ({"WORLD_SIZE": "16", "LOCAL_WORLD_SIZE": "8", "RANK": "8", "LOCAL_RANK": "0",
          "MASTER_ADDR": "localhost", "MASTER_PORT": "29500"}, Status.FAIL),
        ({"NCCL_P2P_DISABLE": "1"}, Status.SKIP),
    ],
)  # fmt: skip
def test_ranks(variables: dict[str, str], status: Status) -> None:
    given = replace(HEALTHY, variables=variables, all_reduce=None)
    assert judge(distributed_misconfigured, given)[0] is status


@pytest.mark.parametrize(
    ("values", "capability", "status"),
    [
        ({"learning_rate": 0.1}, "9.0", Status.SKIP),
        ({"precision": 32}, "9.0", Status.SKIP),
        ({"precision": "16-mixed"}, "9.0", Status.PASS),
        ({"precision": "16-true"}, "9.0", Status.WARN),
        ({"precision": "bf16-mixed"}, "9.0", Status.PASS),
        ({"bf16": True}, "7.5", Status.FAIL),
        ({"fp16": True}, "7.5", Status.PASS),
        ({"fp16": False, "bf16": False}, "7.5", Status.SKIP),
        ({"fp16.enabled": True, "fp16.loss_scale": 0}, "9.0", Status.PASS),
        ({"fp16.enabled": True, "fp16.loss_scale": 1}, "9.0", Status.FAIL),
        ({"fp16.enabled": False, "fp16.loss_scale": 1}, "9.0", Status.SKIP),
        ({"amp_dtype": "torch.float16", "use_grad_scaler": False}, "9.0", Status.FAIL),
        ({"precision": 32, "grad_scaler": False}, "9.0", Status.SKIP),
    ],
)
def test_precisions(values: dict[str, Any], capability: str, status: Status) -> None:
    config = TrainingConfig("c.yaml", "c.yaml", "configuration", values)
    given = replace(HEALTHY, cards=(Card("a card", capability),))
    assert judge(mixed_precision_unsafe, config, given)[0] is status


def test_precision_without_a_known_machine_and_beside_code() -> None:
    half = TrainingConfig("c.yaml", "c.yaml", "configuration", {"precision": "fp16"})
    brain = TrainingConfig("c.yaml", "c.yaml", "configuration", {"precision": "bf16"})
    assert judge(mixed_precision_unsafe, half)[0] is Status.PASS
    assert judge(mixed_precision_unsafe, brain, replace(HEALTHY, cards=()))[0] is Status.SKIP
    bare = replace(HEALTHY, said={"autocast": "train.py:30"})
    assert judge(mixed_precision_unsafe, half, bare)[0] is Status.WARN
    scaled = replace(HEALTHY, said={"autocast": "train.py:30", "GradScaler": "train.py:12"})
    assert judge(mixed_precision_unsafe, half, scaled)[0] is Status.PASS


@pytest.mark.parametrize(
    ("values", "said", "status"),
    [
        ({"seed": 1}, {}, Status.SKIP),
        ({"deterministic": False}, {}, Status.SKIP),
        ({"deterministic": True}, {}, Status.WARN),
        ({"deterministic": True, "seed": 0}, {}, Status.PASS),
        ({"deterministic": True, "seed": None}, {"manual_seed": "train.py:3"}, Status.PASS),
        ({"trainer.deterministic": "warn", "seed_everything": 7}, {}, Status.PASS),
        ({"deterministic": True, "seed": 1, "trainer.benchmark": True}, {}, Status.WARN),
    ],
)
def test_seeds(values: dict[str, Any], said: dict[str, str], status: Status) -> None:
    config = TrainingConfig("c.yaml", "c.yaml", "configuration", values)
    assert judge(nondeterministic, config, replace(HEALTHY, said=said))[0] is status
