"""Probe of the Python interpreter that trains: packages, torch, fits on the GPU, settings.

Each question is asked in a process of its own that loads nothing of this project, and whose
slowness costs nothing else. What needs an import of torch or a fit is asked only where a GPU is.
"""

from __future__ import annotations

import argparse
import getpass
import os
import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ml_debugger.artifacts.environment import Card, Environment, TorchBuild
from ml_debugger.probes import questions
from ml_debugger.probes.cards import cards_of
from ml_debugger.probes.child import answer, now
from ml_debugger.probes.code_words import code_words
from ml_debugger.probes.compile_caches import compile_caches
from ml_debugger.probes.interpreter import Said, ask
from ml_debugger.probes.requirements import conflicts, stale_abi
from ml_debugger.probes.side_by_side import side_by_side
from ml_debugger.probes.signs import device_files

DEADLINE = 55.0
"""Seconds: the first contact with a card may take 30 s where persistence mode is off."""
FIRST = 15.0
"""Seconds for the packages: a hundred small files on a cold network disk."""

_STEERING = re.compile(
    r"(?:NCCL|GLOO|TORCH|TRITON|CUDA|CUBLAS|CUDNN|TF|XLA|JAX|OMP|MKL|PYTORCH|NVIDIA_TF32)_\w+"
    r"|(?:GROUP_|LOCAL_|NODE_)?RANK|(?:LOCAL_)?WORLD_SIZE|MASTER_(?:ADDR|PORT)|PYTHONHASHSEED"
    r"|NVIDIA_VISIBLE_DEVICES"
)
_SECRET = re.compile(r"TOKEN|SECRET|KEY|PASSW", re.IGNORECASE)
DISTRIBUTED = ("WORLD_SIZE", "RANK", "MASTER_ADDR")
_STATED = re.compile(r"^(cuda|hip|rocm)\b[^=\n]*=\s*'([\d.]+)'", re.MULTILINE)
_CODE_OF_TENSORFLOW = re.compile(r"cuda_compute_capabilities['\"]\s*[:,]\s*\[([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to ask beyond the packages: tiny fits on the GPU, an all-reduce, words in code."""

    fits: bool = False
    all_reduce: bool = False
    code: tuple[str, ...] = ()


def take_snapshot(
    python: str,
    wanted: Wanted,
    *,
    gpu_seen: bool,
    cards: tuple[tuple[Card, ...], str | None] = ((), None),
    variables: Mapping[str, str] | None = None,
    deadline: float = DEADLINE,
) -> Environment:
    """Ask the interpreter; `gpu_seen` decides whether anything is tried on the GPU.

    `cards` are the cards and the newest CUDA of their driver, `variables` this process's.
    """
    end = time.monotonic() + deadline
    own = os.environ if variables is None else variables
    blank = Environment(
        subject="environment",
        path=None,
        interpreter=python,
        python_version=None,
        packages={},
        gpu_seen=gpu_seen,
        taken=now(),
        cards=cards[0],
        driver_cuda=cards[1],
        variables=_steering(own),
    )
    said = ask(python, questions.PACKAGES, min(FIRST, deadline))
    if isinstance(said, str) or not isinstance(said.get("packages"), dict):
        problem = said if isinstance(said, str) else "did not answer: exit code 0"
        return replace(blank, problem=problem)
    packages: dict[str, str] = said["packages"]
    told = replace(
        blank,
        python_version=said.get("python_version"),
        packages=packages,
        conflicts=tuple(conflicts(packages, said.get("requires", {}), said.get("markers", {}))),
        doubled=tuple(said.get("doubled", ())),
        stale_abi=tuple(stale_abi(packages)),
        torch=_torch_files(packages, said.get("torch_version_file")),
        framework_code=_framework_code(said.get("tensorflow_build_file")),
        caches=tuple(compile_caches(own, Path.home(), getpass.getuser())),
        interfaces=_interfaces(),
        said=code_words(wanted.code) if wanted.code else None,
    )
    programs = _programs(packages, wanted, own, gpu_seen=gpu_seen)
    left = max(1.0, end - time.monotonic())
    asked = {name: partial(ask, python, program, left) for name, program in programs.items()}
    answers = side_by_side(asked, left + 1.0)
    return _with_answers(told, {name: answers.get(name, "no answer") for name in programs})


def _programs(
    packages: Mapping[str, str], wanted: Wanted, own: Mapping[str, str], *, gpu_seen: bool
) -> dict[str, str]:
    programs = {}
    if gpu_seen and wanted.fits:
        if "torch" in packages:
            programs["torch"] = questions.TORCH
        if {"xgboost", "xgboost-cpu"} & set(packages):
            programs["xgboost"] = questions.XGBOOST
        if "lightgbm" in packages:
            programs["lightgbm"] = questions.LIGHTGBM
    configured = wanted.fits and all(own.get(name) for name in DISTRIBUTED[:1])
    if "torch" in packages and (wanted.all_reduce or configured):
        programs["all_reduce"] = questions.ALL_REDUCE
    return programs


def _with_answers(told: Environment, answers: Mapping[str, Said | str]) -> Environment:
    changes: dict[str, Any] = {}
    for name in ("xgboost", "lightgbm", "all_reduce"):
        if name in answers:
            said = answers[name]
            failed = isinstance(said, str)
            field = name if name == "all_reduce" else f"{name}_gpu"
            detail = f"{name}_detail"
            changes[field] = "fails" if isinstance(said, str) else said.get("state")
            changes[detail] = said if isinstance(said, str) else said.get("detail")
            if failed and str(said).startswith("no answer"):
                # slow is not broken: nobody knows
                changes[field] = None
    if "torch" in answers and told.torch is not None:
        said = answers["torch"]
        if isinstance(said, str):
            changes["torch"] = replace(told.torch, problem=said)
        else:
            known = TorchBuild.__dataclass_fields__.keys() & said.keys()
            given = {name: said[name] for name in known}
            given["architectures"] = tuple(said.get("architectures") or ())
            changes["torch"] = replace(told.torch, **given)
    return replace(told, **changes)


def _torch_files(packages: Mapping[str, str], text: str | None) -> TorchBuild | None:
    """What the files of torch say; its local version ("+cu124") where there are none."""
    version = packages.get("torch")
    if version is None:
        return None
    if text is None:
        local = version.partition("+cu")[2]
        cuda = f"{local[:-1]}.{local[-1]}" if local.isdigit() and len(local) > 1 else None
        return TorchBuild(version, cuda=cuda, problem="its files say nothing of CUDA")
    stated = dict(_STATED.findall(text))
    return TorchBuild(version, cuda=stated.get("cuda"), hip=stated.get("hip"))


def _framework_code(text: str | None) -> dict[str, str]:
    found = _CODE_OF_TENSORFLOW.search(text or "")
    words = re.findall(r"(?:sm|compute)_\w+", found[1]) if found else []
    return {"tensorflow": " ".join(words)} if words else {}


def _steering(variables: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value[:200]
        for name, value in sorted(variables.items())
        if _STEERING.fullmatch(name) and not _SECRET.search(name)
    }


def _interfaces(root: Path = Path("/")) -> tuple[str, ...]:
    try:
        return tuple(sorted(entry.name for entry in (root / "sys/class/net").iterdir()))
    except OSError:
        # not Linux
        return ()


def main(arguments: Sequence[str] | None = None) -> None:
    """Ask the interpreter named by `--python` and print what it says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--deadline", type=float, default=DEADLINE)
    parser.add_argument("--fits", action="store_true")
    parser.add_argument("--all-reduce", action="store_true")
    parser.add_argument("--code", action="append", default=[])
    given = parser.parse_args(arguments)
    gpu_seen = bool(device_files())
    wanted = Wanted(given.fits, given.all_reduce, tuple(given.code))
    cards = cards_of() if gpu_seen else ((), None)
    answer(
        take_snapshot(given.python, wanted, gpu_seen=gpu_seen, cards=cards, deadline=given.deadline)
    )


if __name__ == "__main__":
    main()
