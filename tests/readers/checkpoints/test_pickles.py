"""Pickles are followed, never loaded."""

from __future__ import annotations

import bz2
import gzip
import lzma
import pickle
import zlib
from collections import OrderedDict
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_debugger.artifacts import Checkpoint

Read = Callable[[Path], Checkpoint]

VALUE = OrderedDict(
    features=["a", "b"], when=date(2025, 1, 2), array=np.arange(6.0).reshape(2, 3), big=10**30
)
_SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Opened:
    """Opens a file when it is unpickled, so a reader that unpickles leaves a trace."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.file), "w")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol_is_whole(protocol: int, tmp_path: Path, read: Read) -> None:
    file = tmp_path / "value.pkl"
    file.write_bytes(pickle.dumps(VALUE, protocol))
    checkpoint = read(file)
    assert (checkpoint.format, checkpoint.problem) == ("pickle", None)
    assert "collections.OrderedDict" in checkpoint.details["globals"]
    assert "datetime.date" in checkpoint.details["globals"]


@_SETTINGS
@given(data=st.data(), protocol=st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_every_truncation_is_noticed(
    data: st.DataObject, protocol: int, tmp_path: Path, read: Read
) -> None:
    whole = pickle.dumps(VALUE, protocol)
    file = tmp_path / "cut.pkl"
    file.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    assert read(file).problem is not None


@_SETTINGS
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
    ),
    st.integers(2, pickle.HIGHEST_PROTOCOL),
)
def test_whatever_was_pickled_is_whole(
    tmp_path: Path, read: Read, value: object, protocol: int
) -> None:
    file = tmp_path / "any.pkl"
    file.write_bytes(pickle.dumps(value, protocol))
    assert read(file).problem is None


@_SETTINGS
@given(st.binary(max_size=300))
def test_arbitrary_bytes_raise_nothing(tmp_path: Path, read: Read, content: bytes) -> None:
    file = tmp_path / "any.joblib"
    file.write_bytes(b"\x80\x04" + content)
    read(file)


def test_nothing_is_executed(tmp_path: Path, read: Read) -> None:
    trace, file = tmp_path / "trace", tmp_path / "trap.pkl"
    file.write_bytes(pickle.dumps(Opened(trace)))
    checkpoint = read(file)
    assert checkpoint.problem is None
    assert checkpoint.details["globals"] in ("io.open", "_io.open")
    assert not trace.exists()


def test_a_dangerous_name_before_the_break_is_still_told(tmp_path: Path, read: Read) -> None:
    file = tmp_path / "broken.pkl"
    file.write_bytes(b"cbuiltins\nexec\n(X\xff\xff\xff\x20print()")
    checkpoint = read(file)
    assert checkpoint.problem is not None
    assert checkpoint.details["globals"] == "builtins.exec"


@pytest.mark.parametrize("compress", [zlib.compress, gzip.compress, bz2.compress, lzma.compress])
def test_compressed_files_are_followed_and_their_cuts_noticed(
    compress: Callable[[bytes], bytes], tmp_path: Path, read: Read
) -> None:
    packed = compress(pickle.dumps(VALUE))
    file = tmp_path / "value.joblib"
    file.write_bytes(packed)
    assert read(file).problem is None
    file.write_bytes(packed[: len(packed) // 2])
    assert read(file).problem is not None


def joblib_bytes(padding: int | None) -> bytes:
    """A scaler as joblib writes it: the array's values stand behind its wrapper's state."""
    values = np.arange(5, dtype="<f8").tobytes()
    state = (
        b"}(X\x05\x00\x00\x00shapeK\x05\x85"
        b"X\x05\x00\x00\x00dtypecnumpy\ndtype\n(X\x02\x00\x00\x00f8\x89\x88tR"
    )
    raw = values
    if padding is not None:
        state += b"X\x1b\x00\x00\x00numpy_array_alignment_bytesK\x10"
        raw = bytes([padding]) + b"\xff" * padding + values
    wrapper = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81" + state + b"ub"
    return b"\x80\x03}X\x05\x00\x00\x00mean_" + wrapper + raw + b"s."


@pytest.mark.parametrize("padding", [None, 0, 9])
def test_raw_arrays_of_joblib_are_walked_over(
    padding: int | None, tmp_path: Path, read: Read
) -> None:
    file = tmp_path / "scaler.joblib"
    whole = joblib_bytes(padding)
    file.write_bytes(whole)
    checkpoint = read(file)
    assert (checkpoint.format, checkpoint.problem) == ("joblib", None)
    assert [(t.dtype, t.shape) for t in checkpoint.tensors] == [("f8", (5,))]
    for cut in range(1, len(whole)):
        file.write_bytes(whole[:cut])
        assert read(file).problem is not None, cut
