"""`diagnostic leakage`: prove that a feature function looks at no later row, or name what does."""

from __future__ import annotations

from pathlib import Path

import click

from commands.running import carry_out, reporting_options
from ml_debugger.probes.feature_function.trial import FunctionTrial, active_python
from ml_debugger.runtime.request import leakage_request


@click.command(name="leakage")
@click.argument("target", metavar="FILE.py:FUNCTION")
@click.option(
    "--data",
    multiple=True,
    required=True,
    metavar="PRICES",
    type=click.Path(),
    help="Prices: a file or folder that 'inspect' knows; may be repeated.",
)
@click.option(
    "--python",
    metavar="PATH",
    help="The interpreter that has what the function imports.  [default: the active environment]",
)
@click.option(
    "--frame",
    type=click.Choice(["auto", "pandas", "polars"]),
    default="auto",
    show_default=True,
    help="The kind of table that the function takes; auto sees it from annotation and imports.",
)
@click.option("--label", multiple=True, metavar="NAME", help="A column that is a label.")
@click.option("--feature", multiple=True, metavar="NAME", help="A feature named like a label.")
@click.option(
    "--tickers",
    type=click.IntRange(1),
    default=40,
    show_default=True,
    help="How many tickers are used, at most.",
)
@click.option(
    "--sessions",
    type=click.IntRange(3),
    default=1_000,
    show_default=True,
    help="How many dates are used, the last ones.",
)
@click.option(
    "--deadline",
    type=click.FloatRange(1.0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="The longest that one call of the function may take.",
)
@reporting_options
@click.pass_context
def command(
    ctx: click.Context,
    target: str,
    data: tuple[str, ...],
    python: str | None,
    frame: str,
    label: tuple[str, ...],
    feature: tuple[str, ...],
    tickers: int,
    sessions: int,
    deadline: float,
    form: str,
    out: tuple[str, ...],
    fail_on: str | None,
    min_score: float | None,
    no_history: bool,
    verbose: bool,
) -> None:
    """Find the columns of a feature function that look into the future.

    FUNCTION takes a table with ticker, date, open, high, low, close and volume, one row a bar,
    and returns one with the same rows and its columns. MODULE:FUNCTION names an importable one.
    It RUNS that code, in a process of its own, on the last sessions of some tickers: with the
    future cut off or altered, no earlier row may change.
    """
    trial = FunctionTrial(
        target=target,
        folder=str(Path.cwd()),
        python=python or active_python(),
        frame=frame,
        labels=label,
        features=feature,
        tickers=tickers,
        sessions=sessions,
        call_seconds=deadline,
    )
    request = leakage_request(trial, data, fail_on=fail_on, min_score=min_score)
    ctx.exit(carry_out(request, form=form, out=out, no_history=no_history, verbose=verbose))
