"""Checks of boosted models and of the scripts that fit them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from checks.boosting.feature_list_mismatch import feature_list_mismatch
from checks.boosting.importance_concentrated import importance_concentrated
from checks.boosting.missing_sample_weights import missing_sample_weights
from checks.boosting.trivial_trees import trivial_trees
from ml_debugger.artifacts import (
    BoosterModel,
    BoosterTree,
    FeatureTable,
    LogText,
    SourceCell,
    SourceFile,
)
from ml_debugger.contract import Measurement, Status
from ml_debugger.testing.plant import faults
from ml_debugger.testing.twins.boosting import FILE
from tests.checks.model_judging import measured, read, status

NAMES = tuple(f"momentum_{n}" for n in range(20))


def model(
    features: Sequence[str] = NAMES,
    trees: Sequence[BoosterTree] = (BoosterTree(4),),
    width: int | None = None,
    **parameters: str,
) -> BoosterModel:
    known = width or len(features) or None
    return BoosterModel(
        "m", "m.ubj", "xgboost-ubj", tuple(features), known, tuple(trees), parameters=parameters
    )


def table(features: Sequence[str], labels: Sequence[str] = ()) -> FeatureTable:
    frame = pl.LazyFrame({name: [0.0] for name in (*features, *labels)})
    return FeatureTable("t", "t.parquet", frame, tuple(features), tuple(labels), None, None, 1)


def with_gains(gains: Mapping[str, float], leaves: int = 31) -> list[BoosterTree]:
    return [BoosterTree(leaves, dict(gains)) for _ in range(30)]


def boosters(workspace: Path) -> list[BoosterModel]:
    files = sorted(workspace.glob("runs/xgb-h5/checkpoints/*.ubj"))
    return [one for f in files for one in read(f) if isinstance(one, BoosterModel)]


def twin_table(workspace: Path) -> FeatureTable:
    names = pl.read_parquet_schema(workspace / "data" / "features.parquet")
    keys = ("ticker", "date")
    return table([n for n in names if n not in keys and "label" not in n],
                 [n for n in names if "label" in n])  # fmt: skip


def script(workspace: Path) -> SourceFile:
    return source((workspace / FILE).read_text(encoding="utf-8"))


def source(text: str) -> SourceFile:
    return SourceFile("s", "s.py", "python", (SourceCell(None, text),))


def judged(workspace: Path) -> dict[str, set[Status]]:
    models, features = boosters(workspace), twin_table(workspace)
    return {
        "importance-concentrated": {status(importance_concentrated, m) for m in models},
        "trivial-trees": {status(trivial_trees, m) for m in models},
        "feature-list-mismatch": {status(feature_list_mismatch, m, features) for m in models},
        "missing-sample-weights": {status(missing_sample_weights, script(workspace))},
    }


def test_the_twin_passes(written_twin: Path) -> None:
    assert set(map(frozenset, judged(written_twin).values())) == {frozenset({Status.PASS})}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    "name",
    ["importance-concentrated", "trivial-trees", "feature-list-mismatch", "missing-sample-weights"],
)
def test_planted_faults_are_found_and_nothing_else(name: str, seed: int, twin: Path) -> None:
    assert faults()[name].plant(twin, np.random.default_rng(seed))
    found = {n for n, statuses in judged(twin).items() if any(s.is_finding for s in statuses)}
    assert found == {name}


EVEN = dict.fromkeys(NAMES, 1.0)


@pytest.mark.parametrize(
    ("features", "gains", "leaves", "expected"),
    [
        (NAMES, EVEN | {NAMES[3]: 900.0}, 31, Status.FAIL),
        (NAMES, EVEN | {NAMES[3]: 120.0}, 31, Status.WARN),
        (NAMES, EVEN | {NAMES[3]: 30.0}, 31, Status.PASS),
        (NAMES, EVEN, 31, Status.PASS),
        # three features: a strong one is no surprise
        (NAMES[:3], {NAMES[0]: 900.0, NAMES[1]: 1.0}, 31, Status.SKIP),
        # thirty stumps cannot use twenty features twice
        (NAMES, {NAMES[3]: 900.0}, 2, Status.SKIP),
        # CatBoost stores no gain
        (NAMES, {}, 31, Status.SKIP),
    ],
)
def test_concentration_of_the_gain(features, gains, leaves, expected) -> None:
    assert status(importance_concentrated, model(features, with_gains(gains, leaves))) is expected


def test_three_of_150_features_are_taken_together() -> None:
    names = [f"x{n}" for n in range(150)]
    gains = dict.fromkeys(names, 0.1) | {"x1": 60.0, "x5": 50.0, "x9": 40.0}
    outcome = measured(importance_concentrated, model(names, with_gains(gains)))
    assert isinstance(outcome, Measurement)
    assert outcome.title == "3 features hold 91% of the gain of 150 features"


@pytest.mark.parametrize(
    ("leaves", "expected"),
    [
        ([], Status.FAIL),
        ([1] * 50, Status.FAIL),
        ([4, 3] + [1] * 48, Status.WARN),
        ([2] * 50, Status.PASS),
        ([8] * 40 + [1] * 200, Status.PASS),
        ([2], Status.PASS),
    ],
)
def test_trees_without_splits(leaves: list[int], expected: Status) -> None:
    trees = [BoosterTree(n) for n in leaves]
    assert status(trivial_trees, model(trees=trees)) is expected


def test_a_linear_booster_has_no_trees() -> None:
    assert status(trivial_trees, model(trees=(), booster="gblinear")) is Status.SKIP


NO_GAIN = "[LightGBM] [Warning] No further splits with positive gain, best gain: -inf"


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ([NO_GAIN] * 40, Status.WARN),
        ([NO_GAIN] * 5, Status.SKIP),
        ([NO_GAIN, "[10] valid_0's l2: 0.5"] * 20, Status.PASS),
        (["epoch 1 loss 0.5"] * 40, Status.SKIP),
    ],
)
def test_a_log_of_nothing_but_warnings(tail: list[str], expected: Status) -> None:
    log = LogText("l", "l.log", "text", lines=len(tail), tail=tuple(tail))
    assert status(trivial_trees, log) is expected


@pytest.mark.parametrize(
    ("trained_on", "held", "expected"),
    [
        (NAMES, NAMES, Status.PASS),
        (NAMES, (*NAMES, "ticker_id", "extra"), Status.PASS),
        (NAMES, tuple(reversed(NAMES)), Status.PASS),
        (NAMES, NAMES[3:], Status.FAIL),
        (NAMES, tuple(name.upper() for name in NAMES), Status.PASS),
        ((*NAMES, "sector_tech", "sector_oil"), (*NAMES, "sector"), Status.PASS),
        ((*NAMES, "linear_pred"), NAMES, Status.PASS),
        (("f0", "f1", "f2"), ("f0", "f2", "f1"), Status.FAIL),
        (("f0", "f1", "f2"), ("f0", "f1", "f2", "f3"), Status.PASS),
    ],
)
def test_names_of_model_and_table(trained_on, held, expected) -> None:
    assert status(feature_list_mismatch, model(trained_on), table(held)) is expected


@pytest.mark.parametrize(
    ("width", "held", "expected"),
    [
        (157, 154, Status.FAIL),
        (154, 157, Status.WARN),
        (154, 154, Status.PASS),
        # a window of 40 bars of 23 features
        (920, 23, Status.SKIP),
        (500, 20, Status.SKIP),
    ],
)
def test_counts_where_the_model_knows_no_names(width, held, expected) -> None:
    columns = [f"column {n}" for n in range(held)]
    assert status(feature_list_mismatch, model((), width=width), table(columns)) is expected


FOLDS = """
for train, test in folds:
    model = {make}
    model.fit(x[train], y[train]{inside})
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FOLDS + "last = {make}\nlast.fit(x, y)\n", Status.FAIL),
        (FOLDS + "last = {make}\nlast.fit(x, y{inside})\n", Status.PASS),
        (FOLDS + "last = {make}\nlast.fit(x, y, **more)\n", Status.PASS),
        (FOLDS + "scaler = StandardScaler()\nscaler.fit(x, y)\n", Status.PASS),
        (FOLDS.replace("{inside}", "") + "last = {make}\nlast.fit(x, y)\n", Status.SKIP),
        (FOLDS + "def baseline():\n    m = {make}\n    m.fit(x, y)\n", Status.PASS),
        (FOLDS + "last = clone(model)\nlast.fit(x, y)\n", Status.FAIL),
        ("model.fit(x, y)\n", Status.SKIP),
        ("def f(:\n", Status.SKIP),
        ("", Status.SKIP),
    ],
)
def test_weights_in_folds_and_in_the_last_fit(text: str, expected: Status) -> None:
    filled = text.replace("{make}", "XGBRegressor()").replace(
        "{inside}", ", sample_weight=w[train]"
    )
    assert status(missing_sample_weights, source(filled)) is expected


@pytest.mark.parametrize(("weight", "expected"), [("", Status.FAIL), (", weight=w", Status.PASS)])
@pytest.mark.parametrize(("library", "data"), [("xgb", "DMatrix"), ("lgb", "Dataset")])
def test_weights_inside_data_sets(library, data, weight, expected) -> None:
    text = f"""
for train, test in splitter.split(x):
    d = {library}.{data}(x[train], y[train], weight=w[train])
    m = {library}.train(parameters, d, 100)
whole = {library}.{data}(x, y{weight})
m = {library}.train(parameters, whole, 100)
"""
    assert status(missing_sample_weights, source(text)) is expected


def test_the_line_of_the_bare_fit_is_told() -> None:
    text = "for fold in cv:\n    Ridge().fit(x, y, sample_weight=w)\nRidge().fit(x, y)"
    outcome = measured(missing_sample_weights, source(text))
    assert isinstance(outcome, Measurement)
    assert outcome.line == 3
