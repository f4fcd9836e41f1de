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


def test_nested_metrics_are_found(runs_of, points) -> None:
    text = lines(
        [{"step": s, "metrics": {"train": {"loss": 1 / s}, "val": {"loss": 0.9}}} for s in (1, 2)]
    )
    (run,) = runs_of(text, "m.jsonl")
    assert points(run, "train_loss") == [(1, 1.0), (2, 0.5)]
    assert points(run, "val_loss") == [(1, 0.9), (2, 0.9)]


def test_structured_events_with_moments(runs_of, points) -> None:
    records: list[dict] = [
        {"event": "started", "level": "info", "timestamp": "2025-01-01T00:00:00Z"}
    ]
    for epoch in range(3):
        stamp = f"2025-01-01T00:0{epoch}:30Z"
        records.append({"event": "epoch done", "epoch": epoch, "loss": 0.5, "timestamp": stamp})
    (run,) = runs_of(lines(records), "app.jsonl")
    assert [v for _, v in points(run, "timestamp")] == [1735689630, 1735689690, 1735689750]


def test_one_value_a_record(runs_of, points) -> None:
    text = lines(
        [{"step": s, "name": n, "value": 1 / (s + 1)} for s in (0, 1) for n in ("loss", "val_loss")]
    )
    (run,) = runs_of(text, "m.jsonl")
    assert points(run, "val_loss") == [(0, 1.0), (1, 0.5)]


def test_rays_results(runs_of, points) -> None:
    records = [
        {"loss": 1 / n, "training_iteration": n, "timestamp": 1.7e9 + n, "done": n == 3, "pid": 7,
         "time_this_iter_s": 2.0, "config": {"lr": 0.1, "loss": "mse"}, "trial_id": "a"}
        for n in (1, 2, 3)
    ]  # fmt: skip
    (run,) = runs_of(lines(records), "result.json")
    assert points(run, "train_loss") == [(1, 1.0), (2, 0.5), (3, round(1 / 3, 9) and 1 / 3)]
    assert list(run.curves["step_time"].values) == [2.0, 2.0, 2.0]
    assert list(run.curves["timestamp"].values) == [1.7e9 + 1, 1.7e9 + 2, 1.7e9 + 3]
    assert run.finished is True
    assert not {"pid", "lr", "config/lr"} & set(run.curves)


def test_the_history_of_weights_and_biases(runs_of, points) -> None:
    records = [{"loss": 0.5, "_step": s, "_runtime": 3.0 * s, "_timestamp": 1.7e9} for s in (0, 10)]
    (run,) = runs_of(lines(records), "wandb-history.jsonl")
    assert points(run, "train_loss") == [(0, 0.5), (10, 0.5)]
    assert set(run.curves) == {"train_loss", "timestamp"}


def test_ranks_are_runs_of_their_own(runs_of) -> None:
    records = [{"step": s, "rank": r, "loss": s + r / 10} for s in range(1, 4) for r in (0, 1)]
    runs = runs_of(lines(records), "m.jsonl")
    assert [run.segment for run in runs] == ["rank 0", "rank 1"]
    assert list(runs[1].curves["train_loss"].values) == [1.1, 2.1, 3.1]


def test_a_loss_that_turns_into_nothing_is_nan(runs_of) -> None:
    records = [{"step": s, "loss": 0.5 if s < 4 else None, "lr": 0.1} for s in range(8)]
    (run,) = runs_of(lines(records), "m.jsonl")
    curve = run.curves["train_loss"]
    assert [math.isnan(v) for v in curve.values] == [False] * 4 + [True] * 4
    assert curve.lines[4] == 5
    assert any("NaN" in text for text in run.details.values())


def test_a_loss_that_is_logged_now_and_then_is_not(runs_of) -> None:
    records = [{"step": s, "loss": 0.5, "val_loss": 0.6 if s % 5 == 0 else None} for s in range(14)]
    (run,) = runs_of(lines(records), "m.jsonl")
    assert all(math.isfinite(v) for curve in run.curves.values() for v in curve.values)


def test_the_plan_of_a_record(runs_of) -> None:
    (run,) = runs_of(lines([{"epoch": e, "epochs": 50, "loss": 0.5} for e in range(3)]), "m.jsonl")
    assert run.planned_steps == 50
    assert "epochs" not in run.curves


def test_the_type_of_a_record_tells_its_set(runs_of, points) -> None:
    records = [{"type": t, "step": s, "loss": s / 2} for s in (1, 2) for t in ("train", "eval")]
    (run,) = runs_of(lines(records), "m.jsonl")
    assert points(run, "train_loss") == points(run, "val_loss") == [(1, 0.5), (2, 1.0)]
