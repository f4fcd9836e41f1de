"""`diagnostic check`: judge the workspace and this machine."""

from __future__ import annotations

from pathlib import Path

import click

from commands.running import carry_out, reporting_options, rows_option
from ml_debugger.runtime.request import check_request


@click.command(name="check")
@click.argument("words", nargs=-1, metavar="[CODE|NAME|COMPONENT]...")
@click.option(
    "--profile",
    type=click.Choice(["quick", "pre-train", "full"]),
    help="Which checks, when none is named.  [default: full]",
)
@click.option(
    "--python",
    metavar="PROGRAM",
    help="The interpreter that trains, for the checks of the environment.  [default: "
    "workspace.python, else the active virtual or conda environment]",
)
@rows_option
@reporting_options
@click.pass_context
def command(
    ctx: click.Context,
    words: tuple[str, ...],
    profile: str | None,
    python: str | None,
    rows: Path | None,
    form: str,
    out: tuple[str, ...],
    fail_on: str | None,
    min_score: float | None,
    no_history: bool,
    verbose: bool,
) -> None:
    """Judge this workspace and this machine.

    Without names, all checks of the profile run. The workspace is the folder of the nearest
    diagnostic.toml, or this folder.
    """
    request = check_request(
        Path(), words, profile=profile, fail_on=fail_on, min_score=min_score, python=python
    )
    code = carry_out(request, form=form, out=out, no_history=no_history, verbose=verbose, rows=rows)
    ctx.exit(code)
