"""Runs that share a test window, found among the records and logs of a workspace."""

from __future__ import annotations

from datetime import date

from ml_debugger.artifacts import (
    Artifact,
    Backtest,
    Curve,
    Split,
    TrainingRun,
    ValidationRecord,
    Window,
)
from ml_debugger.workspace.run_history import run_histories


def record(
    path: str, test: float, validation: float | None = 0.54, horizon: int = 5, year: int = 2023
) -> list[Artifact]:
    window = Window("test", None, date(year, 1, 3), date(year, 12, 29))
    return [
        ValidationRecord(path, path, "xgb", horizon, (), None, validation, test, None, False),
        Split(path, path, (window,), horizon, None, None),
    ]


def run(path: str, score: float, **details: str) -> TrainingRun:
    curve = Curve("test_sharpe", "test_sharpe", [0], [score], [1])
    return TrainingRun(path, path, "mlflow", "step", {"test_sharpe": curve}, details=details)


def test_records_of_numbered_runs_are_trials() -> None:
    artifacts = [a for n in range(9) for a in record(f"runs/run_{n}/validation.json", 0.5 + n / 99)]
    [history] = run_histories(artifacts)
    assert len(history.trials) == 9
    assert history.start == date(2023, 1, 3)


def test_tickers_horizons_and_windows_are_kept_apart() -> None:
    artifacts = [
        *record("runs/AAPL/validation.json", 0.51),
        *record("runs/MSFT/validation.json", 0.52),
        *record("runs/005930/validation.json", 0.53),
        *record("runs/h1/validation.json", 0.54, horizon=1),
        *record("runs/h20/validation.json", 0.55, horizon=20),
        *record("runs/run_1/validation.json", 0.56, year=2022),
        *record("runs/run_2/validation.json", 0.57, year=2023),
    ]
    assert [len(history.trials) for history in run_histories(artifacts)] == [1] * 7


def test_a_copy_of_a_record_under_another_name_is_the_choice() -> None:
    artifacts = [a for n in range(5) for a in record(f"runs/run_{n}/validation.json", 0.5 + n / 99)]
    artifacts += record("models/best/validation.json", 0.5 + 4 / 99)
    [history] = run_histories(artifacts)
    assert [trial.chosen for trial in history.trials] == [False] * 4 + [True]


def test_logged_runs_of_one_experiment() -> None:
    runs = [run(f"mlruns/0/{n:032x}", n / 10) for n in range(4)]
    [history] = run_histories(runs)
    assert history.metric == "sharpe"
    assert [trial.test_score for trial in history.trials] == [0.0, 0.1, 0.2, 0.3]
    apart = [run(f"mlruns/0/{n:032x}", n / 10, symbol="ABCD"[n]) for n in range(4)]
    assert run_histories(apart) == []


def test_backtests_count_only_out_of_sample() -> None:
    def backtest(path: str, sharpe: float, in_sample: bool | None) -> Backtest:
        start, end = date(2023, 1, 3), date(2023, 12, 29)
        return Backtest(path, path, None, {"sharpe": sharpe}, start, end, in_sample=in_sample)

    outside = [backtest(f"bt/{n}.json", n / 10, False) for n in range(3)]
    assert [len(history.trials) for history in run_histories(outside)] == [3]
    assert run_histories([backtest("bt/1.json", 1.0, True), backtest("bt/2.json", 1.0, None)]) == []
