"""Standard output is data, standard error narrates; what the terminal can show."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ml_debugger.report.style import Style


def complain(message: str) -> None:
    """One line on standard error that says what is wrong."""
    click.echo(f"diagnostic: {' '.join(message.split())}", err=True)


def tell(message: str) -> None:
    """One line of narration on standard error."""
    click.echo(message, err=True)


def say(text: str) -> None:
    """Text on standard output, without a further newline."""
    click.echo(text, nl=False, color=True)


def style() -> Style:
    """Width, colour and characters that standard output can show.

    Colour needs a terminal that is not dumb and no `NO_COLOR`; characters beyond ASCII need a
    terminal and a UTF-8 locale.
    """
    from ml_debugger.report.style import Style

    terminal = sys.stdout.isatty()
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    width = shutil.get_terminal_size((80, 24)).columns if terminal else 80
    return Style(
        width=max(40, min(width, 120)),
        colour=terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb",
        unicode=terminal and encoding == "utf8",
    )
