"""Parts of a split that are files of their own."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from ml_debugger.artifacts import FeatureTable
from ml_debugger.workspace.links import link
from ml_debugger.workspace.part_files import part_files


def table(path: str, first: int, last: int, *features: str) -> FeatureTable:
    names = features or ("x", "y", "z")
    days = [date(2020, 1, 1) + timedelta(days=n) for n in range(first, last)]
    frame = pl.LazyFrame({"date": days, "ticker": "A", **dict.fromkeys(names, 1.0), "label_5": 0.0})
    return FeatureTable(
        path, path, frame, names, ("label_5",), "ticker", "date", len(days), {"label_5": 5}
    )


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("data/train.csv", "data/test.csv"),
        ("X_train.parquet", "X_test.parquet"),
        ("data/train/part.csv", "data/test/part.csv"),
        ("features_training.csv", "features_testing.csv"),
    ],
)
def test_files_that_differ_in_the_part_alone(train: str, test: str) -> None:
    first, second = table(train, 0, 60), table(test, 70, 90)
    [split] = part_files([first, second])
    assert [(w.part, w.rows) for w in split.windows] == [("train", 60), ("test", 20)]
    assert split.horizon == 5
    assert split.shared_rows == 0
    assert link([first, second, split]).linked(split, FeatureTable) == [first]


def test_shared_rows_are_counted() -> None:
    [split] = part_files([table("train.csv", 0, 60), table("val.csv", 50, 90)])
    assert split.shared_rows == 10


@pytest.mark.parametrize(
    "others",
    [
        [("other/test.csv", ())],
        [("test.csv", ("u", "v", "w"))],
        [("latest.csv", ())],
        [("test_a.csv", ())],
    ],
    ids=["another folder", "other features", "no part", "another name"],
)
def test_other_files_are_no_parts(others: list[tuple[str, tuple[str, ...]]]) -> None:
    tables = [table(path, 70, 90, *features) for path, features in others]
    assert part_files([table("train.csv", 0, 60), *tables]) == []
