"""Formats other than torch's and pickle: whole files pass, cut ones are named."""

from __future__ import annotations

import gzip
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_debugger.artifacts import Checkpoint
from ml_debugger.readers.checkpoints import READERS
from ml_debugger.readers.head import read_head
from ml_debugger.testing.twins.checkpoints import neural_weights, safetensors_bytes
from ml_debugger.testing.xgboost_file import model_bytes

Read = Callable[[Path], Checkpoint]

FEATURES = ("momentum_20", "rsi_14", "volume_ratio_20")


def safetensors() -> bytes:
    return safetensors_bytes(neural_weights(np.random.default_rng(1)), {"epoch": "4"})


def ubj() -> bytes:
    return model_bytes(FEATURES, 3, np.random.default_rng(1))


def xgboost_json() -> bytes:
    tree = {"left_children": [-1], "split_conditions": [0.1], "base_weights": [0.1]}
    model = {"gbtree_model_param": {"num_trees": "2"}, "trees": [tree, tree]}
    learner = {
        "feature_names": list(FEATURES),
        "gradient_booster": {"model": model, "name": "gbtree"},
        "learner_model_param": {"num_feature": "3"},
        "objective": {"name": "reg:squarederror"},
    }
    return json.dumps({"learner": learner, "version": [2, 1, 0]}).encode()


def lightgbm() -> bytes:
    trees = "".join(f"Tree={n}\nnum_leaves=3\nleaf_value=0.1 0.2 0.3\n\n" for n in range(2))
    return (
        f"tree\nversion=v4\nnum_class=1\nfeature_names={' '.join(FEATURES)}\ntree_sizes=40 40\n\n"
        f"{trees}end of trees\n\nfeature_importances:\nrsi_14=2\n\nparameters:\n[a: 1]\n"
        "end of parameters\n"
    ).encode()


def hdf5(version: int = 0) -> bytes:
    size = 600
    if version < 2:
        head = bytes([version, 0, 0, 0, 0, 8, 8, 0]) + b"\x04\0\x10\0" + bytes(4)
        head += b"\x20\0\0\0" if version == 1 else b""
    else:
        head = bytes([version, 8, 8, 0])
    head += struct.pack("<QQQ", 0, 2**64 - 1, size)
    body = b"\x89HDF\r\n\x1a\n" + head + b"model_config keras_version"
    return body.ljust(size, b"\x07")


def onnx() -> bytes:
    def field(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2, len(content)]) + content

    tensor = field(1, b"\x03\x04") + b"\x10\x01" + field(8, b"w") + field(9, bytes(48))
    node = field(1, b"x") + field(2, b"y") + field(4, b"Relu")
    graph = field(1, node) + field(2, b"net") + field(5, tensor)
    return b"\x08\x09" + field(2, b"\x01maker") + field(7, graph) + field(8, b"\x10\x11")


def legacy_xgboost() -> bytes:
    def named(text: bytes) -> bytes:
        return struct.pack("<Q", len(text)) + text

    learner = struct.pack("<fIi", 0.5, 3, 0).ljust(136, b"\0")
    forest = struct.pack("<i", 2).ljust(160, b"\0")
    tree = struct.pack("<iiiiii", 1, 3, 0, 1, 3, 0).ljust(148, b"\0") + bytes(3 * 36)
    return learner + named(b"reg:linear") + named(b"gbtree") + forest + tree * 2 + bytes(8)


def npy() -> bytes:
    import io

    stream = io.BytesIO()
    np.save(stream, np.arange(40, dtype=np.float32).reshape(8, 5))
    return stream.getvalue()


WHOLE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "safetensors": ("m.safetensors", safetensors),
    "xgboost-ubj": ("m.ubj", ubj),
    "xgboost-json": ("m.json", xgboost_json),
    "lightgbm-text": ("m.txt", lightgbm),
    "keras-h5": ("m.h5", hdf5),
    "onnx": ("m.onnx", onnx),
    "xgboost-legacy": ("m.model", legacy_xgboost),
    "npy": ("m.npy", npy),
}
CUT_FROM = {"xgboost-json": 90, "lightgbm-text": 20, "xgboost-legacy": 180, "npy": 12}
"""Shorter beginnings of these are not to be told from other text or bytes."""


@pytest.mark.parametrize("kind", WHOLE)
def test_whole_files_have_no_problem(kind: str, tmp_path: Path, read: Read) -> None:
    name, build = WHOLE[kind]
    file = tmp_path / name
    file.write_bytes(build())
    checkpoint = read(file)
    assert (checkpoint.format, checkpoint.problem) == (kind, None)
    assert checkpoint.size == len(build())


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), kind=st.sampled_from(sorted(WHOLE)))
def test_every_truncation_is_noticed(
    data: st.DataObject, kind: str, tmp_path: Path, read: Read
) -> None:
    name, build = WHOLE[kind]
    whole = build().rstrip(b"\n")
    if kind == "lightgbm-text":
        # what follows the trees is not needed for loading
        whole = whole[: whole.index(b"end of trees") + 12]
    file = tmp_path / name
    file.write_bytes(whole[: data.draw(st.integers(CUT_FROM.get(kind, 0), len(whole) - 1))])
    assert read(file).problem is not None


