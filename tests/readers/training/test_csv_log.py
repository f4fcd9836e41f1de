"""CSV logs with and without a header."""

import math

import pytest

LIGHTNING = """epoch,lr-Adam,step,train_loss,val_loss
,0.001,0,,
0,,19,0.9,
0,,39,0.8,
0,,39,,0.85
1,,59,0.7,
1,,79,0.6,
1,,79,,0.80
"""


def test_lightning_rows_become_curves_over_steps(runs_of, points) -> None:
    (run,) = runs_of(LIGHTNING, "metrics.csv")
    assert run.step_unit == "step"
    assert points(run, "train_loss") == [(19, 0.9), (39, 0.8), (59, 0.7), (79, 0.6)]
    assert points(run, "val_loss") == [(39, 0.85), (79, 0.8)]
    assert points(run, "learning_rate") == [(0, 0.001)]
    assert run.curves["val_loss"].lines[0] == 5


def test_epochs_beside_steps_are_told(runs_of) -> None:
    rows = "".join(f"{step // 4},{step},{1 / (1 + step)}\n" for step in range(12))
    (run,) = runs_of("epoch,step,train_loss\n" + rows)
    assert run.step_unit == "step"
    assert run.details["last_epoch"] == "2"


def test_blank_is_nothing_and_literal_nan_is_nan(runs_of) -> None:
    (run,) = runs_of("epoch,loss,val_loss\n0,0.5,\n1,nan,0.6\n2,NaN,null\n3,inf,0.7\n", "log.csv")
    values = run.curves["train_loss"].values
    assert [math.isnan(value) for value in values] == [False, True, True, False]
    assert values[3] == math.inf
    assert len(run.curves["val_loss"]) == 2


def test_conflict_marks_and_repeated_headers_are_no_losses(runs_of) -> None:
    half = "".join(f"{0.9 - i / 10},{1 - i / 10}\n" for i in range(4))
    text = f"loss,val_loss\n<<<<<<< HEAD\n{half}=======\nloss,val_loss\n{half}>>>>>>> 1.0\n"
    runs = runs_of(text, "history.csv")
    assert [run.segment for run in runs] == ["run 1", "run 2"]
    assert all(math.isfinite(v) for run in runs for v in run.curves["train_loss"].values)
    assert runs[1].subject == "history.csv (run 2)"


def test_an_epoch_that_starts_again_begins_a_new_run(runs_of) -> None:
    rows = "".join(f"{epoch},{1 / (epoch + 1)}\n" for epoch in (0, 1, 2, 3, 0, 1, 2))
    runs = runs_of("epoch,loss\n" + rows, "log.csv")
    assert [len(run.curves["train_loss"]) for run in runs] == [4, 3]


def test_a_resume_stays_in_its_run(runs_of, points) -> None:
    rows = "".join(f"{epoch},0.5\n" for epoch in (1, 2, 3, 4, 3, 4, 5))
    (run,) = runs_of("epoch,loss\n" + rows, "log.csv")
    assert [step for step, _ in points(run, "train_loss")] == [1, 2, 3, 4, 3, 4, 5]


def test_without_a_header_the_second_column_is_the_loss(runs_of, points) -> None:
    (run,) = runs_of("1,0.9,0.51\n2,0.8,0.52\n3,nan,0.5\n", "training_log.csv")
    assert points(run, "train_loss")[:2] == [(1, 0.9), (2, 0.8)]
    assert math.isnan(run.curves["train_loss"].values[2])
    assert "header" in run.details


def test_batch_numbers_are_spread_over_the_epoch(runs_of, points) -> None:
    rows = "".join(f"{e},{b},0.5\n" for e in range(3) for b in range(4))
    (run,) = runs_of("epoch,batch,loss\n" + rows, "log.csv")
    assert [step for step, _ in points(run, "train_loss")][:6] == [0, 0.25, 0.5, 0.75, 1, 1.25]


