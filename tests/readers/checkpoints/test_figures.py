"""The figures of stored tensors agree with NumPy and torch, whatever the way they are stored."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_debugger.artifacts import Checkpoint, TensorFigures
from ml_debugger.readers.checkpoints import spans
from ml_debugger.readers.checkpoints.element_types import element_type
from ml_debugger.readers.checkpoints.spans import Span, View, look
from ml_debugger.readers.checkpoints.tally import Tally
from ml_debugger.testing.torch_file import torch_zip
from ml_debugger.testing.twins.checkpoints import safetensors_bytes

Read = Callable[[Path], Checkpoint]
Values = np.ndarray
ODD = st.sampled_from([0.0, -0.0, 1.0, -2.5, np.nan, np.inf, -np.inf, 3e38, 1e-40])


def expected(values: Values) -> dict[str, float | None]:
    flat = values.astype(np.float64).reshape(-1)
    finite = flat[np.isfinite(flat)]
    rows = values.reshape(len(values), -1) if values.ndim else values.reshape(0, 1)
    known = finite.size > 0
    return {
        "count": flat.size,
        "nan": int(np.isnan(flat).sum()),
        "infinite": int(np.isinf(flat).sum()),
        "zeros": int((flat == 0).sum()),
        "minimum": finite.min() if known else None,
        "maximum": finite.max() if known else None,
        "mean": finite.mean() if known else None,
        "std": finite.std() if known else None,
        "rows": len(rows) if flat.size else 0,
        "zero_rows": int((rows == 0).all(axis=1).sum()) if flat.size else 0,
    }


def agree(figures: TensorFigures, values: Values) -> None:
    for name, value in expected(values).items():
        held = getattr(figures, name)
        if value is None or isinstance(value, int):
            assert held == value, name
        else:
            scale = max(1.0, abs(float(np.nanmax(np.abs(values)))))
            scale = scale if np.isfinite(scale) else 3e38
            assert held == pytest.approx(value, rel=1e-4, abs=1e-5 * scale), name


@settings(max_examples=120, deadline=None)
@given(
    numbers=st.lists(st.one_of(ODD, st.floats(-1e3, 1e3, width=32)), min_size=1, max_size=60),
    columns=st.integers(1, 6),
    cuts=st.lists(st.integers(0, 60), max_size=4),
)
def test_pieces_add_up_to_the_whole(numbers: list[float], columns: int, cuts: list[int]) -> None:
    rows = max(1, len(numbers) // columns)
    values = np.resize(np.array(numbers, dtype=np.float32), (rows, columns))
    kind = element_type("float32")
    assert kind is not None
    tally = Tally(kind, "float32", values.shape)
    places = sorted({0, values.size, *(cut for cut in cuts if cut < values.size)})
    for begin, end in pairwise(places):
        tally.feed(np.frombuffer(values.reshape(-1)[begin:end].tobytes(), dtype=np.uint8))
    agree(tally.figures(), values)


@pytest.mark.parametrize("code", ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1"])
def test_every_plain_type(code: str) -> None:
    values = (20 * np.random.default_rng(1).standard_normal((7, 5))).astype(code)
    values[3] = 0
    kind = element_type(code)
    assert kind is not None
    for big in (False, True):
        tally = Tally(kind, code, values.shape, big_endian=big)
        stored = values.astype(values.dtype.newbyteorder(">")) if big else values
        tally.feed(np.frombuffer(stored.tobytes(), dtype=np.uint8))
        agree(tally.figures(), values)


# codes and values of OCP's FP8 formats (E4M3: largest 448, NaN at S.1111.111; E5M2: largest
# 57,344, infinity at S.11111.00), and of bfloat16, the upper half of a float32
@pytest.mark.parametrize(
    ("name", "codes", "values"),
    [
        ("float8_e4m3fn", [0x7E, 0x01, 0x38, 0xFE, 0x7F], [448, 2**-9, 1.0, -448, np.nan]),
        ("float8_e5m2", [0x7B, 0x01, 0x3C, 0x7C, 0x7E], [57344, 2**-16, 1.0, np.inf, np.nan]),
        ("float8_e4m3fnuz", [0x7F, 0x40, 0x80], [240, 1.0, np.nan]),
        ("bfloat16", [0x80, 0x3F, 0x80, 0x7F], [1.0, np.inf]),
    ],
)
def test_small_floats(name: str, codes: list[int], values: list[float]) -> None:
    kind = element_type(name)
    assert kind is not None
    decoded = kind.decode(np.array(codes, dtype=np.uint8))
    np.testing.assert_array_equal(decoded, np.array(values, dtype=np.float32))


def test_types_that_are_not_looked_at() -> None:
    assert [element_type(name) for name in ("complex64", "F4", "C64", "object")] == [None] * 4


def test_equal_digests_mean_equal_bytes_shape_and_type(tmp_path: Path, read: Read) -> None:
    values = np.arange(12, dtype=np.float32)
    stored = {
        "a": values,
        "same": values.copy(),
        "shape": values.reshape(3, 4),
        "type": values.view(np.int32).astype("i8"),
        "moved": values + np.float32(1e-6),
    }
    (tmp_path / "m.pt").write_bytes(torch_zip(stored))
    digests = {name: one.digest for name, one in read(tmp_path / "m.pt").figures.items()}
    assert digests["a"] == digests["same"]
    assert len(set(digests.values())) == 4


@pytest.mark.parametrize("form", ["zip", "legacy"])
def test_views_on_one_storage(form: str, tmp_path: Path, read: Read) -> None:
    torch = pytest.importorskip("torch")
    base = torch.arange(-8, 16, dtype=torch.float32).reshape(4, 6)
    state = {
        "whole": base, "rows": base[1:3], "transposed": base.T, "columns": base[:, ::2],
        "expanded": torch.ones(1, 3).expand(5, 3), "scalar": base[2, 2], "empty": base[:0],
        "half": base.half(), "brain": base.bfloat16(), "flags": base > 0,
        "tied": {"again": base},
    }  # fmt: skip
    torch.save(state, tmp_path / "v.pt", _use_new_zipfile_serialization=form == "zip")
    checkpoint = read(tmp_path / "v.pt")
    assert checkpoint.problem is None
    state["tied.again"] = state.pop("tied")["again"]
    assert set(checkpoint.figures) == set(state)
    for name, tensor in state.items():
        values = tensor.float().numpy()
        figures = checkpoint.figures[name]
        assert figures.count == values.size
        assert figures.zeros == int((values == 0).sum())
        if values.size:
            assert (figures.minimum, figures.maximum) == (values.min(), values.max())
            assert figures.mean == pytest.approx(values.mean(), rel=1e-5, abs=1e-5)
        if values.ndim and figures.rows:
            assert figures.rows == len(values)


def test_float8_as_torch_decodes_it(tmp_path: Path, read: Read) -> None:
    torch = pytest.importorskip("torch")
    for name in ("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz"):
        codes = torch.arange(256, dtype=torch.int16).to(torch.uint8)
        decoded = codes.view(getattr(torch, name)).float().numpy()
        kind = element_type(name)
        assert kind is not None
        np.testing.assert_array_equal(kind.decode(codes.numpy()), decoded)
    torch.save({"w": torch.ones(3, 4).to(torch.float8_e4m3fn)}, tmp_path / "w.pt")
    assert read(tmp_path / "w.pt").figures["w"].mean == 1.0


def test_compressed_members_and_wrong_checksums(tmp_path: Path, read: Read) -> None:
    values = np.arange(3000, dtype=np.float32)
    whole, packed = tmp_path / "whole.pt", tmp_path / "packed.pt"
    whole.write_bytes(torch_zip({"w": values}))
    with (
        zipfile.ZipFile(whole) as source,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for member in source.infolist():
            target.writestr(member.filename, source.read(member))
    agree(read(packed).figures["w"], values)
    assert read(packed).figures["w"].digest == read(whole).figures["w"].digest
    content = bytearray(whole.read_bytes())
    content[content.index(values[100:110].tobytes())] ^= 1
    whole.write_bytes(content)
    assert "data/0" in (read(whole).problem or "")


def test_what_is_whole_of_a_truncated_file(tmp_path: Path, read: Read) -> None:
    tensors = {name: np.full((50, 4), n, dtype=np.float32) for n, name in enumerate("abc")}
    content = safetensors_bytes(tensors)
    (tmp_path / "m.safetensors").write_bytes(content[:-900])
    checkpoint = read(tmp_path / "m.safetensors")
    assert checkpoint.problem is not None
    assert list(checkpoint.figures) == ["a"]


def test_a_shape_beyond_its_bytes_is_refused(tmp_path: Path, read: Read) -> None:
    content = torch_zip({"w": np.ones((4, 4), dtype=np.float32)})
    large = (10**9).to_bytes(4, "little")
    # the shape (4, 4) of the pickle, with another first length
    at = content.index(b"\x8a\x01\x04\x8a\x01\x04")
    pickled = content[:at] + b"\x8a\x04" + large + b"\x8a\x01\x04" + content[at + 6 :]
    (tmp_path / "w.pt").write_bytes(_repacked(content, pickled))
    checkpoint = read(tmp_path / "w.pt")
    assert checkpoint.figures == {}
    assert checkpoint.problem == "tensor w reaches beyond its storage"


def _repacked(content: bytes, pickled: bytes) -> bytes:
    import io

    begin = pickled.index(b"\x80\x02")
    text = pickled[begin : pickled.index(b"PK\x03\x04", begin)]
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(out, "w") as target,
    ):
        for member in source.infolist():
            own = member.filename.endswith("data.pkl")
            target.writestr(member.filename, text if own else source.read(member))
    return out.getvalue()


def test_wrong_offsets_and_strides_give_no_figures(tmp_path: Path) -> None:
    file = tmp_path / "raw"
    file.write_bytes(np.arange(10, dtype="f4").tobytes())
    views = (
        View("negative", "float32", (2,), -4),
        View("beyond", "float32", (11,)),
        View("stride", "float32", (3, 3), 0, (4, 1)),
        View("backwards", "float32", (3,), 36, (-1,)),
        View("huge", "float32", (10**12,), 0, (0,)),
        View("sound", "float32", (2, 5)),
    )
    looked = look(file, [Span(0, 40, views)])
    assert list(looked.figures) == ["sound"]
    assert set(looked.left_out) == {view.name for view in views[:-1]}
    assert "values left out" in looked.details


def test_a_large_file_is_sampled_and_says_so(tmp_path: Path, monkeypatch, read: Read) -> None:
    monkeypatch.setattr(spans, "CHUNK", 4096)
    monkeypatch.setattr(spans, "MAX_LOOKED", 40_000)
    values = np.random.default_rng(1).standard_normal((100, 256)).astype(np.float32)
    file = tmp_path / "m.safetensors"
    file.write_bytes(safetensors_bytes({"w": values}))
    checkpoint = read(file)
    figures = checkpoint.figures["w"]
    assert checkpoint.details["values"] == "one of every 3 pieces of 4 KiB looked at"
    assert figures.rows == 0
    assert values.size / 4 < figures.count < values.size / 2
    assert figures.std == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("names", [True, False])
def test_tensors_with_an_optimizer_state(names: bool, tmp_path: Path, read: Read) -> None:
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(
        torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3), torch.nn.Linear(3, 1)
    )
    given = model.named_parameters() if names else model.parameters()
    optimizer = torch.optim.Adam(given)
    model[0].weight.requires_grad_(False)
    model(torch.randn(5, 4)).sum().backward()
    optimizer.step()
    torch.save(
        {"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "m.pt"
    )
    held = {f"model.{name}" for name in ("0.bias", "1.weight", "1.bias", "2.weight", "2.bias")}
    assert read(tmp_path / "m.pt").optimised == held


def test_an_optimizer_of_the_head_alone(tmp_path: Path, read: Read) -> None:
    def state(*shapes: tuple[int, ...]) -> dict[int, dict[str, Values]]:
        return {n: {"exp_avg": np.zeros(s, "f4")} for n, s in enumerate(shapes)}

    model = {"body.weight": np.ones((5, 5), "f4"), "head.weight": np.ones((2, 5), "f4")}
    for shapes, expected_names in (
        ([(2, 5)], {"model.head.weight"}),
        ([(5, 5), (2, 5)], {"model.body.weight", "model.head.weight"}),
        ([(7, 7)], None),
        ([], None),
    ):
        optimizer = {
            "state": state(*shapes),
            "param_groups": [{"params": list(range(len(shapes)))}],
        }
        (tmp_path / "m.pt").write_bytes(torch_zip({"model": model, "optimizer": optimizer}))
        assert read(tmp_path / "m.pt").optimised == expected_names
    twice = {"model": {**model, "twin.weight": np.ones((2, 5), "f4")},
             "optimizer": {"state": state((2, 5)), "param_groups": [{"params": [0]}]}}  # fmt: skip
    (tmp_path / "m.pt").write_bytes(torch_zip(twice))
    assert read(tmp_path / "m.pt").optimised is None


def test_onnx_initialisers(tmp_path: Path, read: Read) -> None:
    def field(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2, len(content)]) + content

    values = np.array([[1, 0, np.nan], [2, 3, 4]], dtype="f4")
    shape = field(1, b"\x02\x03") + b"\x10\x01"
    raw = shape + field(8, b"raw") + field(9, values.tobytes())
    listed = shape + field(8, b"listed") + field(4, values.tobytes())
    graph = field(1, field(4, b"Relu")) + field(5, raw) + field(5, listed)
    model = b"\x08\x09" + field(2, b"\x01maker") + bytes([7 << 3 | 2, len(graph) & 0x7F | 0x80])
    model += bytes([len(graph) >> 7]) + graph + field(8, b"\x10\x11")
    (tmp_path / "m.onnx").write_bytes(model)
    checkpoint = read(tmp_path / "m.onnx")
    assert checkpoint.problem is None
    assert [checkpoint.figures[name].nan for name in ("raw", "listed")] == [1, 1]


@settings(max_examples=60, deadline=None)
@given(entry=st.dictionaries(
    st.sampled_from(["dtype", "shape", "data_offsets"]),
    st.one_of(st.integers(-9, 10**14), st.sampled_from(["F32", "BF16", "I4"]),
              st.lists(st.integers(-9, 10**14), max_size=3)), max_size=3))  # fmt: skip
def test_absurd_headers_raise_nothing(entry: dict, tmp_path_factory) -> None:
    from tests.readers.checkpoints.conftest import read_file

    header = json.dumps({"w": entry, "v": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}})
    file = tmp_path_factory.mktemp("absurd") / "m.safetensors"
    file.write_bytes(len(header).to_bytes(8, "little") + header.encode() + bytes(8))
    read_file(file)
