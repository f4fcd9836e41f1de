"""Files made to harm whoever reads them: bombs, absurd numbers, names that climb, no files."""

from __future__ import annotations

import io
import os
import pickle
import struct
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ml_debugger.artifacts import Checkpoint, Unrecognised
from ml_debugger.readers.checkpoints import zip_members
from ml_debugger.testing.torch_file import torch_zip
from ml_debugger.testing.twins.checkpoints import safetensors_bytes
from ml_debugger.workspace.assembly import assemble
from ml_debugger.workspace.configuration import load

Read = Callable[[Path], Checkpoint]
HEAD = b"\x80\x02"
WEIGHTS = {"w": np.ones((4, 4), "f4")}


def archive(members: dict[str, bytes], *, compressed: bool = False) -> bytes:
    packed = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(packed, "w", kind) as into:
        for name, content in members.items():
            into.writestr(name, content)
    return packed.getvalue()


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as source:
        return {m.filename: source.read(m) for m in source.infolist()}


def bounded(file: Path, read: Read, *, seconds: float = 60, mib: int = 200) -> Checkpoint:
    """Read within bounds of time and of memory that Python hands out."""
    tracemalloc.start()
    begin = time.perf_counter()
    try:
        checkpoint = read(file)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.perf_counter() - begin < seconds
    assert peak < mib << 20
    return checkpoint


def pickled(text: bytes) -> bytes:
    return archive({"archive/data.pkl": HEAD + text + b".", "archive/version": b"3\n"})


def tensor(shape: bytes, *, start: bytes = b"K\x00", count: bytes = b"K\x04") -> bytes:
    """The opcodes of a dictionary with one float tensor on storage 0."""
    storage = (
        b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpu" + count + b"tQ"
    )
    arguments = storage + start + shape + b"K\x01\x85" + b"\x89N"
    return b"}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n(" + arguments + b"tRs"


def whole(number: int) -> bytes:
    raw = number.to_bytes(number.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8b" + struct.pack("<i", len(raw)) + raw


def stored(text: bytes, values: bytes = bytes(16)) -> bytes:
    return archive({"archive/data.pkl": HEAD + text + b".", "archive/data/0": values})


def test_a_member_that_unpacks_to_gigabytes(tmp_path: Path, read: Read, monkeypatch) -> None:
    monkeypatch.setattr(zip_members, "MAX_UNPACKED", 4 << 20)
    pickle_file = members(torch_zip(WEIGHTS))["archive/data.pkl"]
    bomb = archive({"archive/data.pkl": pickle_file, "archive/data/0": bytes(64),
                    "archive/zeros": bytes(40 << 20)}, compressed=True)  # fmt: skip
    (tmp_path / "m.pt").write_bytes(bomb)
    checkpoint = bounded(tmp_path / "m.pt", read, mib=100)
    assert checkpoint.problem is None
    assert checkpoint.details["checksums"] == "not compared"


def test_a_pickle_that_unpacks_to_gigabytes(tmp_path: Path, read: Read, monkeypatch) -> None:
    monkeypatch.setattr(zip_members, "MAX_KEPT", 1 << 20)
    text = HEAD + b"N0" * (2 << 20)
    (tmp_path / "m.pt").write_bytes(archive({"archive/data.pkl": text}, compressed=True))
    checkpoint = bounded(tmp_path / "m.pt", read)
    assert checkpoint.problem is None
    assert checkpoint.details["read"] == "the beginning only"


def test_a_member_that_states_less_than_it_holds(tmp_path: Path, read: Read) -> None:
    content = bytearray(archive({"archive/data.pkl": bytes(1 << 20)}, compressed=True))
    # both headers state 16 bytes
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(mark) + offset
        content[at : at + 4] = struct.pack("<I", 16)
    (tmp_path / "m.pt").write_bytes(content)
    assert bounded(tmp_path / "m.pt", read, mib=20).problem is not None


def test_entries_that_lie_on_each_other(tmp_path: Path, read: Read) -> None:
    content = archive({f"archive/{n:03d}": bytes(1 << 16) for n in range(50)}, compressed=True)
    end = content.index(b"PK\x01\x02")
    central = bytearray(content[end:])
    at = central.find(b"PK\x01\x02")
    while at >= 0:
        central[at + 42 : at + 46] = bytes(4)
        at = central.find(b"PK\x01\x02", at + 46)
    (tmp_path / "m.pt").write_bytes(content[:end] + central)
    assert bounded(tmp_path / "m.pt", read, mib=30).problem is not None


def test_archives_in_archives_are_not_opened(tmp_path: Path, read: Read) -> None:
    content = archive({"a.zip": bytes(9)})
    for _ in range(50):
        content = archive({"inner.zip": content})
    (tmp_path / "m.pt").write_bytes(archive({"archive/inner.zip": content}))
    assert "without the data.pkl" in (bounded(tmp_path / "m.pt", read).problem or "")


@pytest.mark.parametrize("name", ["../../../tmp/climbed", "/etc/climbed", "..\\climbed", "a/\0b"])
def test_names_that_climb_write_nothing(name: str, tmp_path: Path, read: Read) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    content = members(torch_zip(WEIGHTS)) | {name: b"climbed"}
    (inner / "m.pt").write_bytes(archive(content))
    read(inner / "m.pt")
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "b", "m.pt"]
    assert not Path("/tmp/climbed").exists()


