"""One backtest: the window and its proof, the simulation, the record and the equity curve."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from ml_debugger.backtest.engine import POSITION_LAG, buy_and_hold, simulate
from ml_debugger.backtest.metrics import Metrics, measure
from ml_debugger.data import Progress, utc_now, write_json, write_parquet
from ml_debugger.data.progress import silent
from ml_debugger.errors import DataError, UsageError
from ml_debugger.sizing.account import Costs
from ml_debugger.sizing.panel import make_panel
from ml_debugger.training import ValidationRecord
from ml_debugger.training.splits import Session

SCHEMA = "ml-debugger/backtest/1"
RECORD_NAME = "backtest.json"
EQUITY_NAME = "equity.parquet"

_LEAST_DATES = 3


@dataclass(frozen=True, slots=True)
class BacktestWindow:
    """The first and the last date, both inside."""

    start: Session
    end: Session


@dataclass(frozen=True, slots=True)
class BacktestRecord:
    """What was simulated and how it did; stored as ``backtest.json``.

    The figures are those of the returns from the second date of the window on: on the first one
    nothing is held yet.
    """

    window: BacktestWindow
    trained_through: Session | None
    """The last date any final model has seen. A window before it is sound where ``in_sample`` is
    false: its positions come from models of earlier folds."""
    in_sample: bool
    position_lag: int
    cost_bps: float
    slippage_bps: float
    metrics: Metrics
    buy_and_hold: Metrics
    tickers: int
    sessions: int
    created: str


@dataclass(frozen=True, slots=True)
class BacktestRun:
    """What a backtest left in its folder."""

    record: BacktestRecord
    equity: pl.DataFrame
    """``date, equity, benchmark_equity, strategy_return`` (after costs), ``gross_return, cost,
    exposure``; both equities start at 1 on the first date, which earns 0."""


def run_backtest(
    positions: pl.DataFrame,
    prices: pl.DataFrame,
    folder: Path,
    *,
    records: Sequence[ValidationRecord],
    start: Session | None = None,
    end: Session | None = None,
    costs: Costs | None = None,
    allow_in_sample: bool = False,
    progress: Progress | None = None,
) -> BacktestRun:
    """Simulates ``positions`` and writes ``backtest.json`` and ``equity.parquet``.

    ``records`` are the validation records of the runs whose predictions were sized. Each date of
    the window that has a position must be proven out of sample by every one of them: it lies in a
    fold's test window, or after the date that the final model was trained through. Otherwise
    ``UsageError`` names the first such date, unless ``allow_in_sample``; then the record says
    ``in_sample``. Without a record nothing is proven. The window is by default that of the
    positions.

    Raises ``DataError`` if the window has no positions or fewer than three dates.
    """
    report, costs = progress or silent, costs or Costs()
    report("backtest", 0, 1)
    used = _within(positions, start, end)
    if not len(used):
        raise DataError(f"no positions from {start or 'the beginning'} to {end or 'the end'}")
    in_sample = _unproven(used, records)
    if in_sample and not allow_in_sample:
        known = f"trained through {_trained_through(records)}" if records else "no record given"
        raise UsageError(
            f"{len(in_sample)} dates of the window, from {in_sample[0]}, are not proven out of "
            f"sample ({known}): take a later window, or allow an in-sample backtest"
        )
    bars = _within(
        prices.filter(pl.col("ticker").is_in(used["ticker"].unique().to_list())),
        start or used["date"].min(),  # type: ignore[arg-type]
        end or used["date"].max(),  # type: ignore[arg-type]
    )
    if bars["date"].n_unique() < _LEAST_DATES:
        raise DataError(f"the window has fewer than {_LEAST_DATES} dates with prices")
    panel = make_panel(bars)
    ours = simulate(panel.matrix(used, "position"), panel, costs)
    theirs = buy_and_hold(panel, costs)
    equity = pl.DataFrame(
        {
            "date": panel.dates,
            "equity": ours.equity,
            "benchmark_equity": theirs.equity,
            "strategy_return": ours.net,
            "gross_return": ours.gross,
            "cost": ours.cost,
            "exposure": ours.exposure,
        }
    )
    record = BacktestRecord(
        window=BacktestWindow(panel.dates[0], panel.dates[-1]),
        trained_through=_trained_through(records),
        in_sample=bool(in_sample),
        position_lag=POSITION_LAG,
        cost_bps=costs.cost_bps,
        slippage_bps=costs.slippage_bps,
        metrics=measure(ours.net[1:], theirs.net[1:], ours.turnover[1:]),
        buy_and_hold=measure(theirs.net[1:], theirs.net[1:], theirs.turnover[1:]),
        tickers=len(panel.tickers),
        sessions=len(panel.dates),
        created=utc_now(),
    )
    write_parquet(equity, folder / EQUITY_NAME)
    write_json({"schema": SCHEMA, **asdict(record)}, folder / RECORD_NAME)
    report("backtest", 1, 1)
    return BacktestRun(record, equity)


def _within(table: pl.DataFrame, start: Session | None, end: Session | None) -> pl.DataFrame:
    if start is not None:
        table = table.filter(pl.col("date") >= start)
    return table if end is None else table.filter(pl.col("date") <= end)


def _unproven(positions: pl.DataFrame, records: Sequence[ValidationRecord]) -> list[Session]:
    dates: list[Session] = positions["date"].unique().sort().to_list()
    if not records:
        return dates
    return [day for day in dates if not all(r.out_of_sample(day) for r in records)]


def _trained_through(records: Sequence[ValidationRecord]) -> Session | None:
    return max((record.trained_through for record in records), default=None)
