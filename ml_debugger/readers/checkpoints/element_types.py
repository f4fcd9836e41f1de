"""Element types of stored tensors, by the names that formats give them, and their decoding.

bfloat16 is the upper half of a float32. The eight-bit floats and their special values:
Micikevicius et al., FP8 Formats for Deep Learning, 2022; the `fnuz` ones as in PyTorch 2.13.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

Values = np.ndarray[Any, Any]

_PLAIN = {
    "float64": "f8", "float32": "f4", "float16": "f2", "int64": "i8", "int32": "i4",
    "int16": "i2", "int8": "i1", "uint64": "u8", "uint32": "u4", "uint16": "u2", "uint8": "u1",
    "bool": "u1", "qint8": "i1", "quint8": "u1", "qint32": "i4",
    "F64": "f8", "F32": "f4", "F16": "f2", "I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1",
    "U64": "u8", "U32": "u4", "U16": "u2", "U8": "u1", "BOOL": "u1",
    "FLOAT": "f4", "DOUBLE": "f8", "FLOAT16": "f2", "INT64": "i8", "INT32": "i4", "INT16": "i2",
    "INT8": "i1", "UINT64": "u8", "UINT32": "u4", "UINT16": "u2", "UINT8": "u1",
}  # fmt: skip
_BFLOAT16 = frozenset({"bfloat16", "BF16", "BFLOAT16"})
_EIGHT_BITS = {
    "float8_e4m3fn": (4, 7, "fn"),
    "F8_E4M3": (4, 7, "fn"),
    "float8_e5m2": (5, 15, "ieee"),
    "F8_E5M2": (5, 15, "ieee"),
    "float8_e4m3fnuz": (4, 8, "fnuz"),
    "float8_e5m2fnuz": (5, 16, "fnuz"),
}
"""Bits of the exponent, its bias, and which codes are no numbers."""

_NUMPY = re.compile(r"[<>|=]?([biuf])([1248])")


@dataclass(frozen=True, slots=True)
class ElementType:
    """How the bytes of one type become numbers. `storage` is the code of NumPy for the raw ones."""

    storage: str
    floating: bool
    eight_bits: tuple[int, int, str] | None = None
    bfloat16: bool = False

    @property
    def item_bytes(self) -> int:
        """Bytes of one element."""
        return int(self.storage[1])

    def decode(self, raw: Values, *, big_endian: bool = False) -> Values:
        """Numbers in the machine's own types from bytes, a whole number of elements."""
        held = raw.view(f"{'>' if big_endian else '<'}{self.storage}")
        if self.eight_bits is not None:
            decoded: Values = _table(*self.eight_bits)[held]
            return decoded
        if self.bfloat16:
            return (held.astype(np.uint32) << np.uint32(16)).view(np.float32)
        if self.storage == "f2":
            return held.astype(np.float32)
        return held.astype(held.dtype.newbyteorder("="), copy=False)


def element_type(name: str) -> ElementType | None:
    """The type of a name in torch, safetensors, ONNX or NumPy; None for complex and packed ones."""
    if name in _BFLOAT16:
        return ElementType("u2", floating=True, bfloat16=True)
    if name in _EIGHT_BITS:
        return ElementType("u1", floating=True, eight_bits=_EIGHT_BITS[name])
    code = _PLAIN.get(name)
    if code is None and (found := _NUMPY.fullmatch(name)):
        code = "u1" if found[1] == "b" else found[1] + found[2]
    return None if code is None else ElementType(code, floating=code[0] == "f")


@cache
def _table(exponent_bits: int, bias: int, special: str) -> Values:
    """The values of all 256 codes."""
    codes = np.arange(256)
    mantissa_bits = 7 - exponent_bits
    sign = np.where(codes >= 128, -1.0, 1.0)
    exponent = (codes >> mantissa_bits) & ((1 << exponent_bits) - 1)
    fraction = (codes & ((1 << mantissa_bits) - 1)) / (1 << mantissa_bits)
    normal = (1 + fraction) * 2.0 ** (exponent - bias)
    values = sign * np.where(exponent == 0, fraction * 2.0 ** (1 - bias), normal)
    if special == "fn":
        values[[0x7F, 0xFF]] = np.nan
    elif special == "fnuz":
        values[0x80] = np.nan
    else:
        top = exponent == (1 << exponent_bits) - 1
        values[top] = np.where(fraction[top] == 0, sign[top] * np.inf, np.nan)
    return values.astype(np.float32)
