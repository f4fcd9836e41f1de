from pathlib import Path

import polars as pl
import pytest

from ml_debugger.errors import DataError, UsageError
from ml_debugger.inference import PREDICTION_SCHEMA, predict_runs
from ml_debugger.training import Recipe, TrainedRun, train_run

KEYS = ["ticker", "date", "horizon"]


@pytest.fixture
def run(features: pl.DataFrame, tmp_path: Path, tiny: Recipe) -> TrainedRun:
    until = features["date"].unique().sort()[279]
    return train_run(features, 5, tmp_path / "h5", folds=2, recipe=tiny, until=until)


@pytest.fixture
def table(run: TrainedRun, features: pl.DataFrame, tmp_path: Path) -> pl.DataFrame:
    return predict_runs(features, [run.folder], tmp_path / "predictions.parquet")


def test_the_table_keeps_the_contract(table: pl.DataFrame, tmp_path: Path) -> None:
    assert table.schema == PREDICTION_SCHEMA
    assert pl.read_parquet(tmp_path / "predictions.parquet").equals(table)
    assert not table.select(KEYS).is_duplicated().any()
    assert table["confidence"].is_between(0, 1).all()
    assert sum(table.null_count().row(0)) == 0


def test_the_past_is_out_of_fold_and_only_later_dates_the_final_model(
    table: pl.DataFrame, run: TrainedRun, features: pl.DataFrame
) -> None:
    through = run.record.trained_through
    past = table.filter(pl.col("date") <= through)
    assert past.select(*KEYS, "prediction").equals(
        run.out_of_fold.select(*KEYS, "prediction").sort(KEYS)
    )
    later = table.filter(pl.col("date") > through)
    assert len(later) == len(features.filter(pl.col("date") > through)) > 0
    assert all(run.record.out_of_sample(day) for day in table["date"].unique())


def test_the_first_fold_knows_nothing_of_its_own_quality(
    table: pl.DataFrame, run: TrainedRun
) -> None:
    first, second = (fold.test for fold in run.record.folds)
    early = table.filter(pl.col("date").is_between(first.start, first.end))
    assert early["confidence"].unique().to_list() == [0.5]
    later = table.filter(pl.col("date") >= second.start)
    assert later["confidence"].n_unique() > 1


def test_several_horizons_stand_in_one_table(
    run: TrainedRun, features: pl.DataFrame, tmp_path: Path, tiny: Recipe
) -> None:
    other = train_run(features, 1, tmp_path / "h1", folds=2, recipe=tiny)
    table = predict_runs(features, [run.folder, other.folder], tmp_path / "p.parquet")
    assert table["horizon"].unique().sort().to_list() == [1, 5]
    with pytest.raises(UsageError, match="same horizon"):
        predict_runs(features, [run.folder, run.folder], tmp_path / "p.parquet")


def test_a_missing_feature_is_named_and_nothing_is_written(
    run: TrainedRun, features: pl.DataFrame, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="the feature table lacks signal"):
        predict_runs(features.drop("signal"), [run.folder], tmp_path / "p.parquet")
    assert not (tmp_path / "p.parquet").exists()


def test_an_unfinished_run_gives_no_predictions(
    run: TrainedRun, features: pl.DataFrame, tmp_path: Path
) -> None:
    (run.folder / "validation.json").unlink()
    with pytest.raises(DataError, match=r"validation\.json: cannot be read"):
        predict_runs(features, [run.folder], tmp_path / "p.parquet")
