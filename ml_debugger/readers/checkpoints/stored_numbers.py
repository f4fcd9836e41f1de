"""Epoch, step and losses that a training loop stores beside its weights.

Keys are those of Lightning, fairseq, mmengine, timm and the tutorials of PyTorch. What Lightning's
`ModelCheckpoint` keeps: `state_dict` in `lightning/pytorch/callbacks/model_checkpoint.py` of 2.6.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from ml_debugger.artifacts import TensorFigures
from ml_debugger.readers.checkpoints.pickled_scalers import numbers
from ml_debugger.readers.checkpoints.symbols import Instance

_CONTAINERS = ("meta", "metrics", "extra_state", "info", "stats", "train_state", "training_state")
"""Parts of a checkpoint in which some loops keep their counters and scores."""

_EPOCH = ("epoch", "epochs", "current_epoch")
_STEP = ("global_step", "step", "iteration", "iter", "num_updates", "n_iter", "global_steps")
_LOSS = ("loss", "train_loss", "training_loss")
_VALIDATION = re.compile(r"(?:val|valid|validation|eval|dev)[_/\- ]?loss(?:_epoch)?", re.IGNORECASE)
_BEST = re.compile(r"(?:best|min|lowest)[_/\- ]", re.IGNORECASE)
_CALLBACK = "ModelCheckpoint"
_LAST = re.compile(r"(?:^|[^a-z])(?:last|latest)(?![a-z])", re.IGNORECASE)

Stored = tuple[str, Any]
"""The dotted path of an entry and what stands there."""


@dataclass(frozen=True, slots=True)
class StoredNumbers:
    """Entries of one pickle by what they mean; a tensor's value is known once it was looked at.

    `best_val_loss` is the best of the run up to this save and not this save's own.
    """

    found: Mapping[str, Stored] = field(default_factory=dict)

    def number(self, meaning: str, figures: Mapping[str, TensorFigures]) -> float | None:
        """A finite number, plain or in a tensor of one element; None for any other value."""
        path, value = self.found.get(meaning, ("", None))
        plain = _plain(value)
        if plain is None and path in figures and figures[path].count == 1:
            plain = figures[path].minimum
        return plain


def stored_numbers(value: Any, file_name: str) -> StoredNumbers:
    """Look through the outermost dictionary, its counters and Lightning's callbacks."""
    found: dict[str, Stored] = {}
    top = _entries(value)
    places = [("", top)]
    places += [(f"{name}.", inner) for name in _CONTAINERS if (inner := _entries(top.get(name)))]
    for prefix, entries in places:
        for meaning, key in _meanings(entries):
            found.setdefault(meaning, (f"{prefix}{key}", entries[key]))
    for meaning, stored in _of_callback(_entries(top.get("callbacks")), file_name):
        found.setdefault(meaning, stored)
    return StoredNumbers(found)


def _meanings(entries: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    for meaning, names in (("epoch", _EPOCH), ("step", _STEP), ("loss", _LOSS)):
        for name in names:
            if name in entries:
                yield meaning, name
    for key in entries:
        if isinstance(key, str):
            best = _BEST.match(key)
            if _VALIDATION.fullmatch(key[best.end() :] if best else key):
                yield "best_val_loss" if best else "val_loss", key


def _of_callback(callbacks: Mapping[Any, Any], file_name: str) -> Iterator[tuple[str, Stored]]:
    """Scores of a callback that watches a validation loss.

    The score of this very file stands beside its name. The callback's current score is another
    file's where several callbacks save, and for `last.ckpt`, which is also saved without a score.
    """
    states = [
        (str(key), _entries(state))
        for key, state in callbacks.items()
        if str(key).startswith(_CALLBACK)
    ]
    for key, state in states:
        monitor = state.get("monitor")
        if not isinstance(monitor, str) or not _VALIDATION.fullmatch(monitor):
            continue
        path = f"callbacks.{key}"
        yield "best_val_loss", (f"{path}.best_model_score", state.get("best_model_score"))
        kept = _entries(state.get("best_k_models"))
        for name, score in kept.items():
            if PurePosixPath(str(name).replace("\\", "/")).name == file_name:
                yield "val_loss", (f"{path}.best_k_models.{name}", score)
        if len(states) == 1 and not _LAST.search(file_name):
            yield "val_loss", (f"{path}.current_score", state.get("current_score"))


def _entries(value: Any) -> Mapping[Any, Any]:
    if isinstance(value, Instance):
        return value.items
    return value if isinstance(value, dict) else {}


def _plain(value: Any) -> float | None:
    """A number of Python or NumPy that is finite."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        found = value
    else:
        held = numbers(value) if isinstance(value, Instance) else None
        if held is None or len(held) != 1:
            return None
        found = held[0]
    try:
        number = float(found)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