def test_features_and_trees_of_boosted_models(tmp_path: Path, read: Read) -> None:
    for name, content in (("a.ubj", ubj()), ("b.json", xgboost_json()), ("c.txt", lightgbm())):
        (tmp_path / name).write_bytes(content)
        checkpoint = read(tmp_path / name)
        assert checkpoint.features == FEATURES
        assert int(checkpoint.details["trees"]) >= 2


def test_a_missing_tree_is_noticed(tmp_path: Path, read: Read) -> None:
    model = json.loads(xgboost_json())
    model["learner"]["gradient_booster"]["model"]["trees"].pop()
    (tmp_path / "m.json").write_text(json.dumps(model))
    assert read(tmp_path / "m.json").problem == "announces 2 trees and holds 1"


def test_tensors_and_epoch_of_safetensors(tmp_path: Path, read: Read) -> None:
    file = tmp_path / "m.safetensors"
    file.write_bytes(safetensors())
    checkpoint = read(file)
    assert checkpoint.epoch == 4
    assert ("head.weight", "F32", (1, 8)) in [
        (t.name, t.dtype, t.shape) for t in checkpoint.tensors
    ]


def test_initialisers_of_onnx(tmp_path: Path, read: Read) -> None:
    (tmp_path / "m.onnx").write_bytes(onnx())
    assert [(t.name, t.dtype, t.shape) for t in read(tmp_path / "m.onnx").tensors] == [
        ("w", "FLOAT", (3, 4))
    ]


@pytest.mark.parametrize("version", [0, 1, 2, 3])
def test_all_superblocks_of_hdf5(version: int, tmp_path: Path, read: Read) -> None:
    file = tmp_path / "m.h5"
    file.write_bytes(hdf5(version))
    assert read(file).problem is None
    file.write_bytes(hdf5(version)[:-1])
    assert read(file).problem == "is cut short: 1 of 600 bytes are missing"


def test_npz_and_keras_archives(tmp_path: Path, read: Read) -> None:
    np.savez(tmp_path / "a.npz", x=np.arange(3), y=np.ones(4))
    with zipfile.ZipFile(tmp_path / "b.keras", "w") as archive:
        for member in ("metadata.json", "config.json", "model.weights.h5"):
            archive.writestr(member, "{}" * 20)
    for name, kind in (("a.npz", "npz"), ("b.keras", "keras-zip")):
        file = tmp_path / name
        assert (read(file).format, read(file).problem) == (kind, None)
        file.write_bytes(file.read_bytes()[:-5])
        assert read(file).problem is not None


def test_xgboost_itself_loads_the_model_written_by_hand(tmp_path: Path) -> None:
    xgboost = pytest.importorskip("xgboost")
    file = tmp_path / "m.ubj"
    file.write_bytes(ubj())
    assert xgboost.Booster(model_file=str(file)).feature_names == list(FEATURES)


@pytest.mark.parametrize("name", ["m.ubj", "m.json"])
def test_models_that_xgboost_wrote(name: str, tmp_path: Path, read: Read) -> None:
    xgboost = pytest.importorskip("xgboost")
    rng = np.random.default_rng(3)
    data = xgboost.DMatrix(rng.normal(size=(60, 3)), rng.normal(size=60), feature_names=FEATURES)
    booster = xgboost.train({"max_depth": 2, "nthread": 1}, data, 4)
    booster.save_model(tmp_path / name)
    checkpoint = read(tmp_path / name)
    assert checkpoint.problem is None
    assert checkpoint.features == FEATURES
    assert checkpoint.details["trees"] == "4"


def test_the_end_of_hdf5_counts_the_user_block(tmp_path: Path, read: Read) -> None:
    behind = bytearray(512) + hdf5()
    behind[512 + 24 : 512 + 48] = struct.pack("<QQQ", 512, 2**64 - 1, len(behind))
    file = tmp_path / "m.h5"
    file.write_bytes(behind)
    assert read(file).problem is None
    file.write_bytes(behind[:-1])
    assert read(file).problem is not None


def test_arrays_that_python_2_wrote(tmp_path: Path, read: Read) -> None:
    header = b"{'descr': '<i8', 'fortran_order': False, 'shape': (3L,), }".ljust(69) + b"\n"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(24)
    (tmp_path / "old.npy").write_bytes(content)
    assert read(tmp_path / "old.npy").problem is None


def test_a_gzipped_model_is_not_judged_by_offsets_of_the_plain_file(tmp_path: Path) -> None:
    file = tmp_path / "m.json.gz"
    file.write_bytes(gzip.compress(xgboost_json()))
    head = read_head(file, file.name)
    assert [reader.name for reader in READERS if reader.recognise(head)] == []
