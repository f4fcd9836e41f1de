"""Plans of splits: folds of dated windows without any score."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ml_debugger.artifacts import Split
from ml_debugger.readers.head import read_head
from ml_debugger.readers.records.plan import READER
from ml_debugger.readers.tables import READERS

FOLDS = [
    {
        "fold": n,
        "train_start": f"{2010 + n}-01-04",
        "train_end": f"{2013 + n}-12-30",
        "test_start": f"{2014 + n}-01-02",
        "test_end": f"{2014 + n}-12-30",
    }
    for n in range(3)
]
TRAIN, TEST = "2010-01-04 to 2013-12-30", "2014-01-02 to 2014-12-30"


def split(content: Any, folder: Path) -> Split | None:
    file = folder / "splits.json"
    file.write_text(json.dumps(content))
    head = read_head(file, "splits.json")
    kind = READER.recognise(head)
    if kind is None:
        return None
    (found,) = READER.read(head, kind).artifacts
    assert isinstance(found, Split)
    return found


@pytest.mark.parametrize(
    ("content", "horizon", "parts"),
    [
        (FOLDS, None, 6),
        ({"horizon": 20, "folds": FOLDS}, 20, 6),
        ([{**fold, "horizon": 5} for fold in FOLDS], 5, 6),
        ({"splits": {"0": {"train": TRAIN.split(" to "), "test": TEST.split(" to ")}}}, None, 2),
        ({"train": TRAIN, "test": TEST}, None, 2),
    ],
)  # fmt: skip
def test_windows_are_a_split(content: Any, horizon: int | None, parts: int, tmp_path: Path) -> None:
    found = split(content, tmp_path)
    assert found is not None
    assert (found.horizon, len(found.windows)) == (horizon, parts)


@pytest.mark.parametrize(
    "content",
    [[], {}, [1, 2], {"train": [1, 2], "test": [3, 4]}, {"folds": [{"loss": 0.1}]}, {"folds": 5}],
)  # fmt: skip
def test_other_documents_are_no_plan(content: Any, tmp_path: Path) -> None:
    assert split(content, tmp_path) is None


def test_a_table_of_folds_is_a_split(tmp_path: Path) -> None:
    file = tmp_path / "folds.csv"
    pl.DataFrame(FOLDS).write_csv(file)
    head = read_head(file, "folds.csv")
    reader = next(r for r in READERS if r.recognise(head) is not None)
    (found,) = reader.read(head, reader.name).artifacts
    assert isinstance(found, Split)
    assert len(found.windows) == 6
