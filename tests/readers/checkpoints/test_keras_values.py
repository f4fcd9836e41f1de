"""Values of HDF5 files, from one that is built here structure by structure."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_debugger.artifacts import Checkpoint

Read = Callable[[Path], Checkpoint]


class Builder:
    """Writes the old form of HDF5: symbol tables, version 1 headers, contiguous values."""

    def __init__(self) -> None:
        self.content = bytearray(b"\0" * 96)

    def put(self, block: bytes) -> int:
        self.content += b"\0" * (-len(self.content) % 8)
        at = len(self.content)
        self.content += block
        return at

    def header(self, *messages: tuple[int, bytes]) -> int:
        body = b"".join(struct.pack("<HHB3x", kind, len(data), 0) + data for kind, data in messages)
        return self.put(struct.pack("<BxHII4x", 1, len(messages), 1, len(body)) + body)

    def array(self, values: np.ndarray) -> int:
        start = self.put(values.tobytes())
        big = values.dtype.byteorder == ">"
        floating = values.dtype.kind == "f"
        bits = int(big) | (0 if floating else 8)
        space = struct.pack(f"<BBB5x{values.ndim}Q", 1, values.ndim, 0, *values.shape)
        kind = struct.pack("<BB2xI8x", 0x10 | int(floating), bits, values.itemsize)
        layout = struct.pack("<BBQQ6x", 3, 1, start, values.nbytes)
        return self.header((0x01, space), (0x03, kind), (0x08, layout))

    def group(self, members: dict[str, int]) -> int:
        names, places = b"\0" * 8, []
        for name in members:
            places.append(len(names))
            names += name.encode() + b"\0" * (8 - len(name) % 8)
        data = self.put(names)
        heap = self.put(b"HEAP" + struct.pack("<B3xQQQ", 0, len(names), 2**64 - 1, data))
        entries = b"".join(
            struct.pack("<QQ24x", place, at)
            for place, at in zip(places, members.values(), strict=True)
        )
        node = self.put(b"SNOD" + struct.pack("<BxH", 1, len(members)) + entries)
        tree = b"TREE" + struct.pack("<BBHQQQQQ", 0, 0, 1, 2**64 - 1, 2**64 - 1, 0, node, 8)
        return self.header((0x11, struct.pack("<QQ", self.put(tree), heap)))

    def file(self, root: int) -> bytes:
        self.put(b"keras_version")
        head = b"\x89HDF\r\n\x1a\n" + bytes([0, 0, 0, 0, 0, 8, 8, 0]) + b"\x04\0\x10\0" + bytes(4)
        head += struct.pack("<QQQQ", 0, 2**64 - 1, len(self.content), 2**64 - 1)
        head += struct.pack("<QQ24x", 0, root)
        self.content[: len(head)] = head
        return bytes(self.content)


KERNEL = np.array([[1, 0, np.nan], [0, 0, 0]], dtype="<f4")


def model() -> bytes:
    built = Builder()
    dense = built.group({
        "kernel:0": built.array(KERNEL),
        "bias:0": built.array(np.arange(3, dtype=">f8")),
        "seen:0": built.array(np.array([7], dtype="<i8")),
    })  # fmt: skip
    return built.file(built.group({"dense": built.group({"dense": dense})}))


def test_the_values_of_a_model(tmp_path: Path, read: Read) -> None:
    (tmp_path / "m.h5").write_bytes(model())
    checkpoint = read(tmp_path / "m.h5")
    assert checkpoint.problem is None
    assert [(t.name, t.dtype, t.shape) for t in checkpoint.tensors] == [
        ("dense/dense/kernel:0", "float32", (2, 3)),
        ("dense/dense/bias:0", "float64", (3,)),
        ("dense/dense/seen:0", "int64", (1,)),
    ]
    kernel = checkpoint.figures["dense/dense/kernel:0"]
    assert (kernel.nan, kernel.zeros, kernel.zero_rows, kernel.maximum) == (1, 4, 1, 1.0)
    assert checkpoint.figures["dense/dense/bias:0"].mean == 1.0
    assert checkpoint.figures["dense/dense/seen:0"].maximum == 7


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damage_anywhere_raises_nothing(data: st.DataObject, tmp_path: Path, read: Read) -> None:
    content = bytearray(model())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(12, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(100, len(content)))
    (tmp_path / "m.h5").write_bytes(content[:cut])
    read(tmp_path / "m.h5")


def test_the_values_inside_an_archive(tmp_path: Path, read: Read) -> None:
    for name, kind in (("plain.keras", zipfile.ZIP_STORED), ("packed.keras", zipfile.ZIP_DEFLATED)):
        with zipfile.ZipFile(tmp_path / name, "w", kind) as archive:
            archive.writestr("metadata.json", "{}")
            archive.writestr("config.json", "{}" * 300)
            archive.writestr("model.weights.h5", model())
    checkpoint = read(tmp_path / "plain.keras")
    assert (checkpoint.format, checkpoint.problem) == ("keras-zip", None)
    assert checkpoint.figures["dense/dense/kernel:0"].nan == 1
    assert checkpoint.figures["dense/dense/bias:0"].mean == 1.0
    packed = read(tmp_path / "packed.keras")
    assert (packed.problem, packed.tensors) == (None, ())
    assert "is compressed" in packed.details["values left out"]


def test_weights_alone_are_told_by_their_name(tmp_path: Path, read: Read) -> None:
    content = model().replace(b"keras_version", b"other_version")
    for name, kind in (("m.weights.h5", "keras-h5"), ("data.h5", "hdf5")):
        (tmp_path / name).write_bytes(content)
        assert read(tmp_path / name).format == kind
