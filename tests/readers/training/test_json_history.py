"""Histories and evaluation results as JSON documents."""

import json
import math

import pytest

KERAS = {"loss": [0.9, 0.5, 0.4], "val_loss": [0.8, float("nan"), 0.7], "lr": [0.1, 0.1, 0.01]}


def test_a_keras_history(runs_of, points) -> None:
    (run,) = runs_of(json.dumps(KERAS), "history.json")
    assert (run.format, run.step_unit) == ("JSON history", "epoch")
    assert points(run, "train_loss") == [(0, 0.9), (1, 0.5), (2, 0.4)]
    assert math.isnan(run.curves["val_loss"].values[1])
    assert list(run.curves["learning_rate"].values) == [0.1, 0.1, 0.01]


def test_the_epochs_of_the_document_and_its_plan(runs_of, points) -> None:
    document = {"history": {**KERAS, "epoch": [1, 2, 3]}, "params": {"epochs": 50}}
    (run,) = runs_of(json.dumps({**document, "history": document["history"]}), "h.json")
    assert [step for step, _ in points(run, "train_loss")] == [1, 2, 3]


def test_pandas_columns(runs_of, points) -> None:
    columns = {name: {str(n): v for n, v in enumerate(values)} for name, values in KERAS.items()}
    (run,) = runs_of(json.dumps(columns), "history.json")
    assert points(run, "train_loss") == [(0, 0.9), (1, 0.5), (2, 0.4)]


def test_one_run_for_each_fold(runs_of) -> None:
    runs = runs_of(json.dumps({"fold_0": KERAS, "fold_1": KERAS}), "folds.json")
    assert [run.segment for run in runs] == ["fold_0", "fold_1"]


def test_values_know_their_lines(runs_of) -> None:
    text = json.dumps(KERAS, indent=1)
    (run,) = runs_of(text, "history.json")
    assert text.splitlines()[run.curves["val_loss"].lines[2] - 1].strip() == "0.7"
    assert text.splitlines()[run.curves["train_loss"].lines[1] - 1].strip() == "0.5,"


def test_xgboosts_results(runs_of, points) -> None:
    results = {"train": {"rmse": [3.0, 2.0], "mae": [2.0, 1.0]}, "eval": {"rmse": [3.1, 2.5]}}
    (run,) = runs_of(json.dumps(results), "evals_result.json")
    assert (run.format, run.step_unit) == ("evaluation results", "round")
    assert points(run, "train_loss") == [(0, 3.0), (1, 2.0)]
    assert points(run, "val_loss") == [(0, 3.1), (1, 2.5)]
    assert points(run, "mae") == [(0, 2.0), (1, 1.0)]


def test_the_scikit_learn_interface_numbers_its_sets(runs_of) -> None:
    results = {"validation_0": {"logloss": [0.6, 0.5]}, "validation_1": {"logloss": [0.7, 0.6]}}
    (run,) = runs_of(json.dumps(results), "evals.json")
    assert list(run.curves["train_loss"].values) == [0.6, 0.5]
    assert list(run.curves["val_loss"].values) == [0.7, 0.6]


def test_lightgbms_results(runs_of) -> None:
    results = {"training": {"l2": [0.6, 0.5]}, "valid_1": {"l2": [0.7, 0.6], "auc": [0.5, 0.6]}}
    (run,) = runs_of(json.dumps(results), "evals.json")
    assert list(run.curves["val_loss"].values) == [0.7, 0.6]
    assert list(run.curves["val_auc"].values) == [0.5, 0.6]


def test_a_history_by_set(runs_of) -> None:
    history = {"train": {"loss": [3, 2], "accuracy": [0.5, 0.6]}, "val": {"loss": [3, 2.5]}}
    (run,) = runs_of(json.dumps(history), "history.json")
    assert {"train_loss", "val_loss", "train_accuracy"} <= set(run.curves)


def test_catboosts_log(runs_of, points) -> None:
    log = {
        "meta": {
            "learn_metrics": [{"name": "RMSE", "best_value": "Min"}],
            "test_metrics": [{"name": "RMSE", "best_value": "Min"}],
            "iteration_count": 1000,
        },
        "iterations": [
            {"learn": [0.9], "test": [1.0], "iteration": 0, "passed_time": 0.1},
            {"learn": [0.8], "test": [0.95], "iteration": 1, "passed_time": 0.2},
        ],
    }
    (run,) = runs_of(json.dumps(log), "catboost_training.json")
    assert points(run, "train_loss") == [(0, 0.9), (1, 0.8)]
    assert points(run, "val_loss") == [(0, 1.0), (1, 0.95)]
    assert run.planned_steps == 1000


def test_a_list_of_records(runs_of, points) -> None:
    records = [{"epoch": n, "metrics": {"loss": 1 / (n + 1), "val_loss": 0.9}} for n in range(4)]
    (run,) = runs_of(json.dumps(records, indent=2), "history.json")
    assert points(run, "train_loss")[1] == (1, 0.5)
    assert run.curves["val_loss"].lines[1] > run.curves["val_loss"].lines[0]


def test_a_document_that_breaks_off(read_log) -> None:
    text = json.dumps(KERAS)
    reading = read_log(text[: text.index("0.8,") + 3], "history.json")
    (run,) = reading.artifacts
    assert list(run.curves["train_loss"].values) == [0.9, 0.5, 0.4]
    assert "no whole JSON" in reading.problem


@pytest.mark.parametrize(
    "document",
    [
        {"loss": 0.5, "val_loss": 0.6},
        {"prices": [1, 2, 3], "volume": [4, 5, 6]},
        {"train": [1, 2, 3], "test": [4, 5]},
        {"train": {"start": [1, 2]}, "test": {"start": [3, 4]}},
        {"losses": ["a", "b"]},
        [1, 2, 3],
        [{"trade": 1, "stop_loss": 5}, {"trade": 2, "stop_loss": 6}],
    ],
)
def test_other_documents_are_left_alone(runs_of, document) -> None:
    assert runs_of(json.dumps(document), "x.json") == []


def test_a_list_of_records_under_a_key(runs_of, points) -> None:
    records = [{"epoch": n, "loss": 1 / n, "val_loss": 0.9} for n in (1, 2)]
    text = json.dumps({"model": "lstm", "epochs": records}, indent=1)
    (run,) = runs_of(text, "result.json")
    assert points(run, "train_loss") == [(1, 1.0), (2, 0.5)]
    assert run.curves["train_loss"].lines[0] == 4
