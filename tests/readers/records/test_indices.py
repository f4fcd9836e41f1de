"""Splits as lists of row numbers or dates, in JSON and in archives of arrays."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from ml_debugger.artifacts import Split
from ml_debugger.readers.opening import open_file

Write = Callable[[str, str | bytes], Path]
ROWS = list(range(40))
DAYS = [str(date(2020, 1, 1) + timedelta(days=n)) for n in ROWS]


def splits(file: Path) -> list[Split]:
    return [a for a in open_file(file, file.name, named=True) if isinstance(a, Split)]


def parts(split: Split) -> dict[tuple[int | None, str], int]:
    assert split.members is not None
    counts = split.members.group_by("fold", "part").len().collect()
    return {(fold, part): count for fold, part, count in counts.rows()}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"train": ROWS[:25], "test": ROWS[25:]}, {(None, "train"): 25, (None, "test"): 15}),
        (
            {"train_idx": ROWS[:20], "val_idx": ROWS[20:30], "test_idx": ROWS[30:]},
            {(None, "train"): 20, (None, "validation"): 10, (None, "test"): 10},
        ),
        (
            [{"train": ROWS[:10], "test": ROWS[10:20]}, {"train": ROWS[:20], "test": ROWS[20:30]}],
            {(0, "train"): 10, (0, "test"): 10, (1, "train"): 20, (1, "test"): 10},
        ),
        (
            {"fold_0": {"train": ROWS[:10], "val": ROWS[10:20]}, "fold_1": {"train": ROWS[10:]}},
            {(0, "train"): 10, (0, "validation"): 10, (1, "train"): 30},
        ),
        ([[ROWS[:10], ROWS[10:20]]], {(0, "train"): 10, (0, "test"): 10}),
        (
            {"train_mask": [n < 25 for n in ROWS], "test_mask": [n >= 25 for n in ROWS]},
            {(None, "train"): 25, (None, "test"): 15},
        ),
    ],
    ids=["parts", "three parts", "list of folds", "folds by name", "pairs", "masks"],
)
def test_row_numbers(
    document: Any, expected: dict[tuple[int | None, str], int], write: Write
) -> None:
    [split] = splits(write("splits.json", json.dumps(document)))
    assert parts(split) == expected
    assert split.windows == ()


def test_dates_give_windows_and_sessions(write: Write) -> None:
    document = {"train_dates": DAYS[:25], "test_dates": DAYS[24:]}
    [split] = splits(write("splits.json", json.dumps(document)))
    assert [str(w.start)[:10] for w in split.windows] == [DAYS[0], DAYS[24]]
    assert split.shared_rows == 1
    assert len(split.sessions) == 40


def test_a_long_list_is_known_by_its_beginning(write: Write) -> None:
    many = list(range(100_000))
    file = write("splits.json", json.dumps({"train": many[:80_000], "test": many[80_000:]}))
    assert parts(splits(file)[0]) == {(None, "train"): 80_000, (None, "test"): 20_000}


@pytest.mark.parametrize(
    "document",
    [
        {"train": [0.5, 0.4, 0.3] * 5, "test": [0.6, 0.5, 0.4] * 5},
        {"train": ROWS[:3], "test": ROWS[3:6]},
        {"train": ["AAPL"] * 12, "test": ["MSFT"] * 12},
        {"ids": ROWS},
    ],
    ids=["losses", "shapes", "tickers", "one list"],
)
def test_other_lists_are_no_splits(document: Any, write: Write) -> None:
    assert splits(write("other.json", json.dumps(document))) == []


def test_archives_of_arrays(tmp_path: Path) -> None:
    file = tmp_path / "folds.npz"
    rows = np.arange(40)
    np.savez(file, fold0_train_idx=rows[:20], fold0_test_idx=rows[20:])
    assert parts(splits(file)[0]) == {(0, "train"): 20, (0, "test"): 20}
    days = np.datetime64("2020-01-01") + rows
    np.savez(file, train_dates=days[:30], test_dates=days[30:])
    [split] = splits(file)
    assert [w.part for w in split.windows] == ["train", "test"]
    np.savez(file, train=np.ones((20, 3)), test=np.ones((5, 3)))
    assert splits(file) == []


@pytest.mark.parametrize(
    ("values", "column", "told"),
    [
        ({"split": ["Train", "purged", "Test"]}, "split", {"train", "test"}),
        ({"is_train": [True, True, False]}, "is_train", {"train", "test"}),
        ({"is_oos": [0, 0, 1]}, "is_oos", {"train", "test"}),
        ({"fold": [0, 1, 2]}, None, {"test"}),
    ],
    ids=["with purged rows", "yes and no", "numbers", "folds alone"],
)
def test_columns_of_parts(
    values: dict[str, list[Any]], column: str | None, told: set[str], tmp_path: Path
) -> None:
    days = [date(2020, 1, 1) + timedelta(days=n) for n in range(60)]
    (name, cells), *_ = values.items()
    frame = pl.DataFrame(
        {
            "date": days,
            "a": np.arange(60.0),
            "b": np.arange(60.0) ** 2,
            "c": 1.5,
            name: [cells[n // 20] for n in range(60)],
        }
    )
    frame.write_parquet(tmp_path / "table.parquet")
    [split] = splits(tmp_path / "table.parquet")
    assert split.column == column
    assert {part for _, part in parts(split)} == told
