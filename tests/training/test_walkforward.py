import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from ml_debugger.errors import DataError, UsageError
from ml_debugger.training import Recipe, TrainedRun, ValidationRecord, read_index, train_run


@pytest.fixture
def run(features: pl.DataFrame, tmp_path: Path, tiny: Recipe) -> TrainedRun:
    return train_run(features, 5, tmp_path / "xgb-h5", folds=3, recipe=tiny)


def log_of(run: TrainedRun) -> list[dict[str, Any]]:
    text = (run.folder / "training.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_every_test_row_is_predicted_once(run: TrainedRun, features: pl.DataFrame) -> None:
    table = run.out_of_fold
    assert not table.select("ticker", "date").is_duplicated().any()
    first = run.record.folds[0].test.start
    assert len(table) == len(features.filter(pl.col("date") >= first))
    assert table.filter(pl.col("outcome").is_null()).height == 4 * 5


def test_the_signal_is_found_in_the_hold_out(run: TrainedRun) -> None:
    known = run.out_of_fold.drop_nulls("outcome")
    assert np.corrcoef(known["prediction"], known["outcome"])[0, 1] > 0.15
    assert run.record.test_accuracy is not None
    assert run.record.test_accuracy > 0.52


def test_the_record_comes_back_as_it_was_written(run: TrainedRun) -> None:
    path = run.folder / "validation.json"
    assert ValidationRecord.read(path) == run.record
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert stored["schema"] == "ml-debugger/validation/1"
    assert set(stored["folds"][0]) == {
        "fold", "train", "validation", "test", "train_accuracy", "validation_accuracy",
        "test_accuracy", "baseline_accuracy", "wfe",
    }  # fmt: skip
    assert set(stored["folds"][0]["train"]) == {"start", "end", "rows"}
    assert "NaN" not in path.read_text(encoding="utf-8")


def test_a_record_proves_test_windows_and_later_dates_only(run: TrainedRun) -> None:
    record = run.record
    assert record.out_of_sample(record.folds[1].test.start)
    assert record.out_of_sample(date(2099, 1, 1))
    assert not record.out_of_sample(record.folds[0].train.start)
    assert not record.out_of_sample(record.folds[0].validation.end)


def test_the_log_tells_the_run_as_it_went(run: TrainedRun) -> None:
    events = log_of(run)
    assert events[0]["event"] == "run_started"
    assert events[0]["schema"] == "ml-debugger/training-log/1"
    assert events[0]["features"] == ["signal", "noise"]
    assert events[-1]["event"] == "run_finished"
    finished = [e for e in events if e["event"] == "fold_finished"]
    assert [e["fold"] for e in finished] == [0, 1, 2]
    for fold in finished:
        rounds = [e for e in events if e["event"] == "round" and e["fold"] == fold["fold"]]
        assert [r["step"] for r in rounds] == list(range(fold["steps"]))
        assert rounds[fold["best_step"]]["val_loss"] == fold["val_loss"]
        assert fold["prediction_std"] > 0


def test_an_interrupted_run_leaves_its_log_and_no_record(
    features: pl.DataFrame, tmp_path: Path, tiny: Recipe
) -> None:
    def stop(_stage: str, done: int, _total: int) -> None:
        if done == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_run(features, 5, tmp_path, recipe=tiny, progress=stop)
    lines = (tmp_path / "training.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[-1])["step"] == 7
    assert not (tmp_path / "validation.json").exists()


def test_the_best_three_and_the_final_model_are_kept(run: TrainedRun) -> None:
    kept = read_index(run.folder / "checkpoints")
    assert [c.role for c in kept].count("final") == 1
    assert len(kept) == 4
    for checkpoint in kept:
        assert (run.folder / "checkpoints" / checkpoint.file).stat().st_size > 0


def test_later_data_changes_nothing_of_an_earlier_fold(
    run: TrainedRun, features: pl.DataFrame, tmp_path: Path, tiny: Recipe
) -> None:
    first = run.record.folds[0].test
    spoiled = features.with_columns(
        pl.when(pl.col("date") > first.end).then(99.0).otherwise(pl.col("signal")).alias("signal"),
        pl.when(pl.col("date") >= first.start)
        .then(9.0)
        .otherwise(pl.col("label_5"))
        .alias("label_5"),
    )
    again = train_run(spoiled, 5, tmp_path / "again", folds=3, recipe=tiny)
    before = run.out_of_fold.filter(pl.col("fold") == 0)["prediction"]
    assert again.out_of_fold.filter(pl.col("fold") == 0)["prediction"].equals(before)


def test_until_hides_everything_after_it(
    features: pl.DataFrame, tmp_path: Path, tiny: Recipe
) -> None:
    last = features["date"].unique().sort()[249]
    held = train_run(features, 5, tmp_path / "a", folds=2, recipe=tiny, until=last)
    cut = train_run(
        features.filter(pl.col("date") <= last), 5, tmp_path / "b", folds=2, recipe=tiny
    )
    assert held.record.trained_through == last
    assert held.out_of_fold.equals(cut.out_of_fold)


def test_a_ticker_with_a_gap_does_not_reach_into_the_next_window(
    features: pl.DataFrame, tmp_path: Path, tiny: Recipe
) -> None:
    whole = train_run(features, 5, tmp_path / "a", folds=2, recipe=tiny)
    fold = whole.record.folds[0]
    missing = (pl.col("ticker") == "T0") & pl.col("date").is_between(
        fold.train.end, fold.validation.start, closed="none"
    )
    gappy = train_run(features.filter(~missing), 5, tmp_path / "b", folds=2, recipe=tiny)
    # The gap also removes its sessions for nobody else, so the windows stay where they were.
    assert gappy.record.folds[0].train.end == fold.train.end
    assert gappy.record.folds[0].train.rows == fold.train.rows - 5


def test_missing_labels_and_short_tables_are_refused(
    features: pl.DataFrame, tmp_path: Path, tiny: Recipe
) -> None:
    with pytest.raises(DataError, match="no column 'label_20'"):
        train_run(features, 20, tmp_path, recipe=tiny)
    with pytest.raises(UsageError, match="too few"):
        train_run(features.filter(pl.col("date") < date(2022, 2, 1)), 5, tmp_path, recipe=tiny)


def test_another_seed_gives_another_model(
    features: pl.DataFrame, tmp_path: Path, tiny: Recipe, run: TrainedRun
) -> None:
    other = train_run(features, 5, tmp_path / "s", folds=3, recipe=replace(tiny, seed=1))
    assert not other.out_of_fold["prediction"].equals(run.out_of_fold["prediction"])


def test_a_record_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "validation.json"
    for text in ("", "{}", '{"schema": "other/9"}', "[1]"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=r"validation\.json: cannot be read"):
            ValidationRecord.read(path)
