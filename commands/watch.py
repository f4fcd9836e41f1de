"""`diagnostic watch`: findings, machine, training and past runs, live."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.console import style
from ml_debugger.errors import UsageError
from ml_debugger.runtime.history import History, history_path
from ml_debugger.runtime.request import check_request
from ml_debugger.runtime.supervisor import run

if TYPE_CHECKING:
    import threading

    from ml_debugger.runtime.events import Event

LEAST_REFRESH = 2.0


@click.command(name="watch")
@click.argument("words", nargs=-1, metavar="[CODE|NAME|COMPONENT]...")
@click.option(
    "--profile",
    type=click.Choice(["quick", "pre-train", "full"]),
    help="Which checks, when none is named.  [default: full]",
)
@click.option(
    "--refresh",
    type=click.FloatRange(min=LEAST_REFRESH, clamp=True),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="The pause between two runs; at least 2, and at least as long as a run takes.",
)
@click.option("--mouse", is_flag=True, help="Let the mouse scroll and choose.")
def command(words: tuple[str, ...], profile: str | None, refresh: float, mouse: bool) -> None:
    """Watch findings, machine, training and past runs live.

    Only looks: no file is changed and no run is stored. NEW marks what the last stored run of
    'check' did not have. '?' lists the keys, 'q' leaves.
    """
    require_terminal()
    check_request(Path(), words, profile=profile)  # what is wrongly asked is refused before

    def source(stop: threading.Event) -> Iterator[Event]:
        request = check_request(Path(), words, profile=profile, looks_only=True)
        history = open_history()
        try:
            yield from run(request, history.compare, stop)
        finally:
            history.close()

    if os.environ.get("NO_COLOR"):
        # read when textual is imported; its default theme sends greys even without colour
        os.environ["TEXTUAL_THEME"] = "ansi-dark"
    from tui.app import WatchApp

    WatchApp(source, history=open_history, refresh=refresh, style=style()).run(mouse=mouse)


def open_history() -> History:
    """The store of past runs, for the calling thread."""
    return History(history_path())


def require_terminal() -> None:
    """Refuse to start where a screen cannot be drawn; UsageError says why."""
    streams = {"input": sys.stdin, "output": sys.stdout, "error": sys.stderr}
    for name, stream in streams.items():
        if stream is None or not stream.isatty():
            raise UsageError(
                f"watch needs a terminal, but standard {name} is none; 'check' prints a report"
            )
    if os.environ.get("TERM", "dumb") in ("", "dumb"):
        raise UsageError("watch needs a terminal that can move its cursor; TERM is dumb or unset")
