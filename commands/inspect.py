"""`diagnostic inspect`: what is this file or folder, and what is wrong with it."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import click

from commands.running import carry_out, reporting_options, rows_option
from ml_debugger.runtime.request import inspect_request


class Place(click.Path):
    """A path that is not looked at while the command line is read: its mount may be silent."""

    def convert(
        self,
        value: str | PathLike[str],
        param: click.Parameter | None,  # noqa: ARG002  as click calls it
        ctx: click.Context | None,  # noqa: ARG002
    ) -> str | bytes | PathLike[str]:
        return value


@click.command(name="inspect")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=Place())
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
    """Say what a file or folder is and what is wrong with it.

    Needs no configuration. Files are recognised by content; a folder is walked and treated as
    one workspace. Nothing that is looked at is executed.
    """
    request = inspect_request(paths, fail_on=fail_on, min_score=min_score)
    code = carry_out(request, form=form, out=out, no_history=no_history, verbose=verbose, rows=rows)
    ctx.exit(code)
