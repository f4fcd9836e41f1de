"""Tensors and training facts in what a torch pickle says.

Storage classes, `_rebuild_*` functions and their arguments: `torch/_utils.py` and
`torch/storage.py` of PyTorch 2.13.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ml_debugger.artifacts import Tensor
from ml_debugger.readers.checkpoints.element_types import element_type
from ml_debugger.readers.checkpoints.spans import View
from ml_debugger.readers.checkpoints.stored_numbers import StoredNumbers, stored_numbers
from ml_debugger.readers.checkpoints.symbols import Global, Instance, Persistent, Program
from ml_debugger.readers.checkpoints.training_state import training_state, whole_modules

STORAGES = {
    "DoubleStorage": ("float64", 8),
    "FloatStorage": ("float32", 4),
    "HalfStorage": ("float16", 2),
    "BFloat16Storage": ("bfloat16", 2),
    "LongStorage": ("int64", 8),
    "IntStorage": ("int32", 4),
    "ShortStorage": ("int16", 2),
    "CharStorage": ("int8", 1),
    "ByteStorage": ("uint8", 1),
    "BoolStorage": ("bool", 1),
    "ComplexFloatStorage": ("complex64", 8),
    "ComplexDoubleStorage": ("complex128", 16),
    "QInt8Storage": ("qint8", 1),
    "QUInt8Storage": ("quint8", 1),
    "QInt32Storage": ("qint32", 4),
    "UntypedStorage": ("bytes", 1),
}
"""Element type and its bytes, by the name of torch's storage class."""

MAX_DEPTH = 60
MAX_TENSORS = 100_000
MOST = 2**63 - 1
"""The largest length: a pickle may state any number of digits."""

_INNER = frozenset({"_parameters", "_buffers", "_modules"})
_WRAPPERS = ("_rebuild_parameter", "_rebuild_parameter_with_state")
_PLAIN = ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_qtensor")


@dataclass(frozen=True, slots=True)
class Storage:
    """A block of raw values beside the pickle."""

    key: str
    dtype: str
    item_bytes: int
    count: int

    @classmethod
    def of(cls, reference: Any) -> Storage | None:
        """The storage that a persistent identifier names; None for any other value."""
        identifier = reference.identifier if isinstance(reference, Persistent) else None
        match identifier:
            case ("storage", Global(name=name), key, _, int(count), *_) if name in STORAGES:
                return cls(str(key), *STORAGES[name], min(count, MOST))
        return None


@dataclass(frozen=True, slots=True)
class TorchState:
    """What a torch pickle holds; `keys` are those of the outermost dict.

    `views` holds the tensors on each storage, by its key; `parts` are what is needed to resume,
    `modules` where whole modules stand.
    """

    tensors: tuple[Tensor, ...]
    storages: tuple[Storage, ...]
    views: Mapping[str, tuple[View, ...]]
    keys: tuple[str, ...]
    stored: StoredNumbers
    parts: frozenset[str]
    modules: tuple[str, ...]


def state_of(program: Program, file_name: str) -> TorchState:
    """Collect tensors (by dotted path), storages and training facts."""
    walk = _Walk()
    walk.into(program.value, "", 0)
    top = dict(_members(program.value))
    return TorchState(
        tensors=tuple(walk.tensors),
        storages=tuple(walk.storages.values()),
        views={key: tuple(views) for key, views in walk.views.items()},
        keys=tuple(str(key) for key in top),
        stored=stored_numbers(program.value, file_name),
        parts=training_state(program.value),
        modules=whole_modules(program.value),
    )


class _Walk:
    def __init__(self) -> None:
        self.tensors: list[Tensor] = []
        self.storages: dict[str, Storage] = {}
        self.views: dict[str, list[View]] = defaultdict(list)
        self._seen: set[int] = set()

    def into(self, value: Any, path: str, depth: int) -> None:
        if depth > MAX_DEPTH or len(self.tensors) >= MAX_TENSORS:
            return
        storage = Storage.of(value)
        if storage is not None:
            self.storages[storage.key] = storage
        if isinstance(value, Instance) and self._tensor(value, path):
            return
        if isinstance(value, dict | list | tuple | Instance):
            if id(value) in self._seen:
                return
            self._seen.add(id(value))
        for key, member in _members(value):
            self.into(member, path if key in _INNER else _joined(path, key), depth + 1)

    def _tensor(self, call: Instance, path: str) -> bool:
        name = call.callee.name if isinstance(call.callee, Global) else ""
        match name, call.arguments:
            case _, (inner, *_) if name in _WRAPPERS:
                self.into(inner, path, 0)
                return True
            case "_rebuild_from_type_v2", (Global() as function, _, tuple(arguments), *_):
                self.into(Instance(function, arguments), path, 0)
                return True
            case _, (reference, start, tuple(size), step, *_) if name in _PLAIN:
                return self._add(path, reference, start, size, step, None)
            case "_rebuild_tensor_v3", (
                reference, start, tuple(size), step, _, _, Global(name=dtype), *_,
            ):  # fmt: skip
                return self._add(path, reference, start, size, step, dtype)
        return False

    def _add(
        self,
        path: str,
        reference: Any,
        start: Any,
        size: tuple[Any, ...],
        step: Any,
        dtype: str | None,
    ) -> bool:
        storage = Storage.of(reference)
        if storage is None or not all(isinstance(length, int) for length in size):
            return False
        self.storages[storage.key] = storage
        size = tuple(max(-MOST, min(length, MOST)) for length in size)
        dtype = dtype or storage.dtype
        self.tensors.append(Tensor(path, dtype, size))
        kind = element_type(dtype)
        item_bytes = kind.item_bytes if kind is not None else storage.item_bytes
        strides = step if isinstance(step, tuple) and len(step) == len(size) else None
        if isinstance(start, int) and all(isinstance(n, int) for n in strides or ()):
            view = View(path, dtype, size, start * item_bytes, strides)
            self.views[storage.key].append(view)
        return True


def _members(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list | tuple):
        yield from enumerate(value)
    elif isinstance(value, Instance):
        yield from value.items.items()
        yield from _members(_pairs(value.arguments))
        states = value.state if isinstance(value.state, tuple) else (value.state,)
        for state in states:
            if isinstance(state, dict):
                yield from state.items()


def _pairs(arguments: Any) -> dict[Any, Any]:
    """The pairs that Python 2 handed to OrderedDict as a list."""
    match arguments:
        case (list(entries),):
            return {e[0]: e[1] for e in entries if isinstance(e, list | tuple) and len(e) == 2}
    return {}


def _joined(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)
