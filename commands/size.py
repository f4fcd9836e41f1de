"""`diagnostic size`: turn forecasts into positions."""

from __future__ import annotations

from pathlib import Path

import click

from commands.console import say
from commands.progress import stages
from commands.tables import read_table
from ml_debugger.workspace.layout import Layout


@click.command(name="size")
@click.option("--horizon", type=click.IntRange(1), default=5, show_default=True)
@click.option("--workspace", type=click.Path(path_type=Path), default=Path(), show_default=True)
def command(horizon: int, workspace: Path) -> None:
    """Size the forecasts of one horizon: half-Kelly, long-biased, with a drawdown breaker."""
    from ml_debugger import data, sizing

    layout = Layout(workspace)
    predictions = read_table(layout.predictions, "diagnostic predict")
    prices = data.import_prices(layout.prices)
    with stages() as progress:
        sized = sizing.size_positions(
            predictions, prices, layout.positions, horizon=horizon, progress=progress
        )
    say(f"{layout.positions}: {len(sized.positions):,} positions\n")