def test_the_last_number_of_an_unclosed_row_is_not_trusted(runs_of) -> None:
    (run,) = runs_of("epoch,loss,val_loss\n0,0.5,0.6\n1,0.4,0.5\n2,0.3,9.1", "log.csv")
    assert len(run.curves["train_loss"]) == 3
    assert list(run.curves["val_loss"].values) == [0.6, 0.5]


@pytest.mark.parametrize(
    "text",
    [
        "Date,Open,High,Low,Close,Volume\n2024-01-02,1,2,0.5,1.5,100\n2024-01-03,1,2,1,1.5,90\n",
        "trade,entry,stop_loss,profit\n1,100,95,3\n2,101,96,-5\n",
        "month,profit,loss\n1,300,200\n2,100,250\n",
        "1,100.5,101.2,99.8,100.9\n2,100.9,101.4,100.1,100.2\n",
        "algo,seed,loss\nppo,0,0.5\nppo,1,0.6\n",
    ],
)
def test_tables_that_are_no_training_log(runs_of, text: str) -> None:
    assert runs_of(text, "data.csv") == []


def test_fastais_columns(runs_of, points) -> None:
    text = "epoch,train_loss,valid_loss,accuracy,time\n0,0.9,0.8,0.5,00:12\n1,0.8,0.7,0.6,01:02\n"
    (run,) = runs_of(text, "history.csv")
    assert points(run, "val_loss") == [(0, 0.8), (1, 0.7)]
    assert points(run, "step_time") == [(0, 12), (1, 62)]


def test_decimal_commas_between_semicolons(runs_of, points) -> None:
    (run,) = runs_of("epoch;loss;val_loss\n1;0,95;1,5e-1\n2;0,9;0,14\n", "log.csv")
    assert points(run, "train_loss") == [(1, 0.95), (2, 0.9)]
    assert points(run, "val_loss") == [(1, 0.15), (2, 0.14)]


def test_times_become_moments(runs_of, points) -> None:
    text = "timestamp,step,loss\n2025-01-01 00:00:00,1,0.5\n2025-01-01 00:00:10,2,0.4\n"
    (run,) = runs_of(text, "log.csv")
    assert points(run, "timestamp") == [(1, 1735689600), (2, 1735689610)]


def test_a_second_header_with_other_columns(runs_of) -> None:
    text = "epoch,loss\n0,0.5\n1,0.4\nepoch,loss,val_loss\n0,0.6,0.7\n1,0.5,0.6\n"
    runs = runs_of(text, "log.csv")
    assert [sorted(run.curves) for run in runs] == [["train_loss"], ["train_loss", "val_loss"]]


def test_rows_of_another_width_are_named(read_log) -> None:
    reading = read_log("epoch,loss\n0,0.5\n1,0.4,0.3\n2,0.3\n", "log.csv")
    assert reading.problem == "1 row has other columns than the header"
    assert reading.line == 3
    assert len(reading.artifacts[0].curves["train_loss"]) == 2


def test_not_a_number_in_many_spellings(runs_of) -> None:
    rows = "0,0.5\n1,0.4\n2,0.3\n3,nan\n4,NaN\n5,1e400\n6,-inf\n"
    (run,) = runs_of("epoch,loss\n" + rows, "log.csv")
    assert [math.isfinite(v) for v in run.curves["train_loss"].values] == [True] * 3 + [False] * 4


@pytest.mark.parametrize("word", ["null", "-", "None", "N/A"])
def test_a_loss_that_turns_into_a_word_for_nothing(runs_of, word: str) -> None:
    rows = "".join(f"{e},{0.5 if e < 4 else word},0.001\n" for e in range(8))
    (run,) = runs_of("epoch,loss,lr\n" + rows, "log.csv")
    assert sum(math.isnan(v) for v in run.curves["train_loss"].values) == 4


