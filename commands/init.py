"""`diagnostic init`: write a diagnostic.toml for this folder."""

from __future__ import annotations

from pathlib import Path

import click

from commands.console import say
from ml_debugger.errors import UsageError
from ml_debugger.workspace.configuration import PROJECT_FILE
from ml_debugger.workspace.template import template


@click.command(name="init")
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
@click.option("--force", is_flag=True, help="Replace a file that is already there.")
def command(folder: Path, force: bool) -> None:
    """Write a diagnostic.toml for FOLDER (default: this one).

    Every key is there with its default and meaning, as a comment until you change it.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder")
    file = folder / PROJECT_FILE
    if file.exists() and not force:
        raise UsageError(f"{file}: already there; --force replaces it")
    file.write_text(template(), encoding="utf-8")
    say(f"wrote {file}; edit [expect], then run: diagnostic --full\n")
