"""`diagnostic predict`: write forecasts."""

from __future__ import annotations

from pathlib import Path

import click

from commands.console import say
from commands.progress import stages
from commands.tables import read_table
from ml_debugger.errors import UsageError
from ml_debugger.workspace.layout import Layout


@click.command(name="predict")
@click.option("--workspace", type=click.Path(path_type=Path), default=Path(), show_default=True)
def command(workspace: Path) -> None:
    """Write predictions/predictions.parquet from the finished runs.

    Past dates get out-of-fold forecasts only; nothing in-sample is shown as a forecast.
    """
    from ml_debugger import inference

    layout = Layout(workspace)
    features = read_table(layout.features, "diagnostic data features")
    runs = layout.finished_runs()
    if not runs:
        raise UsageError(f"{layout.runs}: no finished run; 'diagnostic train' makes one")
    with stages() as progress:
        table = inference.predict_runs(features, runs, layout.predictions, progress=progress)
    say(f"{layout.predictions}: {len(table):,} forecasts of {len(runs)} runs\n")
