"""Folders in which compiled GPU kernels are kept from run to run.

Places: CUDA C++ programming guide, "Environment variables" (CUDA_CACHE_PATH, default
~/.nv/ComputeCache); PyTorch documentation, "Compile time caching" (TORCHINDUCTOR_CACHE_DIR,
default torchinductor_USER in the temporary folder); Triton (TRITON_CACHE_DIR, ~/.triton/cache);
JAX documentation, "Persistent compilation cache" (JAX_COMPILATION_CACHE_DIR, none by default).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ml_debugger.artifacts.environment import CompileCache

MOST = 1_000


def compile_caches(environment: Mapping[str, str], home: Path, user: str) -> list[CompileCache]:
    """The caches as they are; the last only where it is configured."""
    temporary = Path(environment.get("TMPDIR") or tempfile.gettempdir())
    places = {
        "cuda": environment.get("CUDA_CACHE_PATH") or home / ".nv" / "ComputeCache",
        "inductor": environment.get("TORCHINDUCTOR_CACHE_DIR")
        or temporary / f"torchinductor_{user}",
        "triton": environment.get("TRITON_CACHE_DIR") or home / ".triton" / "cache",
    }
    if environment.get("JAX_COMPILATION_CACHE_DIR"):
        places["xla"] = environment["JAX_COMPILATION_CACHE_DIR"]
    off = {"cuda": "CUDA_CACHE_DISABLE", "inductor": "TORCHINDUCTOR_FORCE_DISABLE_CACHES"}
    return [
        CompileCache(kind, str(place), _files(Path(place)), _disabled(environment, off.get(kind)))
        for kind, place in places.items()
    ]


def _disabled(environment: Mapping[str, str], variable: str | None) -> str | None:
    value = environment.get(variable or "", "")
    return f"{variable}={value}" if value not in ("", "0") else None


def _files(folder: Path) -> int:
    count = 0
    for _, _, files in os.walk(folder):
        count += len(files)
        if count >= MOST:
            return MOST
    return count
