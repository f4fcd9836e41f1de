"""Nested records of metrics as flat ones: what stands deeper gets the path as its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MAX_DEPTH = 4
MAX_ENTRIES = 2_000

_UNSAID = frozenset(
    {"metrics", "metric", "values", "value", "data", "logs", "log", "scalars", "results", "result",
     "payload", "fields", "extra", "record", "info", "stats", "losses"}
)  # fmt: skip
"""Names of containers that say nothing about what is in them."""

SETTINGS = frozenset({"config", "hparams", "hyperparameters", "hyperparams", "params", "args",
                      "settings", "env_info", "system", "git", "_wandb"})  # fmt: skip
"""Names of containers that hold no metrics."""


def flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of a record by path, joined with slashes; containers of settings stay out."""
    found: dict[str, Any] = {}
    for name, value in _entries(record, "", 0):
        found.setdefault(name, value)
        if len(found) >= MAX_ENTRIES:
            break
    return found


def _entries(node: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    nested: list[tuple[str, Mapping[str, Any]]] = []
    for key, value in node.items():
        if isinstance(value, Mapping):
            plain = str(key).lower()
            if depth < MAX_DEPTH and plain not in SETTINGS:
                nested.append((prefix if plain in _UNSAID else f"{prefix}{key}/", value))
        elif not isinstance(value, list):
            yield f"{prefix}{key}", value
    # what a record says itself comes before what its parts say
    for below, value in nested:
        yield from _entries(value, below, depth + 1)
