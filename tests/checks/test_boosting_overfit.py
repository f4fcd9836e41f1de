"""BST001: rounds past the best, and whether the best round is the one that predicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from checks.boosting.boosting_overfit import boosting_overfit
from ml_debugger.artifacts import BoosterModel, BoosterTree, Curve, TrainingRun
from ml_debugger.artifacts.segments import names_another, names_segment
from ml_debugger.contract import Measurement, NotMeasured, Settings, Status

SETTINGS = Settings({s.name: s.default for s in boosting_overfit.settings})


def run_of(validation: np.ndarray, every: int = 1, **curves: np.ndarray) -> TrainingRun:
    steps = np.arange(len(validation))[::every]
    made = {"val_loss": validation, **curves}
    return TrainingRun(
        "run",
        "run.log",
        format="XGBoost evaluation log",
        step_unit="round",
        curves={
            name: Curve(name, name, list(steps), list(values[::every]), list(steps + 1))
            for name, values in made.items()
        },
    )


def rounds(count: int, best: int, rise: float, noise: float = 1e-4) -> np.ndarray:
    at = np.arange(count)
    fall = 1 - 0.05 * np.minimum(at, best) / best
    past = rise * 0.05 * np.maximum(0, at - best) / max(1, count - 1 - best)
    return (fall + past) * (1 + noise * np.random.default_rng(1).standard_normal(count))


def status(run: TrainingRun, model: BoosterModel | None = None) -> Status:
    outcome = boosting_overfit.run([run, model], SETTINGS)
    if isinstance(outcome, NotMeasured):
        return Status.SKIP
    return boosting_overfit.limits[0].judge(outcome.values["gain_lost"])


def model_of(grown: int, best: int | None = None, path: str = "model.json") -> BoosterModel:
    return BoosterModel(path, path, "xgboost-json", (), 10, (BoosterTree(4),) * grown, grown, best)


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (run_of(rounds(400, 60, 1.0)), Status.FAIL),
        (run_of(rounds(400, 60, 0.3)), Status.WARN),
        (run_of(rounds(5000, 900, 1.0), every=100), Status.FAIL),
        (run_of(rounds(60, 8, 2.0)), Status.FAIL),
        # a rise of the first round on
        (run_of(1 + 0.002 * np.arange(200)), Status.FAIL),
        (run_of(rounds(400, 399, 0.0)), Status.PASS),
        (run_of(rounds(400, 60, 0.0, noise=0.002)), Status.PASS),
        # patience of early stopping, 50 and 100 rounds
        (run_of(rounds(111, 60, 0.5, noise=0)), Status.PASS),
        (run_of(rounds(161, 60, 0.9, noise=0)), Status.PASS),
        # a tenth of many rounds
        (run_of(rounds(3000, 2750, 0.4)), Status.PASS),
        (run_of(rounds(6, 2, 1.0)), Status.SKIP),
    ],
)
def test_rounds_past_the_best(run: TrainingRun, expected: Status) -> None:
    assert status(run) is expected


OVERFITTED = run_of(rounds(400, 60, 1.0))


def test_the_best_round_that_is_used_is_no_fault() -> None:
    assert status(OVERFITTED, model_of(400)) is Status.FAIL
    assert status(OVERFITTED, model_of(400, best=60)) is Status.PASS
    assert status(OVERFITTED, model_of(61)) is Status.PASS
    assert status(replace(OVERFITTED, details={"best_iteration": "60"})) is Status.PASS
    assert status(replace(OVERFITTED, format="CatBoost training log")) is Status.PASS


def test_a_score_that_still_rises_speaks_for_the_run() -> None:
    loss = rounds(400, 60, 1.0)
    rising, flat = 0.6 + 0.0005 * np.arange(400), np.full(400, 0.7)
    assert status(run_of(loss, val_auc=rising)) is Status.PASS
    assert status(run_of(loss, val_auc=flat)) is Status.FAIL


def test_scores_alone_are_judged_upwards() -> None:
    run = run_of(2 - rounds(400, 60, 1.0))
    curves = {"val_auc": replace(run.curves["val_loss"], name="val_auc", original="auc")}
    assert status(replace(run, curves=curves)) is Status.FAIL


def test_models_of_other_folds_say_nothing() -> None:
    run = replace(OVERFITTED, segment="fold 2")
    assert status(run, model_of(61, path="fold-1.ubj")) is Status.SKIP
    assert status(run, model_of(61, path="fold-2.ubj")) is Status.PASS
    assert names_segment("fold 2", "models/Fold_2/model.json")
    assert not names_segment("fold 2", "models/fold-21.ubj")
    assert not names_another("fold 2", "models/final.ubj")


def test_its_evidence() -> None:
    outcome = boosting_overfit.run([OVERFITTED, None], SETTINGS)
    assert isinstance(outcome, Measurement)
    facts = {one.name: one.value for one in outcome.evidence}
    assert 55 <= float(facts["best_round"]) <= 65
    assert outcome.line == facts["best_round"] + 1
    assert "gain is lost" in outcome.title


def test_epochs_are_not_rounds() -> None:
    assert status(replace(OVERFITTED, step_unit="epoch")) is Status.SKIP
