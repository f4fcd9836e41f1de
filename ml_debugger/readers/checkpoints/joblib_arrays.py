"""Raw arrays that joblib writes between the opcodes of its pickles.

Layout: `NumpyArrayWrapper.write_array` and `read_array` in `joblib/numpy_pickle.py` of joblib
1.5: right behind the opcode that gives the wrapper its state come, for plain types, one byte
with the length of a padding, the padding, and the values; for objects a pickle of its own.
"""

from __future__ import annotations

import math
import re
from typing import Any

from ml_debugger.artifacts import Tensor
from ml_debugger.readers.checkpoints.machine import Machine
from ml_debugger.readers.checkpoints.opcodes import KEPT_BYTES, OpcodeStream
from ml_debugger.readers.checkpoints.symbols import Global, Instance

_WRAPPER = "NumpyArrayWrapper"
_TYPE = re.compile(r"([biufcSUVMmO?])(\d*)(?:\[\w+\])?")


class JoblibArrays:
    """Walks over the arrays of one pickle and remembers their types and shapes."""

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []
        self.globals: list[Global] = []

    def machine(self, stream: OpcodeStream) -> Machine:
        """What follows the pickle of an array of objects."""
        return Machine(stream)

    def after_build(self, instance: Instance, stream: OpcodeStream) -> None:
        """Walk over the values behind a wrapper; every other instance has none."""
        state = instance.state
        if not (_is_wrapper(instance) and isinstance(state, dict)):
            return
        dtype, shape = _dtype(state.get("dtype")), state.get("shape")
        if dtype is None or not isinstance(shape, tuple):
            return
        self.tensors.append(Tensor(f"array_{len(self.tensors)}", dtype, shape))
        if dtype.startswith("O"):
            inner = self.machine(stream).run()
            self.globals += inner.globals
            instance.held = inner.value
            return
        if state.get("numpy_array_alignment_bytes") is not None:
            stream.skip(stream.take(1)[0])
        size = math.prod(shape) * _item_bytes(dtype)
        if size <= KEPT_BYTES:
            instance.held = stream.take(size)
        else:
            stream.skip(size)


def _is_wrapper(instance: Instance) -> bool:
    made = [instance.callee]
    if isinstance(instance.arguments, tuple):
        made += instance.arguments[:1]
    return any(
        isinstance(part, Global)
        and part.module.startswith("joblib.numpy_pickle")
        and part.name == _WRAPPER
        for part in made
    )


def _dtype(value: Any) -> str | None:
    """The type's code from the call `numpy.dtype(code, …)`."""
    match value:
        case Instance(callee=Global(name="dtype"), arguments=(str(code), *_)) if _TYPE.fullmatch(
            code
        ):
            return code
    return None


def _item_bytes(code: str) -> int:
    found = _TYPE.fullmatch(code)
    letter, digits = (found[1], found[2]) if found else ("V", "0")
    width = int(digits) if digits else 1
    return width * 4 if letter == "U" else width
