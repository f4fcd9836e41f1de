"""The summary that Weights & Biases keeps of a run."""

import json

SUMMARY = {"train/loss": 0.25, "val": {"loss": 0.5}, "_step": 999, "_runtime": 61.5,
           "_timestamp": 1.7e9, "_wandb": {"runtime": 61}, "best": "NaN"}  # fmt: skip


def test_the_last_values_stand_at_the_last_step(runs_of, points) -> None:
    (run,) = runs_of(json.dumps(SUMMARY), "wandb-summary.json")
    assert points(run, "train_loss") == [(999, 0.25)]
    assert points(run, "val_loss") == [(999, 0.5)]
    assert points(run, "timestamp") == [(999, 1.7e9)]
    assert run.details["runtime"] == "62 s"


def test_other_objects_are_left_alone(runs_of) -> None:
    assert runs_of('{"_step": 3, "loss": 0.5}', "summary.json") == []
