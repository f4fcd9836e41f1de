"""`diagnostic train`: walk-forward training."""

from __future__ import annotations

from pathlib import Path

import click

from commands.console import say
from commands.progress import stages
from commands.tables import read_table
from ml_debugger.workspace.layout import Layout


@click.command(name="train")
@click.option("--horizon", "horizons", type=click.IntRange(1), multiple=True, default=(5,))
@click.option("--mode", type=click.Choice(["anchored", "rolling"]), default="anchored")
@click.option("--folds", type=click.IntRange(1), default=4, show_default=True)
@click.option("--purge", type=click.IntRange(0), help="Sessions.  [default: the longest horizon]")
@click.option("--embargo", type=click.IntRange(0), default=5, show_default=True, help="Sessions.")
@click.option("--features", type=click.Path(path_type=Path), help="The feature table.")
@click.option("--workspace", type=click.Path(path_type=Path), default=Path(), show_default=True)
def command(
    horizons: tuple[int, ...],
    mode: str,
    folds: int,
    purge: int | None,
    embargo: int,
    features: Path | None,
    workspace: Path,
) -> None:
    """Train XGBoost with walk-forward validation, one run a horizon.

    Leaves training log, validation record and checkpoints in runs/xgb-h<HORIZON>.
    """
    from ml_debugger import training

    layout = Layout(workspace)
    table = read_table(features or layout.features, "diagnostic data features")
    lines = []
    with stages() as progress:
        # one purge for all: every horizon is then tested on the same sessions
        gap = max(horizons) if purge is None else purge
        for horizon in dict.fromkeys(horizons):
            run = training.train_run(
                table,
                horizon,
                layout.run(horizon),
                mode="rolling" if mode == "rolling" else "anchored",
                folds=folds,
                purge=gap,
                embargo=embargo,
                progress=progress,
            )
            wfe = "undefined" if run.record.wfe is None else f"{run.record.wfe:.1f} %"
            lines.append(
                f"{run.folder}: validation accuracy {run.record.validation_accuracy:.3f},"
                f" test {run.record.test_accuracy:.3f}, walk-forward efficiency {wfe}\n"
            )
    say("".join(lines))
