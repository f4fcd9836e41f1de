from datetime import date, timedelta

import polars as pl
import pytest

from ml_debugger.artifacts import (
    BoosterModel,
    Checkpoint,
    Environment,
    FeatureTable,
    LogText,
    Positions,
    Predictions,
    PriceTable,
    TrainingConfig,
    TrainingRun,
    ValidationRecord,
)
from ml_debugger.workspace.links import Links, link, link_environment


def rows(tickers, start=date(2024, 1, 1), days=5, **columns):
    dates = [start + timedelta(days=n) for n in range(days)]
    return pl.LazyFrame(
        {
            "ticker": [t for t in tickers for _ in dates],
            "date": dates * len(tickers),
            **{name: [value] * days * len(tickers) for name, value in columns.items()},
        }
    )


def prices(path, tickers, **more):
    frame = rows(tickers, close=1.0, **more).rename({"date": "time"})
    return PriceTable(path, path, frame, {"ticker": "ticker", "time": "date"}, 5)


def predictions(path, tickers, model="xgb-h5", horizon=5, **more):
    frame = rows(tickers, horizon=horizon, model=model, prediction=0.0, **more)
    names = {name: name for name in ("ticker", "date", "horizon", "model", "prediction")}
    return Predictions(path, path, frame, names, "return", 5)


def run(path, horizon=None, model=None, segment=None):
    return TrainingRun(
        path, path, "csv", "epoch", {}, segment=segment, model=model, horizon=horizon
    )


def test_predictions_belong_to_the_prices_of_the_same_tickers() -> None:
    right, wrong = prices("a/us.parquet", ["AAPL"]), prices("b/crypto.parquet", ["BTC"])
    told = predictions("b/predictions.parquet", ["AAPL"])
    assert link([right, wrong, told]).linked(told, PriceTable) == [right]


def test_nothing_in_common_is_no_link_even_in_one_folder() -> None:
    crypto, told = prices("a/x.parquet", ["BTC"]), predictions("a/y.parquet", ["AAPL"])
    assert link([crypto, told]).linked(told, PriceTable) == []


def test_dates_that_never_meet_are_no_link() -> None:
    old = prices("a/x.parquet", ["AAPL"], start=date(2001, 1, 1))
    told = predictions("a/y.parquet", ["AAPL"])
    assert link([old, told]).linked(told, PriceTable) == []


def test_the_run_of_the_same_horizon_and_folder_is_the_one() -> None:
    one, five = run("runs/xgb-h1/log.csv", 1), run("runs/xgb-h5/log.csv", 5)
    record = ValidationRecord(
        "runs/xgb-h5/validation.json",
        "runs/xgb-h5/validation.json",
        "xgboost",
        5,
        (),
        None,
        0.5,
        0.5,
        None,
        wfe_recorded=False,
    )
    assert link([one, five, record]).linked(record, TrainingRun) == [five]


def test_two_equal_candidates_by_folder_alone_link_nothing() -> None:
    table = FeatureTable("data/f.parquet", "data/f.parquet", rows(["A"]), (), (), None, None, 5)
    other = FeatureTable("data/g.parquet", "data/g.parquet", rows(["A"]), (), (), None, None, 5)
    log = run("runs/log.csv")
    assert link([table, other, log]).linked(log, FeatureTable) == []
    assert link([table, log]).linked(log, FeatureTable) == [table]


def booster(path, *features):
    return BoosterModel(path, path, "xgboost-ubj", features, len(features), ())


def table(path, *features):
    return FeatureTable(path, path, rows(["A"]), features, (), None, None, 5)


def test_a_booster_belongs_to_the_table_that_has_its_features() -> None:
    right, near = table("data/a.parquet", "x", "y", "z"), table("runs/b.parquet", "u", "v", "w")
    model = booster("runs/m.ubj", "x", "y", "gone")
    assert link([right, near, model]).linked(model, FeatureTable) == [right]
    stranger = booster("runs/m.ubj", "k", "l", "m", "z")
    assert link([right, near, stranger]).linked(stranger, FeatureTable) == []


def test_a_booster_without_names_belongs_to_the_one_table_there_is() -> None:
    one, other = table("data/a.parquet", "x", "y"), table("data/b.parquet", "u", "v")
    for model in (booster("m.ubj"), booster("m.ubj", "f0", "f1"), booster("m.txt", "Column_0")):
        assert link([one, model]).linked(model, FeatureTable) == [one]
        assert link([one, other, model]).linked(model, FeatureTable) == []


