import json
import math
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ml_debugger.data import write_json, write_parquet
from ml_debugger.data.storage import replace_file
from ml_debugger.errors import DataError


def test_json_has_no_numpy_and_no_nan(tmp_path: Path) -> None:
    record = {"a": np.float64(1.5), "b": math.nan, "c": np.int64(3), "d": [date(2024, 1, 2), None]}
    write_json(record, tmp_path / "deep" / "r.json")
    text = (tmp_path / "deep" / "r.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"a": 1.5, "b": None, "c": 3, "d": ["2024-01-02", None]}


@pytest.mark.parametrize("value", [math.inf, object(), {1, 2}])
def test_what_json_cannot_hold_is_named(tmp_path: Path, value: object) -> None:
    with pytest.raises(DataError, match=r"record\.folds\[0\]\.wfe"):
        write_json({"folds": [{"wfe": value}]}, tmp_path / "r.json")
    assert list(tmp_path.iterdir()) == []


def test_parquet_is_zstd_and_leaves_nothing_else(tmp_path: Path) -> None:
    write_parquet(pl.DataFrame({"a": [1, 2]}), tmp_path / "t.parquet")
    assert [p.name for p in tmp_path.iterdir()] == ["t.parquet"]
    assert pl.read_parquet(tmp_path / "t.parquet")["a"].to_list() == [1, 2]


@pytest.mark.parametrize("broken", ["write", "validate"])
def test_a_failure_leaves_the_old_file(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(b"old")

    def fail(temporary: Path) -> None:
        temporary.write_bytes(b"half")
        raise DataError("no")

    write = fail if broken == "write" else (lambda temporary: temporary.write_bytes(b"new"))
    with pytest.raises(DataError):
        replace_file(path, write, fail)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["model.bin"]