def test_without_a_header_the_rate_is_known_by_its_schedule(runs_of) -> None:
    rows = "".join(f"{e},{1 / e},{0.5 + e / 99},{1e-3 / (1 + e // 3)}\n" for e in range(1, 13))
    (run,) = runs_of(rows, "training_log.csv")
    assert set(run.curves) == {"train_loss", "column_3", "learning_rate"}


def test_rays_progress(runs_of) -> None:
    text = "loss,training_iteration,timestamp,done,pid,config/lr\n" + "".join(
        f"{1 / n},{n},{1700000000 + n},{n == 3},77,0.1\n" for n in (1, 2, 3)
    )
    (run,) = runs_of(text, "progress.csv")
    assert set(run.curves) == {"train_loss", "timestamp"}
    assert run.finished is True


def test_the_index_of_pandas_counts(runs_of, points) -> None:
    (run,) = runs_of(",loss,val_loss\n5,0.5,0.6\n6,0.4,0.5\n", "history.csv")
    assert set(run.curves) == {"train_loss", "val_loss"}
    assert points(run, "train_loss") == [(5, 0.5), (6, 0.4)]


def test_one_metric_a_row(runs_of, points) -> None:
    text = "step,metric,value\n1,train_loss,0.5\n1,val_loss,0.6\n2,train_loss,0.4\n2,val_loss,0.5\n"
    (run,) = runs_of(text, "metrics.csv")
    assert points(run, "val_loss") == [(1, 0.6), (2, 0.5)]


def test_scalars_that_tensorboard_gave_out(runs_of, points) -> None:
    text = "Wall time,Step,Value\n1700000000.5,0,0.5\n1700000001.5,10,0.4\n"
    (run,) = runs_of(text, "run-a-tag-val_loss.csv")
    assert points(run, "val_loss") == [(0, 0.5), (10, 0.4)]
    assert list(run.curves["timestamp"].values) == [1700000000.5, 1700000001.5]


def test_the_name_tells_the_set_of_catboost(runs_of) -> None:
    text = "iter\tRMSE\n0\t0.5\n1\t0.4\n"
    assert set(runs_of(text, "learn_error.tsv")[0].curves) == {"train_loss"}
    (run,) = runs_of(text, "test_error.tsv")
    assert set(run.curves) == {"val_loss"}
    assert run.step_unit == "round"


def test_studies_of_optuna_are_no_run(runs_of) -> None:
    text = (
        "number,value,datetime_start,datetime_complete,duration,params_lr,state\n"
        "0,0.5,2025-01-01 00:00:00,2025-01-01 00:01:00,0 days 00:01:00,0.1,COMPLETE\n"
        "1,0.4,2025-01-01 00:02:00,2025-01-01 00:03:00,0 days 00:01:00,0.2,COMPLETE\n"
    )
    assert runs_of(text, "study.csv") == []


@pytest.mark.parametrize(
    "text",
    [
        "# model: lstm\n# seed: 3\nepoch,loss,val_loss\n1,0.5,0.6\n2,0.4,0.5\n",
        "#epoch,loss,val_loss\n1,0.5,0.6\n2,0.4,0.5\n",
        "epoch|loss|val_loss\n1|0.5|0.6\n2|0.4|0.5\n",
        "| epoch | loss | val_loss |\n|---|---|---|\n| 1 | 0.5 | 0.6 |\n| 2 | 0.4 | 0.5 |\n",
        'epoch,loss,val_loss\n1,"0,5","0,6"\n2,"0,4","0,5"\n',
        "epoch,split,loss\n1,train,0.5\n1,val,0.6\n2,train,0.4\n2,val,0.5\n",
    ],
)
def test_the_same_log_in_other_clothes(runs_of, points, text: str) -> None:
    (run,) = runs_of(text, "log.csv")
    assert points(run, "train_loss") == [(1, 0.5), (2, 0.4)]
    assert points(run, "val_loss") == [(1, 0.6), (2, 0.5)]
