"""The Python that trains, and what it can do here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ml_debugger.artifacts.base import Artifact


@dataclass(frozen=True, slots=True)
class TorchBuild:
    """PyTorch in the interpreter that trains.

    `cuda` and `hip` are the versions that it was built for, both None for a build for CPUs; they
    are read from its files. The rest is None where torch was not imported, with `problem` where
    that failed. `architectures` are those that it has code for ("sm_90", "compute_90" for PTX).
    `tf32_matmul`, `tf32_cudnn` and `matmul_precision` are the settings of a fresh process.
    `bf16` is whether the cards compute in bfloat16 themselves.
    """

    version: str
    cuda: str | None = None
    hip: str | None = None
    available: bool | None = None
    why_not: str | None = None
    architectures: tuple[str, ...] = ()
    tf32_matmul: bool | None = None
    tf32_cudnn: bool | None = None
    matmul_precision: str | None = None
    bf16: bool | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A card that can be trained on, with its compute capability ("9.0")."""

    name: str
    capability: str | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """What a package requires, and the version found instead; None where it is missing."""

    package: str
    requires: str
    found: str | None = None


@dataclass(frozen=True, slots=True)
class CompileCache:
    """A folder in which compiled kernels are kept: `files` counts up to 1,000 of them.

    `kind` is "cuda", "inductor", "triton" or "xla"; `disabled` says what keeps it from use.
    """

    kind: str
    folder: str
    files: int
    disabled: str | None = None


@dataclass(frozen=True, eq=False)
class Environment(Artifact):
    """The Python interpreter that trains, asked in a child process.

    `xgboost_gpu` is "works", "fails" (with `xgboost_detail`) or None where XGBoost is missing
    or was not tried; `lightgbm_gpu` and `all_reduce` likewise, the latter of two local processes.
    `cards` and `driver_cuda`, the newest CUDA that the driver supports, are its own word.
    `conflicts` are requirements of installed packages that are not met, None where nobody looked;
    `doubled` are packages of which one folder holds two versions; `stale_abi` are packages built
    for NumPy 1 beside NumPy 2, with the version that would do. `variables` are those environment
    variables that steer training; `said` maps words that training code uses ("manual_seed") to the
    first place in the workspace's code, None where the code was not looked at.
    `framework_code` maps other frameworks to the architectures that they have code for.
    """

    interpreter: str
    python_version: str | None
    packages: dict[str, str]
    xgboost_gpu: str | None = None
    xgboost_detail: str | None = None
    gpu_seen: bool | None = None
    problem: str | None = None
    taken: str | None = None
    torch: TorchBuild | None = None
    cards: tuple[Card, ...] = ()
    driver_cuda: str | None = None
    lightgbm_gpu: str | None = None
    lightgbm_detail: str | None = None
    all_reduce: str | None = None
    all_reduce_detail: str | None = None
    conflicts: tuple[Conflict, ...] | None = None
    doubled: tuple[str, ...] = ()
    stale_abi: tuple[Conflict, ...] = ()
    caches: tuple[CompileCache, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    interfaces: tuple[str, ...] = ()
    said: dict[str, str] | None = None
    framework_code: dict[str, str] = field(default_factory=dict)

    @property
    def unanswered(self) -> str | None:
        """Why nothing is known of it, None where it answered."""
        return None if self.problem is None else f"{self.interpreter}: {self.problem}"

    def version(self, *names: str) -> str | None:
        """The version of the first of these packages that is installed."""
        installed: Mapping[str, str] = self.packages
        return next((installed[name] for name in names if name in installed), None)
