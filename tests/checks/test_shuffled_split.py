"""shuffled-split: interleaving is counted against blocks and against chance."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.leakage.shuffled_split import shuffled_split
from ml_debugger.artifacts import Split, Window
from ml_debugger.contract import Status
from tests.checks.table_judging import features_of, planted, read, twin_market
from tests.checks.test_splits import judge, split

DAYS = 600
START = date(2020, 1, 1)
ROW = np.arange(DAYS)
Draw = Callable[[np.random.Generator], np.ndarray]


def members(parts: dict[str, np.ndarray], fold: list[int] | None = None) -> Split:
    """A split of one series a ticker; parts by ticker in the order of time."""
    frames = [
        pl.DataFrame(
            {
                "time": [START + timedelta(days=n) for n in range(len(part))],
                "ticker": [ticker] * len(part),
                "fold": pl.Series(fold or [None] * len(part), dtype=pl.Int64),
                "part": part,
            }
        )
        for ticker, part in parts.items()
    ]
    rows = pl.concat(frames).filter(pl.col("part") != "").lazy()
    return Split("split", "f.parquet", (), None, None, None, members=rows)


def blocks(*held: tuple[int, int]) -> np.ndarray:
    part = np.full(DAYS, "train", dtype="<U10")
    for start, end in held:
        part[start:end] = "test"
    return part


def test_rows_drawn_at_random_fail() -> None:
    rng = np.random.default_rng(3)
    drawn = {t: np.where(rng.random(DAYS) < 0.8, "train", "test") for t in "AB"}
    assert judge(shuffled_split, members(drawn), None) is Status.FAIL


def test_days_drawn_at_random_fail() -> None:
    part = np.where(np.random.default_rng(3).random(DAYS) < 0.8, "train", "validation")
    assert judge(shuffled_split, members({"A": part, "B": part}), None) is Status.FAIL


def test_every_fifth_row_is_no_better() -> None:
    part = np.where(ROW % 5 == 0, "test", "train")
    assert judge(shuffled_split, members({"A": part}), None) is Status.FAIL


@pytest.mark.parametrize(
    "part",
    [
        blocks((420, 600)),
        blocks((200, 300)),
        blocks((100, 200), (400, 500)),
        blocks((0, 60), (180, 240), (300, 360), (480, 540)),
        np.where(ROW < 400, "train", np.where(ROW < 410, "", "test")),
        np.where((ROW // 20) % 5 == 4, "test", "train"),
    ],
    ids=["cut", "k-fold", "combinatorial", "combinatorial of four", "embargo", "months"],
)
def test_blocks_are_a_design(part: np.ndarray) -> None:
    assert judge(shuffled_split, members({"A": part, "B": part}), None) is Status.PASS


def test_weeks_that_alternate_are_a_warning() -> None:
    part = np.where((ROW // 5) % 5 == 4, "test", "train")
    assert judge(shuffled_split, members({"A": part}), None) is Status.WARN


def test_a_split_by_ticker_does_not_interleave() -> None:
    by_ticker = {t: np.full(DAYS, "test" if t in "CD" else "train") for t in "ABCDEF"}
    assert judge(shuffled_split, members(by_ticker), None) is Status.PASS


def test_folds_that_walk_forward_are_judged_one_by_one() -> None:
    parts = [members({"A": blocks((end, end + 50))[: end + 50]}, [end] * (end + 50)).members
             for end in range(100, 500, 50)]  # fmt: skip
    walking = Split(
        "split", None, (), None, None, None, members=pl.concat([p for p in parts if p is not None])
    )
    assert judge(shuffled_split, walking, None) is Status.PASS


@pytest.mark.parametrize(
    ("fold", "status"),
    [(ROW * 5 // DAYS, Status.PASS), (ROW * 7919 % 5, Status.FAIL)],
    ids=["in blocks", "mixed"],
)
def test_a_column_of_folds_alone(fold: np.ndarray, status: Status) -> None:
    held = members({"A": np.full(DAYS, "test")}, fold.tolist())
    assert judge(shuffled_split, held, None) is status


def positions(train: np.ndarray, test: np.ndarray) -> Split:
    rows = pl.DataFrame(
        {
            "time": np.concatenate([train, test]),
            "ticker": "",
            "fold": pl.Series([None] * DAYS, dtype=pl.Int64),
            "part": ["train"] * len(train) + ["test"] * len(test),
        }
    )
    return Split("split", None, (), None, None, None, members=rows.lazy())


def test_row_numbers_are_placed_by_the_table() -> None:
    drawn = np.random.default_rng(2).permutation(DAYS)
    mixed = positions(drawn[:480], drawn[480:])
    days = [START + timedelta(days=n // 6) for n in range(DAYS)]
    panel = pl.DataFrame({"ticker": ["A", "B", "C", "D", "E", "F"] * 100, "date": days, "x": 1.0})
    assert judge(shuffled_split, mixed, None) is Status.WARN
    assert judge(shuffled_split, mixed, features_of(panel)) is Status.FAIL
    by_ticker = positions(np.flatnonzero(ROW % 6 > 1), np.flatnonzero(ROW % 6 <= 1))
    assert judge(shuffled_split, by_ticker, features_of(panel)) is Status.PASS


WALK = (
    ("train", 0, "2020-01-02", "2020-06-30"),
    ("test", 0, "2020-07-15", "2020-09-30"),
    ("train", 1, "2020-01-02", "2020-09-30"),
    ("test", 1, "2020-10-15", "2020-12-31"),
)


def test_windows_that_lie_apart_pass_and_others_are_not_measured() -> None:
    assert judge(shuffled_split, split(*WALK), None) is Status.PASS
    covering = (
        ("train", None, "2020-01-02", "2020-12-30"),
        ("test", None, "2020-01-03", "2020-12-31"),
    )
    assert judge(shuffled_split, split(*covering), None) is Status.SKIP
    assert judge(shuffled_split, split(WALK[0]), None) is Status.SKIP


def test_a_record_that_says_it_shuffled_fails() -> None:
    assert judge(shuffled_split, split(*WALK, shuffled=True), None) is Status.FAIL
    assert judge(shuffled_split, split(*WALK, shuffled=False), None) is Status.PASS


def test_fires_on_its_planted_fault(tmp_path: Path) -> None:
    twin_market(tmp_path)
    planted(tmp_path, "shuffled-split")
    found = read(tmp_path / "data/features.parquet", Split)
    assert isinstance(found.windows[0], Window)
    assert judge(shuffled_split, found, None) is Status.FAIL


@settings(max_examples=30, deadline=None)
@given(cut=st.integers(10, DAYS - 10), gap=st.integers(0, 9))
def test_no_single_cut_is_accused(cut: int, gap: int) -> None:
    part = np.where(cut > ROW, "train", np.where(cut + gap > ROW, "", "test"))
    assert judge(shuffled_split, members({"A": part, "B": part[: DAYS // 2]}), None) is Status.PASS
