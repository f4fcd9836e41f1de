"""Saved scalers: read as opcodes, from JSON and from archives of arrays."""

from __future__ import annotations

import gzip
import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_debugger.artifacts import Checkpoint, FileRead, Scaler, Unrecognised
from ml_debugger.readers.opening import open_file

Write = Callable[[str, str | bytes], Path]
MEAN, SCALE = np.array([0.5, -2.0, 3.25]), np.array([1.0, 0.25, 8.0])


@pytest.fixture
def sklearn(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module in which classes are named as those of scikit-learn, so that pickles name it."""
    module = ModuleType("sklearn.preprocessing._data")
    for name in ("StandardScaler", "MinMaxScaler", "RobustScaler"):
        setattr(module, name, type(name, (), {"__module__": module.__name__}))
    monkeypatch.setitem(sys.modules, "sklearn", ModuleType("sklearn"))
    monkeypatch.setitem(sys.modules, "sklearn.preprocessing", ModuleType("sklearn.preprocessing"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def made(module: ModuleType, name: str, **state: Any) -> Any:
    scaler = getattr(module, name)()
    scaler.__dict__.update(state)
    return scaler


def scalers(file: Path) -> list[Scaler]:
    found = open_file(file, file.name, named=True)
    assert isinstance(found[-1], FileRead | Unrecognised)
    return [artifact for artifact in found if isinstance(artifact, Scaler)]


@pytest.mark.parametrize("protocol", range(1, pickle.HIGHEST_PROTOCOL + 1))
def test_a_standard_scaler_of_each_protocol(
    protocol: int, sklearn: ModuleType, write: Write
) -> None:
    names = np.array(["a", "b", "c"], dtype=object)
    scaler = made(sklearn, "StandardScaler", mean_=MEAN, scale_=SCALE, feature_names_in_=names)
    [found] = scalers(write("scaler.pkl", pickle.dumps(scaler, protocol)))
    assert found.kind == "standard"
    assert found.centre == tuple(MEAN)
    assert found.scale == tuple(SCALE)
    assert found.features == ("a", "b", "c")


def test_other_kinds_and_the_number_of_rows(sklearn: ModuleType, write: Write) -> None:
    least = made(sklearn, "MinMaxScaler", data_min_=MEAN, data_range_=SCALE, n_samples_seen_=412)
    middle = made(sklearn, "RobustScaler", center_=MEAN, scale_=SCALE, quantile_range=(10.0, 90.0))
    both = {"x_scaler": least, "steps": [("robust", middle)]}
    found = {s.kind: s for s in scalers(write("both.pkl", pickle.dumps(both)))}
    assert found["min-max"].samples == 412
    assert found["min-max"].subject == "both.pkl [x_scaler]"
    assert found["robust"].spread == (10.0, 90.0)
    assert found["robust"].scale == tuple(SCALE)


def test_a_dictionary_of_arrays(write: Write) -> None:
    pickled = pickle.dumps({"mean": MEAN.astype(">f4"), "std": SCALE, "features": ["a", "b", "c"]})
    [found] = scalers(write("stats.pkl", pickled))
    assert (found.centre, found.features) == (tuple(MEAN), ("a", "b", "c"))


def test_other_pickles_hold_none(write: Write) -> None:
    model = {"weights": MEAN, "shape": [(3, 4)], "mean": "none"}
    assert scalers(write("model.pkl", pickle.dumps(model))) == []
    wide = {"mean": np.zeros((3, 3)), "std": np.ones((3, 3))}
    assert scalers(write("wide.pkl", pickle.dumps(wide))) == []


@pytest.mark.parametrize(
    "document",
    [
        {"mean": [0.5, -2.0, 3.25], "std": [1.0, 0.25, 8.0], "feature_names": ["a", "b", "c"]},
        {"mean": dict(zip("abc", MEAN, strict=True)), "std": dict(zip("abc", SCALE, strict=True))},
        {n: {"mean": m, "std": s} for n, m, s in zip("abc", MEAN, SCALE, strict=True)},
        {"scaler_mean": list(MEAN), "scaler_scale": list(SCALE), "features": ["a", "b", "c"]},
        {"scaler": {"mean_": list(MEAN), "var_": list(SCALE**2), "columns": ["a", "b", "c"]}},
    ],
    ids=["lists", "by name inside", "by feature", "beside a model", "nested, with variances"],
)
def test_json_as_people_write_it(document: dict[str, Any], write: Write) -> None:
    [found] = scalers(write("scaler.json", json.dumps(document)))
    assert found.centre == pytest.approx(tuple(MEAN))
    assert found.scale == pytest.approx(tuple(SCALE))
    assert found.features == ("a", "b", "c")


@pytest.mark.parametrize(
    "document",
    [
        {"accuracy": {"mean": 0.5, "std": 0.1}, "loss": {"mean": 1.0, "std": 0.2}, "n": 3},
        {"mean": 0.5, "std": 0.1},
        {"mean": [1.0, 2.0], "std": [1.0, 2.0, 3.0]},
        {"mean": [1.0, None], "std": [1.0, 2.0]},
    ],
)
def test_other_json_is_no_scaler(document: dict[str, Any], write: Write) -> None:
    assert scalers(write("result.json", json.dumps(document))) == []


def test_an_archive_of_arrays(tmp_path: Path) -> None:
    file = tmp_path / "scaler.npz"
    np.savez(file, mean=MEAN, std=SCALE, feature_names=np.array(["a", "b", "c"]))
    [found] = scalers(file)
    assert (found.centre, found.features) == (tuple(MEAN), ("a", "b", "c"))
    assert any(isinstance(a, Checkpoint) for a in open_file(file, "scaler.npz", named=True))


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 400), flip=st.integers(0, 255), zipped=st.booleans())
def test_damage_is_survived(
    cut: int, flip: int, zipped: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = bytearray(pickle.dumps({"mean": MEAN, "std": SCALE}))
    at = cut % len(whole)
    damaged = bytes(whole[:at]) + bytes([flip]) + bytes(whole[at + 1 :])
    file = tmp_path_factory.mktemp("damage") / "scaler.pkl"
    file.write_bytes(gzip.compress(damaged[: max(cut, 3)]) if zipped else damaged)
    for scaler in scalers(file):
        assert len(scaler.centre) == len(scaler.scale)
