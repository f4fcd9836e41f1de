"""A pickle machine that follows the stack and the memo and builds nothing.

Semantics of the opcodes: the comments of `pickletools` in Python's standard library.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from ml_debugger.readers.checkpoints.opcodes import BrokenPickleError, OpcodeStream
from ml_debugger.readers.checkpoints.symbols import (
    UNKNOWN,
    Global,
    Instance,
    Persistent,
    Program,
)

MAX_OPCODES = 1_000_000
"""Opcodes followed in one pickle: about two seconds. Measured on two cores of 2026."""

_MARK = object()
_SCALARS: dict[str, Callable[[bytes], Any]] = {
    "BININT": lambda raw: int.from_bytes(raw, "little", signed=True),
    "BININT1": lambda raw: raw[0],
    "BININT2": lambda raw: int.from_bytes(raw, "little"),
    "LONG1": lambda raw: int.from_bytes(raw, "little", signed=True),
    "LONG4": lambda raw: int.from_bytes(raw, "little", signed=True),
    "INT": lambda raw: raw == b"01" if raw in (b"00", b"01") else int(raw),
    "LONG": lambda raw: int(raw.rstrip(b"L")),
    "FLOAT": float,
    "BINFLOAT": lambda raw: struct.unpack(">d", raw)[0],
    "STRING": lambda raw: raw.decode("latin-1").strip("'\""),
    "BINSTRING": lambda raw: raw.decode("latin-1"),
    "SHORT_BINSTRING": lambda raw: raw.decode("latin-1"),
    "UNICODE": lambda raw: raw.decode("utf-8", "replace"),
    "BINUNICODE": lambda raw: raw.decode("utf-8", "replace"),
    "SHORT_BINUNICODE": lambda raw: raw.decode("utf-8", "replace"),
    "BINUNICODE8": lambda raw: raw.decode("utf-8", "replace"),
    "NONE": lambda _raw: None,
    "NEWTRUE": lambda _raw: True,
    "NEWFALSE": lambda _raw: False,
    "EMPTY_LIST": lambda _raw: [],
    "EMPTY_TUPLE": lambda _raw: (),
    "EMPTY_DICT": lambda _raw: {},
    "EMPTY_SET": lambda _raw: UNKNOWN,
    "NEXT_BUFFER": lambda _raw: UNKNOWN,
    "BINBYTES": lambda raw: raw,
    "SHORT_BINBYTES": lambda raw: raw,
    "BINBYTES8": lambda raw: raw,
    "BYTEARRAY8": lambda raw: raw,
    "MARK": lambda _raw: _MARK,
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_IGNORED = frozenset({"PROTO", "FRAME", "READONLY_BUFFER"})

AfterBuild = Callable[[Instance, OpcodeStream], None]
"""Called when a state was set on an instance; joblib keeps raw arrays at that place."""


class Machine:
    """Follows one pickle from its first opcode to STOP.

    `announced` tells whether it began with the number of its protocol, as all since Python 2.3 do.
    """

    def __init__(self, stream: OpcodeStream, after_build: AfterBuild | None = None) -> None:
        self._stream = stream
        self._after_build = after_build
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._globals: dict[Global, None] = {}
        self.announced = False

    @property
    def globals(self) -> list[Global]:
        """The names imported up to here, also when the pickle broke off."""
        return list(self._globals)

    def run(self) -> Program:
        """Follow the pickle. Raises BrokenPickleError where it cannot be followed."""
        for _ in range(MAX_OPCODES):
            read = self._stream.next()
            if read is None:
                raise BrokenPickleError(
                    f"ends after {self._stream.position:,} bytes, before the pickle does"
                )
            name, raw = read
            if name == "STOP":
                return Program(self._pop(), self.globals, complete=True)
            self.announced |= name == "PROTO"
            self._step(name, raw)
        return Program(UNKNOWN, self.globals, complete=False)

    def _step(self, name: str, raw: bytes) -> None:
        if name in _SCALARS:
            try:
                self._stack.append(_SCALARS[name](raw))
            except ValueError:
                self._stack.append(UNKNOWN)
        elif name in _TUPLES:
            parts = [self._pop() for _ in range(_TUPLES[name])]
            self._stack.append(tuple(reversed(parts)))
        elif name not in _IGNORED:
            _ACTIONS[name](self, raw)

    def _pop(self) -> Any:
        if not self._stack or self._stack[-1] is _MARK:
            raise BrokenPickleError(
                f"takes from an empty stack before byte {self._stream.position:,}"
            )
        return self._stack.pop()

    def _top(self) -> Any:
        value = self._pop()
        self._stack.append(value)
        return value

    def _pop_mark(self) -> list[Any]:
        for depth in range(len(self._stack) - 1, -1, -1):
            if self._stack[depth] is _MARK:
                items = self._stack[depth + 1 :]
                del self._stack[depth:]
                return items
        raise BrokenPickleError(f"a mark is missing before byte {self._stream.position:,}")

    def _import(self, module: Any, name: Any) -> Any:
        if not (isinstance(module, str) and isinstance(name, str)):
            return UNKNOWN
        named = Global(module, name)
        self._globals[named] = None
        return named

    def _get(self, raw: bytes) -> None:
        self._fetch(int.from_bytes(raw, "little"))

    def _get_line(self, raw: bytes) -> None:
        self._fetch(self._number(raw))

    def _fetch(self, key: int) -> None:
        if key not in self._memo:
            raise BrokenPickleError(
                f"asks for memo {key}, never stored, before byte {self._stream.position:,}"
            )
        self._stack.append(self._memo[key])

    def _put(self, raw: bytes) -> None:
        self._memo[int.from_bytes(raw, "little")] = self._top()

    def _put_line(self, raw: bytes) -> None:
        self._memo[self._number(raw)] = self._top()

    def _number(self, raw: bytes) -> int:
        try:
            return int(raw)
        except ValueError:
            raise BrokenPickleError(
                f"a memo number is none before byte {self._stream.position:,}: {raw[:20]!r}"
            ) from None

    def _memoize(self, _raw: bytes) -> None:
        self._memo[len(self._memo)] = self._top()

    def _pop_any(self, _raw: bytes) -> None:
        if not self._stack:
            self._pop()
        self._stack.pop()

    def _dup(self, _raw: bytes) -> None:
        self._stack.append(self._top())

    def _discard_mark(self, _raw: bytes) -> None:
        self._pop_mark()

    def _append(self, _raw: bytes) -> None:
        self._extend([self._pop()])

    def _appends(self, _raw: bytes) -> None:
        self._extend(self._pop_mark())

    def _extend(self, items: list[Any]) -> None:
        target = self._top()
        if isinstance(target, list):
            target.extend(items)

    def _set_item(self, _raw: bytes) -> None:
        value = self._pop()
        self._set([self._pop(), value])

    def _set_items(self, _raw: bytes) -> None:
        self._set(self._pop_mark())

    def _set(self, pairs: list[Any]) -> None:
        target = self._top()
        into = target.items if isinstance(target, Instance) else target
        if isinstance(into, dict):
            into.update(_as_dict(pairs))

    def _list(self, _raw: bytes) -> None:
        self._stack.append(self._pop_mark())

    def _tuple(self, _raw: bytes) -> None:
        self._stack.append(tuple(self._pop_mark()))

    def _dict(self, _raw: bytes) -> None:
        self._stack.append(_as_dict(self._pop_mark()))

    def _add_items(self, _raw: bytes) -> None:
        self._pop_mark()
        self._top()

    def _frozenset(self, _raw: bytes) -> None:
        self._pop_mark()
        self._stack.append(UNKNOWN)

    def _global(self, raw: bytes) -> None:
        module, _, name = raw.decode("utf-8", "replace").partition("\n")
        self._stack.append(self._import(module, name))

    def _stack_global(self, _raw: bytes) -> None:
        name = self._pop()
        self._stack.append(self._import(self._pop(), name))

    def _extension(self, raw: bytes) -> None:
        code = str(int.from_bytes(raw, "little"))
        self._stack.append(self._import("copyreg extension", code))

    def _reduce(self, _raw: bytes) -> None:
        arguments = self._pop()
        self._stack.append(Instance(self._pop(), arguments))

    def _new_object_with_keywords(self, _raw: bytes) -> None:
        self._pop()
        self._reduce(_raw)

    def _inst(self, raw: bytes) -> None:
        arguments = tuple(self._pop_mark())
        self._global(raw)
        self._stack.append(Instance(self._pop(), arguments))

    def _obj(self, _raw: bytes) -> None:
        items = self._pop_mark()
        if not items:
            raise BrokenPickleError(f"a class is missing before byte {self._stream.position:,}")
        self._stack.append(Instance(items[0], tuple(items[1:])))

    def _build(self, _raw: bytes) -> None:
        state = self._pop()
        target = self._top()
        if isinstance(target, Instance):
            target.state = state
            if self._after_build is not None:
                self._after_build(target, self._stream)

    def _persistent_line(self, raw: bytes) -> None:
        self._stack.append(Persistent(raw.decode("utf-8", "replace")))

    def _persistent(self, _raw: bytes) -> None:
        self._stack.append(Persistent(self._pop()))


def _as_dict(pairs: list[Any]) -> dict[Any, Any]:
    keys, values = pairs[::2], pairs[1::2]
    return {
        key: value
        for key, value in zip(keys, values, strict=False)
        if isinstance(key, str | int | float | bytes)
    }


_ACTIONS: dict[str, Callable[[Machine, bytes], None]] = {
    "ADDITEMS": Machine._add_items,
    "APPEND": Machine._append,
    "APPENDS": Machine._appends,
    "BINGET": Machine._get,
    "BINPERSID": Machine._persistent,
    "BINPUT": Machine._put,
    "BUILD": Machine._build,
    "DICT": Machine._dict,
    "DUP": Machine._dup,
    "EXT1": Machine._extension,
    "EXT2": Machine._extension,
    "EXT4": Machine._extension,
    "FROZENSET": Machine._frozenset,
    "GET": Machine._get_line,
    "GLOBAL": Machine._global,
    "INST": Machine._inst,
    "LIST": Machine._list,
    "LONG_BINGET": Machine._get,
    "LONG_BINPUT": Machine._put,
    "MEMOIZE": Machine._memoize,
    "NEWOBJ": Machine._reduce,
    "NEWOBJ_EX": Machine._new_object_with_keywords,
    "OBJ": Machine._obj,
    "PERSID": Machine._persistent_line,
    "POP": Machine._pop_any,
    "POP_MARK": Machine._discard_mark,
    "PUT": Machine._put_line,
    "REDUCE": Machine._reduce,
    "SETITEM": Machine._set_item,
    "SETITEMS": Machine._set_items,
    "STACK_GLOBAL": Machine._stack_global,
    "TUPLE": Machine._tuple,
}