ABSURD = {
    "terabytes": tensor(whole(10**12) + b"\x85"),
    "digits": tensor(whole(10**5000) + b"\x85"),
    "storage": tensor(b"K\x04\x85", count=whole(10**5000)),
    "offset": tensor(b"K\x04\x85", start=whole(10**5000)),
    "negative": tensor(whole(-5) + b"\x85"),
    "before": tensor(b"K\x04\x85", start=whole(-400)),
    "axes": tensor(b"(" + b"K\x02" * 20_000 + b"t"),
    "product": tensor(b"(" + whole(10**4000) * 200 + b"t"),
    "flags": tensor(b"\x88\x89\x86"),
}


@pytest.mark.parametrize("kind", ABSURD)
def test_absurd_shapes_and_places(kind: str, tmp_path: Path, read: Read) -> None:
    (tmp_path / "m.pt").write_bytes(stored(ABSURD[kind]))
    checkpoint = bounded(tmp_path / "m.pt", read)
    assert checkpoint.problem is not None or kind == "flags"
    assert len(checkpoint.problem or "") < 500


def test_a_storage_that_is_shorter_than_it_says(tmp_path: Path, read: Read) -> None:
    (tmp_path / "m.pt").write_bytes(stored(tensor(b"K\x04\x85"), bytes(15)))
    assert "15 of 16 bytes" in (read(tmp_path / "m.pt").problem or "")


def test_a_pickle_nested_without_end(tmp_path: Path, read: Read) -> None:
    (tmp_path / "deep.pt").write_bytes(pickled(b"]" * 50_000 + b"a" * 49_999))
    bounded(tmp_path / "deep.pt", read)
    around = b"]q\x00h\x00a"
    (tmp_path / "round.pt").write_bytes(pickled(around))
    assert bounded(tmp_path / "round.pt", read).problem is None


def test_a_billion_of_the_same(tmp_path: Path, read: Read) -> None:
    # a list of ten references to a list of ten references ...
    text = b"]q\x00" + b"".join(
        b"](" + b"h" + bytes([n]) + (b"h" + bytes([n])) * 9 + b"eq" + bytes([n + 1])
        for n in range(40)
    )
    (tmp_path / "m.pt").write_bytes(pickled(text))
    bounded(tmp_path / "m.pt", read)


def test_a_compressed_pickle_of_zeros(tmp_path: Path, read: Read) -> None:
    packer = zlib.compressobj(9)
    content = packer.compress(b"\x80\x04\x8e" + struct.pack("<Q", 300 << 20))
    for _ in range(300):
        content += packer.compress(bytes(1 << 20))
    content += packer.compress(b".") + packer.flush()
    (tmp_path / "m.pkl").write_bytes(content)
    assert len(content) < 1 << 20
    assert bounded(tmp_path / "m.pkl", read, seconds=20, mib=60).problem is None


def test_a_length_beyond_the_file(tmp_path: Path, read: Read) -> None:
    for length in (2**31, 2**63 - 1, 2**64 - 1):
        (tmp_path / "m.pkl").write_bytes(b"\x80\x04\x8e" + struct.pack("<Q", length) + b"abc.")
        assert bounded(tmp_path / "m.pkl", read, mib=20).problem is not None


def test_a_header_of_safetensors_that_states_exabytes(tmp_path: Path, read: Read) -> None:
    header = b'{"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,%d]}}'
    text = header % (2**63)
    (tmp_path / "m.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + bytes(16))
    checkpoint = bounded(tmp_path / "m.safetensors", read, mib=20)
    assert checkpoint.problem is not None
    assert not checkpoint.figures


def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder.pt").mkdir()
    os.mkfifo(tmp_path / "fifo.pt")
    (tmp_path / "zero.pt").touch()
    (tmp_path / "loop.pt").symlink_to(tmp_path / "loop.pt")
    (tmp_path / "inner").symlink_to(tmp_path)
    artifacts = assemble([tmp_path], load(tmp_path), configured=False).artifacts
    (zero,) = [a for a in artifacts if isinstance(a, Checkpoint)]
    assert zero.problem == "is empty: zero bytes"
    left = {Path(a.subject).name: a.content for a in artifacts if isinstance(a, Unrecognised)}
    assert left["fifo.pt"] == "is a FIFO, not a file"
    assert "loop.pt" in left


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="Linux counts what is read")
@pytest.mark.parametrize("name", ["m.pt", "m.safetensors"])
def test_every_byte_is_read_once(name: str, tmp_path: Path, read: Read) -> None:
    tensors = {f"layer.{n}": np.ones((1000, 1000), "f4") for n in range(8)}
    write = torch_zip if name == "m.pt" else safetensors_bytes
    (tmp_path / name).write_bytes(write(tensors))
    read(tmp_path / name)
    before = _read_so_far()
    assert read(tmp_path / name).figures
    assert (_read_so_far() - before) / (tmp_path / name).stat().st_size < 1.05


def _read_so_far() -> int:
    text = Path("/proc/self/io").read_text(encoding="ascii")
    return int(text.partition("rchar: ")[2].split()[0])


def test_pickles_of_other_protocols_under_torch_names(tmp_path: Path, read: Read) -> None:
    for protocol in range(6):
        (tmp_path / "m.pt").write_bytes(pickle.dumps({"a": [1, 2, 3]}, protocol))
        assert read(tmp_path / "m.pt").problem is None
