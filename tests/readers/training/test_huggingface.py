"""trainer_state.json, whole and broken off."""

import json
import math

STATE = {
    "best_metric": None,
    "global_step": 40,
    "log_history": [
        {"epoch": 0.5, "grad_norm": 1.5, "learning_rate": 1e-4, "loss": 0.9, "step": 10},
        {"epoch": 1.0, "eval_loss": 0.8, "eval_runtime": 2.0, "step": 20},
        {"epoch": 1.5, "grad_norm": 1.2, "learning_rate": 5e-5, "loss": float("nan"), "step": 30},
        {"epoch": 2.0, "eval_loss": 0.7, "eval_runtime": 2.1, "step": 40},
        {"epoch": 2.0, "step": 40, "train_loss": 0.55, "train_runtime": 9.0},
    ],
    "logging_steps": 10,
    "max_steps": 40,
    "num_train_epochs": 2,
}


def test_records_become_curves(runs_of, points) -> None:
    (run,) = runs_of(json.dumps(STATE, indent=2), "trainer_state.json")
    assert points(run, "val_loss") == [(20, 0.8), (40, 0.7)]
    assert points(run, "grad_norm") == [(10, 1.5), (30, 1.2)]
    assert math.isnan(run.curves["train_loss"].values[1])
    assert (run.planned_steps, run.finished, run.step_unit) == (40, True, "step")
    assert not any("runtime" in name for name in run.curves)


def test_the_summary_of_the_run_is_no_point_of_the_training_loss(runs_of) -> None:
    (run,) = runs_of(json.dumps(STATE, indent=2), "trainer_state.json")
    assert len(run.curves["train_loss"]) == 2
    assert run.details["mean train loss"] == "0.55"


def test_each_point_knows_its_line(runs_of) -> None:
    text = json.dumps(STATE, indent=2)
    (run,) = runs_of(text, "trainer_state.json")
    line = run.curves["val_loss"].lines[0]
    record = json.loads("".join(text.splitlines()[line - 1 : line + 5]).strip().removesuffix(","))
    assert record["eval_loss"] == 0.8


def test_a_file_that_breaks_off_gives_what_is_whole(read_log) -> None:
    text = json.dumps(STATE, indent=2)
    reading = read_log(text[: text.index('"eval_loss": 0.7')], "trainer_state.json")
    (run,) = reading.artifacts
    assert len(run.curves["val_loss"]) == 1
    assert reading.problem is not None


def test_other_json_is_left_alone(runs_of) -> None:
    assert runs_of('{"global_step": 4, "loss": 0.5}', "x.json") == []
