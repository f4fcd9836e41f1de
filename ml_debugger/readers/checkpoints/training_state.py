"""What a torch pickle holds for going on with a training, and which modules it holds whole.

Forms: `state_dict` of `torch.optim.Optimizer`, `LRScheduler` and `GradScaler` in PyTorch 2.13;
`_parameters`, `_buffers` and `_modules` are attributes of `torch.nn.Module`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ml_debugger.readers.checkpoints.symbols import Global, Instance, Persistent

OPTIMIZER, SCHEDULER, SCALER, RANDOM = "optimizer", "scheduler", "scaler", "random state"

_NAMED = {
    OPTIMIZER: re.compile(r"(?:^|_)optim", re.IGNORECASE),
    SCHEDULER: re.compile(r"sched", re.IGNORECASE),
    RANDOM: re.compile(r"rng|random_state", re.IGNORECASE),
}
_DEPTH = 4
_MOST = 64
"""Entries of one dictionary or list that are gone through: these parts stand near the top."""

_SETTINGS = re.compile(r"(?:hyper_?parameters|hparams|config|cfg|args)$", re.IGNORECASE)


def training_state(value: Any) -> frozenset[str]:
    """Which of optimizer, scheduler, scaler of the loss and random state are stored, not empty."""
    found: set[str] = set()
    for key, inner in _inside(value, "", 0):
        if _filled(inner):
            found |= {part for part, pattern in _NAMED.items() if pattern.search(key)}
        entries = _entries(inner)
        if isinstance(entries.get("param_groups"), list) and "state" in entries:
            found.add(OPTIMIZER)
        if "last_epoch" in entries and ("_step_count" in entries or "base_lrs" in entries):
            found.add(SCHEDULER)
        if "growth_factor" in entries and "scale" in entries:
            found.add(SCALER)
    return frozenset(found)


def whole_modules(value: Any) -> tuple[str, ...]:
    """Where objects of module classes stand, each with its class: such a file is more than data.

    Modules among stored settings, such as a loss, are left out: the weights do not depend on them.
    """
    return tuple(
        f"{path or 'the file'} is a {_class(inner)}"
        for path, inner in _inside(value, "", 0)
        if isinstance(inner, Instance)
        and isinstance(inner.state, dict)
        and {"_parameters", "_modules"} <= inner.state.keys()
    )


def _inside(value: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    yield path, value
    if depth >= _DEPTH or (isinstance(value, Instance) and isinstance(value.state, dict)):
        return
    members = list(enumerate(value)) if isinstance(value, list | tuple) else _entries(value).items()
    for key, inner in list(members)[:_MOST]:
        if isinstance(inner, dict | list | tuple | Instance) and not _SETTINGS.search(str(key)):
            yield from _inside(inner, f"{path}.{key}" if path else str(key), depth + 1)


def _entries(value: Any) -> dict[Any, Any]:
    if isinstance(value, Instance):
        return value.items or (value.state if isinstance(value.state, dict) else {})
    return value if isinstance(value, dict) else {}


def _filled(value: Any) -> bool:
    return isinstance(value, Instance) or bool(value)


def _class(module: Instance) -> str:
    """The class that is made: before release 1.6 torch stored it as ("module", class, source)."""
    match module.callee:
        case Persistent(identifier=("module", Global() as made, *_)):
            return str(made)
        case Global() as made:
            return str(made)
    return "module"
