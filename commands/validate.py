"""`diagnostic data validate`: what tables cover, ticker by ticker, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import click

from commands.running import carry_out, reporting_options, rows_option
from ml_debugger.runtime.request import check_request, inspect_request


@click.command(name="validate")
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path())
@rows_option
@reporting_options
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[str, ...],
    rows: Path | None,
    form: str,
    out: tuple[str, ...],
    fail_on: str | None,
    min_score: float | None,
    no_history: bool,
    verbose: bool,
) -> None:
    """Judge the tables of this workspace, or those at PATH, and draw what they cover.

    The picture has a line for each ticker, worst first, and a column for each period; -v shows
    every ticker. Nothing is changed: --rows writes down which rows to look at.
    """
    if paths:
        request = inspect_request(paths, ("data",), fail_on=fail_on, min_score=min_score)
    else:
        request = check_request(Path(), ("data",), fail_on=fail_on, min_score=min_score)
    code = carry_out(
        request,
        form=form,
        out=out,
        no_history=no_history,
        verbose=verbose,
        rows=rows,
        picture=True,
    )
    ctx.exit(code)