def test_a_booster_is_fed_by_the_checkpoint_of_its_file() -> None:
    model = booster("runs/m.ubj", "x")
    own = Checkpoint("runs/m.ubj", "runs/m.ubj", "xgboost-ubj", 1, 0.0)
    near = Checkpoint("runs/n.ubj", "runs/n.ubj", "xgboost-ubj", 1, 0.0)
    assert link([own, near, model]).linked(model, Checkpoint) == [own]


def test_all_folds_of_one_log_are_linked() -> None:
    folds = [run("runs/xgb/log.jsonl", 5, segment=f"fold {n}") for n in range(3)]
    told = predictions("predictions.parquet", ["AAPL"])
    assert link([*folds, told]).linked(told, TrainingRun) == folds


def test_the_configuration_decides_before_all_else() -> None:
    near = run("runs/lstm/log.csv", 5)
    named = run("elsewhere/log.csv")
    told = predictions("runs/lstm/predictions.parquet", ["AAPL"])
    links = link([near, named, told], [["elsewhere/log.csv", "runs/lstm/predictions.parquet"]])
    assert links.linked(told, TrainingRun) == [named]


def test_upstream_follows_the_flow_and_never_goes_back() -> None:
    bars = prices("prices.parquet", ["AAPL"])
    told = predictions("predictions.parquet", ["AAPL"])
    held = Positions(
        "positions.parquet",
        "positions.parquet",
        rows(["AAPL"], position=1.0),
        {"ticker": "ticker", "date": "date", "position": "position"},
        5,
    )
    links = link([bars, told, held])
    assert links.upstream(held) == {bars, told}
    assert links.upstream(bars) == set()


def a_run(path: str, segment: str | None = None) -> TrainingRun:
    name = f"{path} ({segment})" if segment else path
    return TrainingRun(name, path, format="csv", step_unit="step", curves={}, segment=segment)


def a_config(path: str) -> TrainingConfig:
    return TrainingConfig(path, path, "hparams", {"lr": 0.001})


@pytest.mark.parametrize(
    ("config", "runs", "linked"),
    [
        ("runs/a/hparams.yaml", ["runs/a/metrics.csv", "runs/b/metrics.csv"], {"runs/a"}),
        ("runs/a/.hydra/config.yaml", ["runs/a/train.log", "runs/b/train.log"], {"runs/a"}),
        ("config.yaml", ["logs/run.csv"], {"logs"}),
        ("config.yaml", ["runs/a/metrics.csv", "runs/b/metrics.csv"], set()),
        ("runs/a/hparams.yaml", ["runs/b/metrics.csv"], set()),
        ("params.json", ["one.csv", "two.csv"], set()),
    ],
)
def test_a_configuration_is_that_of_the_one_run_below_its_folder(
    config: str, runs: list[str], linked: set[str]
) -> None:
    artifacts = [a_config(config), *map(a_run, runs)]
    links = link(artifacts)
    assert {str(run.folder) for run in links.linked(artifacts[0], TrainingRun)} == linked


def test_a_configuration_is_that_of_all_folds_in_one_log() -> None:
    config, *runs = [a_config("run/hparams.yaml"), a_run("run/t.log", "fold 1"),
                     a_run("run/t.log", "fold 2")]  # fmt: skip
    assert link([config, *runs]).linked(config, TrainingRun) == runs


def test_a_run_has_the_text_of_its_own_file_or_the_only_one_beside_it() -> None:
    def text(path: str) -> LogText:
        return LogText(path, path, "log", 10)

    own, other = text("run/train.log"), text("run/train.err")
    run, table = a_run("run/train.log"), a_run("run/metrics.csv")
    links = link([own, other, run, table])
    assert links.linked(run, LogText) == [own]
    assert links.linked(table, LogText) == []
    assert link([other, table]).linked(table, LogText) == [other]
    assert link([text("elsewhere/app.log"), table]).linked(table, LogText) == []


def test_the_interpreter_of_this_machine_goes_before_a_recorded_one() -> None:
    recorded = Environment("old", "snapshots/environment.json", "python", None, {})
    own = Environment("environment", None, "python", None, {})
    config = TrainingConfig("c.yaml", "c.yaml", "configuration", {})
    for artifacts, linked in (([recorded, config], recorded), ([recorded, own, config], own)):
        links = Links()
        link_environment(artifacts, links)
        assert links.linked(config, Environment) == [linked]


def test_the_model_of_a_fold_is_that_fold_s() -> None:
    def model(path: str) -> BoosterModel:
        return BoosterModel(path, path, "xgboost-ubj", (), None, ())

    folds = [a_run("run/t.jsonl", f"fold {n}") for n in (1, 2)]
    models = [model(f"run/checkpoints/fold-{n}.ubj") for n in (1, 2)]
    links = link([*folds, *models])
    assert [links.linked(one, TrainingRun) for one in models] == [[folds[0]], [folds[1]]]
