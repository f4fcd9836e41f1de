"""Checkpoints in the form that torch.save writes, made by hand without torch.

Layout: a zip archive with `data.pkl`, `byteorder`, `version` and one member for each storage, as
`torch/serialization.py` of PyTorch 2.13 writes and reads it. The pickle is written opcode by
opcode (protocol 2), because the names in it are those of a library that may not be there.
"""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

_STORAGES = {"f8": "DoubleStorage", "f4": "FloatStorage", "f2": "HalfStorage", "i8": "LongStorage"}


def torch_zip(content: Mapping[str, Any]) -> bytes:
    """Nested dictionaries, lists and plain values, with NumPy arrays for tensors."""
    storages: list[bytes] = []
    text = pickle.PROTO + b"\x02" + _value(content, storages) + pickle.STOP
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_member("data.pkl"), text)
        archive.writestr(_member("byteorder"), b"little")
        for key, raw in enumerate(storages):
            archive.writestr(_member(f"data/{key}"), raw)
        archive.writestr(_member("version"), b"3\n")
    return packed.getvalue()


def _member(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(f"archive/{name}", (1980, 1, 1, 0, 0, 0))


def _value(value: Any, storages: list[bytes]) -> bytes:
    match value:
        case None:
            return pickle.NONE
        case bool():
            return pickle.NEWTRUE if value else pickle.NEWFALSE
        case int():
            raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            return pickle.LONG1 + bytes([len(raw)]) + raw
        case float():
            return pickle.BINFLOAT + struct.pack(">d", value)
        case str():
            raw = value.encode()
            return pickle.BINUNICODE + struct.pack("<I", len(raw)) + raw
        case np.ndarray():
            return _tensor(value, storages)
        case list():
            items = b"".join(_value(item, storages) for item in value)
            return pickle.EMPTY_LIST + pickle.MARK + items + pickle.APPENDS
        case tuple():
            return pickle.MARK + b"".join(_value(item, storages) for item in value) + pickle.TUPLE
        case Mapping():
            pairs = (_value(k, storages) + _value(v, storages) for k, v in value.items())
            return pickle.EMPTY_DICT + pickle.MARK + b"".join(pairs) + pickle.SETITEMS
        case _:
            raise TypeError(f"{type(value).__name__} is not written to a checkpoint")


def _tensor(array: np.ndarray[Any, Any], storages: list[bytes]) -> bytes:
    rows = np.array(array, order="C")
    strides = tuple(step // rows.itemsize for step in rows.strides)
    key = str(len(storages))
    storages.append(rows.tobytes())

    def plain(value: Any) -> bytes:
        return _value(value, storages)

    kind = _name("torch", _STORAGES[rows.dtype.str[1:]])
    identifier = (plain("storage"), kind, plain(key), plain("cpu"), plain(rows.size))
    storage = pickle.MARK + b"".join(identifier) + pickle.TUPLE + pickle.BINPERSID
    hooks = _name("collections", "OrderedDict") + plain(()) + pickle.REDUCE
    arguments = (storage, plain(0), plain(rows.shape), plain(strides), plain(False), hooks)
    return (
        _name("torch._utils", "_rebuild_tensor_v2")
        + pickle.MARK
        + b"".join(arguments)
        + pickle.TUPLE
        + pickle.REDUCE
    )


def _name(module: str, name: str) -> bytes:
    return pickle.GLOBAL + f"{module}\n{name}\n".encode()
