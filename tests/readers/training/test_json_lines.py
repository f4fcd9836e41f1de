"""JSON Lines: metrics, the engine's log, collections of experiments."""

import json
import math

import numpy as np

from ml_debugger.testing.twins.training import boosting_events


def lines(records: list[dict]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def test_metrics_by_epoch(runs_of, points) -> None:
    text = lines([{"epoch": e, "train_loss": 1 / (e + 1), "test_loss": 0.9} for e in range(4)])
    (run,) = runs_of(text, "log.txt")
    assert run.step_unit == "epoch"
    assert points(run, "train_loss")[1] == (1, 0.5)
    assert len(run.curves["val_loss"]) == 4


def test_modes_tell_training_from_validation(runs_of, points) -> None:
    records = []
    for epoch in (1, 2):
        records += [{"mode": "train", "epoch": epoch, "iter": i, "loss": 0.5} for i in (50, 100)]
        records.append({"mode": "val", "epoch": epoch, "iter": 10, "loss": 0.6})
    (run,) = runs_of(lines(records), "run.log.json")
    assert [step for step, _ in points(run, "train_loss")] == [1, 1.5, 2, 2.5]
    assert points(run, "val_loss") == [(1, 0.6), (2, 0.6)]


def test_null_is_nothing_and_nan_is_nan(runs_of) -> None:
    text = '{"step": 1, "loss": 0.5}\n{"step": 2, "loss": null}\n{"step": 3, "loss": NaN}\n'
    (run,) = runs_of(text, "m.jsonl")
    values = run.curves["train_loss"].values
    assert len(values) == 2
    assert math.isnan(values[1])


def test_the_engines_log_gives_one_run_per_fold(runs_of, tmp_path) -> None:
    events = boosting_events(tmp_path, np.random.default_rng(1))
    runs = runs_of(lines(events), "training.jsonl")
    assert [run.segment for run in runs] == ["fold 0", "fold 1", "fold 2"]
    run = runs[1]
    assert (run.model, run.horizon, run.planned_steps) == ("xgboost", 5, 200)
    assert run.finished is True
    assert run.started is not None
    assert run.step_unit == "round"
    assert len(run.curves["prediction_std"]) == 1
    assert "best_step" in run.details


def test_a_fold_that_did_not_end_is_unfinished(runs_of, tmp_path) -> None:
    events = boosting_events(tmp_path, np.random.default_rng(1))
    cut = next(i for i, event in enumerate(events) if event.get("fold") == 1) + 3
    runs = runs_of(lines(events[:cut]) + '{"event": "rou', "training.jsonl")
    assert [run.finished for run in runs] == [True, False]


def test_records_that_are_whole_experiments_become_runs_of_one_point(runs_of) -> None:
    records = [
        {"batch_size": 20, "seed": i, "dropout": 0.1, "epochs": 3, "epoch_num": 3, "val_loss": 5.0}
        for i in range(6)
    ]
    records[4]["val_loss"] = float("nan")
    runs = runs_of(lines(records), "experiments.jsonl")
    assert [run.segment for run in runs] == [f"record {i}" for i in range(1, 7)]
    assert math.isnan(runs[4].curves["val_loss"].values[0])


def test_damage_is_named_and_the_rest_is_read(read_log) -> None:
    text = lines([{"step": i, "loss": 0.5} for i in range(5)])
    reading = read_log(text.replace('{"step": 3, "loss"', '{"step": 3, "lo\x7fss'), "m.jsonl")
    assert reading.line == 4
    assert len(reading.artifacts[0].curves["train_loss"]) == 4


def test_events_and_trades_are_no_training_log(runs_of) -> None:
    assert runs_of(lines([{"time": i, "message": "ok"} for i in range(5)]), "app.jsonl") == []
    trades = [{"trade": i, "stop_loss": 95, "profit": 3} for i in range(5)]
    assert runs_of(lines(trades), "trades.jsonl") == []
