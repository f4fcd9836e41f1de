"""Tables of trials: one row a run or a setting, with its score on the test data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from ml_debugger.artifacts import RunHistory, Trial
from ml_debugger.readers.tables.columns import TICKER, first_named, normal

HIGHER = (
    "sharpe", "sharpe_ratio", "sortino", "calmar", "total_return", "annual_return", "return",
    "returns", "cagr", "pnl", "profit", "directional_accuracy", "dir_acc", "direction_accuracy",
    "accuracy", "acc", "hit_rate", "win_rate", "balanced_accuracy", "auc", "roc_auc", "f1",
    "f1_score", "mcc", "ic", "rank_ic", "r2", "score",
)  # fmt: skip
LOWER = ("loss", "rmse", "mse", "mae", "mape", "logloss", "log_loss", "error", "brier")
ACCURACY = frozenset(
    {"directional_accuracy", "dir_acc", "direction_accuracy", "accuracy", "acc", "hit_rate"}
)
TEST = ("test", "oos", "out_of_sample", "holdout", "hold_out")
VALIDATION = ("val", "valid", "validation", "dev")
CHOSEN = ("selected", "chosen", "best", "is_best", "is_selected", "deployed", "winner", "final")
NAME = ("trial", "trial_id", "run", "run_id", "run_name", "experiment", "config", "config_id",
        "number", "name", "model", "id", "seed")  # fmt: skip
SEQUENCES = frozenset(
    {"epoch", "step", "global_step", "iteration", "round", "fold", "fold_id", "window", "walk"}
    | {"split", "batch", "year", "month", "week", "quarter", "period", "date", "day", "regime"}
)
"""Columns of tables whose rows are parts of one run, not runs."""

_CROSS_VALIDATION = re.compile(r"^(?:mean|std|rank)_test_|^split\d+_test_|_over_folds$")
"""What scikit-learn's searches write: their test folds are folds of a validation."""

MOST_TRIALS = 100_000
LEAST_RANKED = 5
"""Rows in the order of a score by chance: one in 120 for five."""


@dataclass(frozen=True, slots=True)
class _Scores:
    """The columns that hold the scores of one metric."""

    metric: str
    sign: int
    test: str
    validation: str | None


def trials_of(
    rows: pl.DataFrame | pl.LazyFrame, columns: Sequence[str], subject: str, path: str
) -> RunHistory | None:
    """The trials in a table whose rows are runs with a score on test data; None for others."""
    plain = [normal(column) for column in columns]
    if SEQUENCES & set(plain) or any(_CROSS_VALIDATION.search(name) for name in plain):
        return None
    scores = _scores(columns)
    if scores is None:
        return None
    named = first_named(columns, NAME)
    others = [c for c in columns if not _is_score(c) and c != named]
    if named is None and len(others) < 2:
        return None
    table = rows.lazy().head(MOST_TRIALS).collect()
    table = table.filter(pl.col(scores.test).cast(pl.Float64, strict=False).is_finite())
    window = _window(table, columns)
    if table.height < 2 or window is None or _several_markets(table, columns):
        return None
    return RunHistory(
        subject,
        path,
        metric="accuracy" if scores.metric in ACCURACY else scores.metric,
        trials=tuple(_trials(table, scores, named, first_named(columns, CHOSEN))),
        start=window[0],
        end=window[1],
        ranked_by=_ranked_by(table, scores),
    )


def _scores(columns: Iterable[str]) -> _Scores | None:
    spelled: dict[str, str] = {}
    for column in columns:
        spelled.setdefault(normal(column), column)
    for sign, metrics in ((1, HIGHER), (-1, LOWER)):
        for metric in metrics:
            test = _column(spelled, TEST, metric)
            if test is not None:
                return _Scores(metric, sign, test, _column(spelled, VALIDATION, metric))
    return None


def _column(spelled: dict[str, str], words: Iterable[str], metric: str) -> str | None:
    names = (name for word in words for name in (f"{word}_{metric}", f"{metric}_{word}"))
    return next((spelled[name] for name in names if name in spelled), None)


def _is_score(column: str) -> bool:
    return bool(set(normal(column).split("_")) & {*TEST, *VALIDATION, "train", "oos"})


def _several_markets(table: pl.DataFrame, columns: Sequence[str]) -> bool:
    """Whether rows are about different tickers: these were not scored on the same data."""
    ticker = first_named(columns, [name for name in TICKER if name not in NAME])
    return ticker is not None and table[ticker].n_unique() > 1


def _window(table: pl.DataFrame, columns: Sequence[str]) -> tuple[date | None, date | None] | None:
    """The test window that the rows state; None where they state different ones."""
    ends: list[date | None] = []
    for end in ("start", "end"):
        column = first_named(columns, [f"{w}_{e}" for w in TEST for e in (end, f"{end}_date")])
        if column is None:
            ends.append(None)
            continue
        if table[column].n_unique() > 1:
            return None
        value = table[column].cast(pl.String).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
        ends.append(value[0])
    return ends[0], ends[1]


def _trials(
    table: pl.DataFrame, scores: _Scores, named: str | None, chosen: str | None
) -> Iterable[Trial]:
    marks = _marks(table, chosen)
    tests = table[scores.test].cast(pl.Float64, strict=False)
    found = scores.validation
    checks = table[found].cast(pl.Float64, strict=False) if found is not None else None
    for at in range(table.height):
        check = checks[at] if checks is not None else None
        yield Trial(
            str(table[named][at]) if named is not None else f"row {at + 1}",
            scores.sign * tests[at],
            scores.sign * check if check is not None else None,
            chosen=marks[at],
        )


def _marks(table: pl.DataFrame, chosen: str | None) -> list[bool]:
    """Which rows are marked as the choice; none where all or most are."""
    if chosen is None:
        return [False] * table.height
    values = table[chosen].cast(pl.String).str.to_lowercase()
    marks = values.is_in(["true", "1", "1.0", "yes", "*", "x"]).fill_null(value=False)
    return marks.to_list() if marks.sum() == 1 else [False] * table.height


def _ranked_by(table: pl.DataFrame, scores: _Scores) -> str | None:
    orders = {"test": scores.test}
    if scores.validation is not None:
        orders["validation"] = scores.validation
    falling = [
        name
        for name, column in orders.items()
        if _falls(scores.sign * table[column].cast(pl.Float64, strict=False))
    ]
    return falling[0] if len(falling) == 1 else None


def _falls(values: pl.Series) -> bool:
    known = values.drop_nulls()
    return (
        len(known) == len(values) >= LEAST_RANKED
        and known.is_sorted(descending=True)
        and known.n_unique() >= LEAST_RANKED
    )
