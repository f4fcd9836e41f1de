"""Scalers inside a pickle, from what its opcodes put on the stack; nothing is built.

How NumPy pickles arrays: `ndarray.__reduce__` calls `_reconstruct` and sets the state
(version, shape, dtype, order, bytes); `ndarray.__reduce_ex__(5)` calls `_frombuffer`; a number
is `scalar(dtype, bytes)`. Attributes of scalers: scikit-learn 1.7, `sklearn.preprocessing`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ml_debugger.artifacts import Scaler
from ml_debugger.readers.checkpoints.symbols import Global, Instance
from ml_debugger.readers.scalers.fitted import fitted

CLASSES = frozenset({"StandardScaler", "MinMaxScaler", "RobustScaler"})
MAX_DEPTH = 8
MAX_NODES = 20_000


def scalers_in(value: Any, shown: str) -> list[Scaler]:
    """The scalers in what a pickle holds: alone, in containers, in pipelines."""
    found = []
    for trail, entries in _entries(value):
        subject = f"{shown} [{' / '.join(trail)}]" if trail else shown
        scaler = fitted(entries, subject, shown, numbers, names)
        if scaler is not None:
            found.append(scaler)
    return found


def _entries(value: Any) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Attributes of scalers, and dictionaries of arrays, with the keys that lead to them."""
    todo: list[tuple[tuple[str, ...], Any]] = [((), value)]
    seen: set[int] = set()
    while todo and len(seen) < MAX_NODES:
        trail, node = todo.pop()
        if id(node) in seen or len(trail) > MAX_DEPTH:
            continue
        seen.add(id(node))
        if isinstance(node, Instance):
            state = node.state if isinstance(node.state, dict) else {}
            if _class(node) in CLASSES:
                yield trail, state
                continue
            todo += [((*trail, str(key)), inner) for key, inner in state.items()]
            todo += [((*trail, str(key)), inner) for key, inner in node.items.items()]
        elif isinstance(node, dict):
            if any(isinstance(inner, Instance) for inner in node.values()):
                yield trail, node
            todo += [((*trail, str(key)), inner) for key, inner in node.items()]
        elif isinstance(node, list | tuple):
            todo += [(trail, inner) for inner in node]


def _class(node: Instance) -> str | None:
    """The name of the class that an instance is made of."""
    made = [node.callee]
    if isinstance(node.arguments, tuple):
        made += node.arguments[:1]
    return next((m.name for m in made if isinstance(m, Global) and m.name in CLASSES), None)


def numbers(value: Any) -> Sequence[float] | None:
    """The numbers of a pickled array of one dimension, of a number, or of a list of these."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return (float(value),)
    if isinstance(value, list | tuple):
        plain = [item for item in value if isinstance(item, int | float)]
        return [float(item) for item in plain] if plain and len(plain) == len(value) else None
    if not isinstance(value, Instance):
        return None
    match value:
        case Instance(callee=Global(name="scalar"), arguments=(kind, raw)):
            return _decoded(_latin(raw), kind, ())
        case Instance(callee=Global(name="_frombuffer"), arguments=(raw, kind, tuple(shape), _)):
            return _decoded(raw, kind, shape)
        case Instance(held=bytes(raw), state=dict(state)):
            return _decoded(raw, state.get("dtype"), state.get("shape"))
        case Instance(callee=Global(name="_reconstruct"), state=(_, tuple(shape), kind, _, raw)):
            return _decoded(_latin(raw), kind, shape)
    return None


def names(value: Any) -> Sequence[str] | None:
    """The texts of a pickled array of objects, or of a list."""
    match value:
        case Instance(held=held) if held is not None and not isinstance(held, bytes):
            return names(held)
        case Instance(callee=Global(name="_reconstruct"), state=(_, _, _, _, list(items))):
            return names(items)
        case list() | tuple() if value and all(isinstance(item, str) for item in value):
            return list(value)
    return None


def _decoded(raw: Any, kind: Any, shape: Any) -> Sequence[float] | None:
    code = _code(kind)
    if code is None or not isinstance(raw, bytes) or not isinstance(shape, tuple):
        return None
    # one number a feature: (n,), or (1, n) of those who keep dimensions
    if not all(isinstance(n, int) for n in shape) or sum(n > 1 for n in shape) > 1:
        return None
    if len(raw) != math.prod(shape) * np.dtype(code).itemsize:
        return None
    return [float(number) for number in np.frombuffer(raw, dtype=code)]


def _code(kind: Any) -> str | None:
    """A type's code with its byte order, from the call `numpy.dtype(code, …)` and its state."""
    match kind:
        case Instance(callee=Global(name="dtype"), arguments=(str(code), *_), state=state):
            order = state[1] if isinstance(state, tuple) and len(state) > 1 else "<"
            known = code in ("f4", "f8", "i4", "i8", "f2", "u4", "u8")
            return (order if order in ("<", ">") else "<") + code if known else None
    return None


def _latin(raw: Any) -> Any:
    """Bytes as protocol 2 writes them: a text that is to be encoded."""
    match raw:
        case Instance(callee=Global(name="encode"), arguments=(str(text), *_)):
            return text.encode("latin-1", "replace")
    return raw
