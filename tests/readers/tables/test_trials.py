"""Tables and lists of trials: rows that are runs, told from rows that are parts of a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from ml_debugger.artifacts import RunHistory
from ml_debugger.readers.opening import open_file

Write = Callable[[str, str | bytes], Path]
COUNT = 8
SWEEP = {
    "trial": list(range(COUNT)),
    "learning_rate": [n / 100 for n in range(COUNT)],
    "max_depth": [3 + n % 4 for n in range(COUNT)],
}
SCORES = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2]
MIXED = [0.1, 0.9, 0.3, 0.5, 0.2, 0.8, 0.4, 0.6]


def histories(file: Path) -> list[RunHistory]:
    return [a for a in open_file(file, file.name, named=True) if isinstance(a, RunHistory)]


def csv(folder: Path, **columns: object) -> list[RunHistory]:
    pl.DataFrame(SWEEP | columns).write_csv(folder / "sweep.csv")
    return histories(folder / "sweep.csv")


def test_a_sweep_with_its_window_and_order(tmp_path: Path) -> None:
    [history] = csv(
        tmp_path, test_sharpe=SCORES, val_sharpe=MIXED,
        test_start=["2023-01-03"] * COUNT, test_end=["2023-12-29"] * COUNT,
    )  # fmt: skip
    assert (history.metric, history.ranked_by) == ("sharpe", "test")
    assert (str(history.start), str(history.end)) == ("2023-01-03", "2023-12-29")
    assert history.trials[1].validation_score == 0.9


def test_errors_are_better_when_small(tmp_path: Path) -> None:
    [history] = csv(tmp_path, test_rmse=[-s for s in SCORES], note=["x"] * COUNT)
    assert [trial.test_score for trial in history.trials] == SCORES


def test_a_marked_row_is_the_choice(tmp_path: Path) -> None:
    [history] = csv(tmp_path, oos_accuracy=MIXED, best=[n == 1 for n in range(COUNT)])
    assert [trial.name for trial in history.trials if trial.chosen] == ["1"]
    assert history.ranked_by is None


@pytest.mark.parametrize(
    "columns",
    [
        {"mean_test_score": SCORES, "std_test_score": MIXED},
        {"test_sharpe": SCORES, "fold": list(range(COUNT))},
        {"test_sharpe": SCORES, "symbol": list("ABCDEFGH")},
        {"test_sharpe": SCORES, "test_start": [f"20{n}-01-01" for n in range(10, 18)]},
        {"sharpe": SCORES},
        {"val_sharpe": SCORES},
    ],
    ids=["cross-validation", "folds", "tickers", "walking forward", "no test", "validation alone"],
)
def test_other_tables_are_no_trials(columns: dict[str, object], tmp_path: Path) -> None:
    assert csv(tmp_path, **columns) == []


@pytest.mark.parametrize("wrapped", [False, True])
def test_lists_of_objects(wrapped: bool, write: Write) -> None:
    rows = [
        {
            "run_id": f"r{n}",
            "params": {"lr": n / 10},
            "metrics": {"test_sharpe": s, "val_sharpe": m},
        }
        for n, (s, m) in enumerate(zip(SCORES, MIXED, strict=True))
    ]
    document = {"created": "2024-01-05", "trials": rows} if wrapped else rows
    [history] = histories(write("trials.json", json.dumps(document)))
    assert [trial.name for trial in history.trials][:2] == ["r0", "r1"]
    assert history.trials[0].validation_score == 0.1
