"""`diagnostic backtest`: run positions against prices."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import click

from commands.console import say
from commands.progress import stages
from commands.tables import read_table
from ml_debugger.workspace.layout import Layout

Day = click.DateTime(formats=["%Y-%m-%d"])


@click.command(name="backtest")
@click.option("--start", type=Day, help="First session.")
@click.option("--end", type=Day, help="Last session.")
@click.option("--cost-bps", type=click.FloatRange(0), help="Fee, basis points of turnover.")
@click.option("--slippage-bps", type=click.FloatRange(0), help="Basis points of turnover.")
@click.option(
    "--allow-in-sample",
    is_flag=True,
    help="Run although the window overlaps training data; the record says so.",
)
@click.option("--workspace", type=click.Path(path_type=Path), default=Path(), show_default=True)
def command(
    start: datetime | None,
    end: datetime | None,
    cost_bps: float | None,
    slippage_bps: float | None,
    allow_in_sample: bool,
    workspace: Path,
) -> None:
    """Run the positions against the prices, beside buy-and-hold.

    The position of day t earns the return of day t+1, after costs and slippage.
    """
    from ml_debugger import backtest, data, training

    layout = Layout(workspace)
    positions = read_table(layout.positions / "positions.parquet", "diagnostic size")
    prices = data.import_prices(layout.prices)
    sized_horizon = json.loads((layout.positions / "sizing.json").read_text("utf-8"))["horizon"]
    records = [
        record
        for run in layout.finished_runs()
        if (record := training.ValidationRecord.read(run / "validation.json")).horizon
        == sized_horizon
    ]
    given = {"cost_bps": cost_bps, "slippage_bps": slippage_bps}
    costs = backtest.Costs(**{key: value for key, value in given.items() if value is not None})
    with stages() as progress:
        done = backtest.run_backtest(
            positions,
            prices,
            layout.backtest,
            records=records,
            start=_day(start),
            end=_day(end),
            costs=costs,
            allow_in_sample=allow_in_sample,
            progress=progress,
        )
    ours, theirs = done.record.metrics, done.record.buy_and_hold
    in_sample = "; IN-SAMPLE, no evidence of skill" if done.record.in_sample else ""
    say(
        f"{layout.backtest}: total return {ours.total_return:+.1%}, Sharpe ratio"
        f" {ours.sharpe:.2f}; buy-and-hold {theirs.total_return:+.1%}{in_sample}\n"
    )


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()
