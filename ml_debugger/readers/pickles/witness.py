"""A pickle machine that remembers what would be imported and called, and from where.

Semantics beyond those of the machine it extends: `Modules/_pickle.c` of CPython 3.13. Names of
Python 2 are those of Python 3 for protocols below 3 (`_compat_pickle`); text of protocol 0 has
escapes.
"""

from __future__ import annotations

import _compat_pickle
import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ml_debugger.artifacts import EmbeddedCode, PickleCall, PickleImport
from ml_debugger.readers.checkpoints.joblib_arrays import JoblibArrays
from ml_debugger.readers.checkpoints.machine import AfterBuild, Machine
from ml_debugger.readers.checkpoints.opcodes import BrokenPickleError, OpcodeStream
from ml_debugger.readers.checkpoints.symbols import UNKNOWN, Global, Instance
from ml_debugger.readers.pickles.record import Record
from ml_debugger.readers.pickles.rendering import arguments, code_names, rendered, root

_CALLS = frozenset({"REDUCE", "NEWOBJ", "NEWOBJ_EX", "OBJ", "INST"})
_NEW = frozenset({"NEWOBJ", "NEWOBJ_EX"})
_CHANGES = frozenset(
    {"BUILD", "SETITEM", "SETITEMS", "APPEND", "APPENDS", "ADDITEMS"},
)
_MODULE = re.compile(r"[\w.\-]+")

_VALUES = (str, bytes, int, float, list, dict, tuple, type(None))
_NO_ARGUMENTS = (str, bytes, int, float, list, dict, type(None), Global)
"""What Python refuses to call, and to take for arguments."""

OnBytes = Callable[[bytes, str], None]
"""Told bytes that a call would load as a file of their own, and what to call them."""

_LOADS_BYTES = frozenset({"torch.storage._load_from_bytes"})


@dataclass(slots=True, eq=False)
class Made(Instance):
    """An instance that its class's `__new__` made: text only where the class is that of text."""


class Witness(Machine):
    """Follows one pickle and writes into a record.

    `acts` counts imports and calls: a text that only looks like opcodes has none.
    """

    def __init__(
        self,
        stream: OpcodeStream,
        record: Record,
        member: str | None,
        on_bytes: OnBytes,
        after_build: AfterBuild | None = None,
    ) -> None:
        super().__init__(stream, after_build)
        self._record = record
        self._member = member
        self._on_bytes = on_bytes
        self._protocol = 0
        self.imports = 0
        self.calls = 0

    def _step(self, name: str, raw: bytes) -> None:
        self._record.spend_opcode()
        if name == "STRING":
            self._stack.append(_unescaped(raw))
            return
        if name == "UNICODE":
            self._stack.append(_decoded(raw))
            return
        if name == "PROTO":
            self._protocol = raw[0]
        super()._step(name, raw)
        if name in _NEW and isinstance(made := self._stack[-1], Instance):
            self._stack[-1] = Made(made.callee, made.arguments)
        if name in _CALLS:
            self._called(self._stack[-1])
        elif name in _CHANGES and isinstance(self._stack[-1], Global):
            self._tell(self._stack[-1], (name.lower(),), computed=False, kind="change")

    def _import(self, module: Any, name: Any) -> Any:
        if not (isinstance(module, str) and isinstance(name, str)):
            if _may_be_text(module) and _may_be_text(name):
                text = f"{rendered(module)}.{rendered(name)}"
                self._remember(text, computed=True)
            return UNKNOWN
        if not self.announced and _MODULE.fullmatch(module) is None:
            raise BrokenPickleError(f"{module[:40]!r} is no module")
        if self._protocol < 3:
            module, name = _of_python3(module, name)
        named = Global(module, name)
        self._globals[named] = None
        self._remember(str(named), computed=False)
        return named

    def _remember(self, name: str, *, computed: bool) -> None:
        self.imports += 1
        at = self._stream.position
        self._record.imported(PickleImport(name, at, self._member, computed))

    def _called(self, instance: Any) -> None:
        if not isinstance(instance, Instance):
            return
        if isinstance(instance.callee, _VALUES) or isinstance(instance.arguments, _NO_ARGUMENTS):
            raise BrokenPickleError(f"calls a value before byte {self._stream.position:,}")
        given = arguments(instance.arguments)
        names = code_names(instance)
        if names is not None:
            self._record.carries(EmbeddedCode("pickled-code", names, self._member))
        kind = "new" if isinstance(instance, Made) else "call"
        if isinstance(instance.callee, Global):
            self._tell(instance.callee, given, computed=False, kind=kind)
            self._look_into(instance)
        elif (named := root(instance.callee)) is not None:
            self._tell(named, given, computed=True, kind=kind)

    def _tell(
        self, callee: Global, given: tuple[str, ...], *, computed: bool, kind: str = "call"
    ) -> None:
        self.calls += 1
        at = self._stream.position
        self._record.called(PickleCall(str(callee), given, at, self._member, computed, kind))

    def _look_into(self, call: Instance) -> None:
        if str(call.callee) not in _LOADS_BYTES or not isinstance(call.arguments, tuple):
            return
        for one in call.arguments[:1]:
            if isinstance(one, bytes):
                self._on_bytes(one, f"bytes before {self._stream.position:,}")


class WitnessedArrays(JoblibArrays):
    """Arrays of joblib whose objects are followed by a witness too."""

    def __init__(self, witness: Callable[[OpcodeStream], Witness]) -> None:
        super().__init__()
        self._witness = witness

    def machine(self, stream: OpcodeStream) -> Machine:
        """The machine that follows an array of objects."""
        return self._witness(stream)


def _may_be_text(value: Any) -> bool:
    """Whether a value may turn out as text: text, or the result of an unknown call."""
    if isinstance(value, Made):
        return str(value.callee) == "builtins.str"
    if isinstance(value, Instance):
        return not str(root(value)).startswith(("numpy.", "joblib."))
    return isinstance(value, str)


def _of_python3(module: str, name: str) -> tuple[str, str]:
    if (module, name) in _compat_pickle.NAME_MAPPING:
        return _compat_pickle.NAME_MAPPING[module, name]
    return _compat_pickle.IMPORT_MAPPING.get(module, module), name


def _unescaped(raw: bytes) -> Any:
    text = raw.strip()
    if len(text) < 2 or text[0] != text[-1] or text[:1] not in (b"'", b'"'):
        raise BrokenPickleError(f"a text without quotes: {raw[:20]!r}")
    try:
        plain, _ = codecs.escape_decode(text[1:-1])
    except ValueError:
        return UNKNOWN
    return plain.decode("latin-1")


def _decoded(raw: bytes) -> Any:
    try:
        return raw.decode("raw-unicode-escape")
    except UnicodeDecodeError:
        return UNKNOWN
