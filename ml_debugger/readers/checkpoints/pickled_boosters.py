"""Boosted models inside a pickle: the bytes or the text that XGBoost and LightGBM put there.

`Booster.__getstate__` of XGBoost 3.2 holds a buffer in Universal Binary JSON under "handle"; that
of LightGBM 4.7 the model as text.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ml_debugger.artifacts import BoosterModel
from ml_debugger.readers.checkpoints import lightgbm_text, xgboost_trees
from ml_debugger.readers.checkpoints.symbols import Instance
from ml_debugger.readers.checkpoints.ubjson import BrokenUbjsonError, UbjsonReader

MAX_NODES = 20_000
_SHORTEST = 200


def boosters_in(values: Sequence[Any], kind: str, shown: str) -> list[BoosterModel]:
    """The whole models in what a pickle holds; several are told apart by a number."""
    found = [model for raw in _raw(values) if (model := _model(raw, kind, shown)) is not None]
    if len(found) < 2:
        return found
    return [replace(m, subject=f"{shown} [model {n}]") for n, m in enumerate(found, start=1)]


def _raw(values: Sequence[Any]) -> Iterator[bytes]:
    todo = list(values)
    seen: set[int] = set()
    while todo and len(seen) < MAX_NODES:
        node = todo.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, str) and len(node) >= _SHORTEST:
            yield node.encode("utf-8", "replace")
        elif isinstance(node, bytes) and len(node) >= _SHORTEST:
            yield node
        elif isinstance(node, Instance):
            todo += [node.arguments, node.state, node.held, *node.items.values()]
        elif isinstance(node, dict):
            todo += node.values()
        elif isinstance(node, list | tuple):
            todo += node


def _model(raw: bytes, kind: str, shown: str) -> BoosterModel | None:
    if lightgbm_text.START.match(raw):
        parsed = lightgbm_text.parse(raw.splitlines())
        return lightgbm_text.booster_of(parsed, kind, shown, shown)
    if raw.startswith(b"{L"):
        try:
            model = UbjsonReader(io.BytesIO(raw), xgboost_trees.KEPT).value()
        except BrokenUbjsonError:
            return None
        return xgboost_trees.booster_of(model, kind, shown, shown)
    return None
