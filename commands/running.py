"""What all commands that judge have in common: run a request, show progress, write reports."""

from __future__ import annotations

import sqlite3
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from commands.console import complain, say, style
from ml_debugger.errors import UsageError
from ml_debugger.report.formats import FORMATS, render
from ml_debugger.runtime.events import CheckStarted, Event, Progress, RunFinished
from ml_debugger.runtime.history import History, history_path
from ml_debugger.runtime.report import Report
from ml_debugger.runtime.supervisor import Request, run

Function = TypeVar("Function", bound=Callable[..., Any])


def reporting_options(function: Function) -> Function:
    """The options of every command that ends in a report."""
    for option in reversed(
        (
            click.option(
                "--format",
                "form",
                type=click.Choice(list(FORMATS)),
                default="text",
                show_default=True,
                help="What standard output carries.",
            ),
            click.option(
                "--out",
                multiple=True,
                metavar="FORMAT:PATH",
                help="Write the report to a file as well; may be repeated.",
            ),
            click.option(
                "--fail-on",
                type=click.Choice(["fail", "warn"]),
                help="The gravity from which the exit code is 1.  [default: fail]",
            ),
            click.option("--min-score", type=float, help="A lower score makes the exit code 1."),
            click.option("--no-history", is_flag=True, help="Do not store this run."),
            click.option("-v", "--verbose", is_flag=True, help="Show what passed as well."),
        )
    ):
        function = option(function)
    return function


def outputs(texts: Sequence[str]) -> list[tuple[str, Path]]:
    """`FORMAT:PATH` pairs; UsageError naming the one that is no such pair."""
    pairs = []
    for text in texts:
        form, colon, path = text.partition(":")
        if not colon or form not in FORMATS or not path:
            raise UsageError(f"--out {text}: write FORMAT:PATH with one of {', '.join(FORMATS)}")
        if not Path(path).absolute().parent.is_dir():
            raise UsageError(f"--out {text}: the folder {Path(path).parent} does not exist")
        pairs.append((form, Path(path)))
    return pairs


def carry_out(
    request: Request, *, form: str, out: Sequence[str], no_history: bool, verbose: bool
) -> int:
    """Run a request, print and write its report, and return the exit code."""
    files = outputs(out)
    history = None if no_history else open_history()
    try:
        report = _report(request, history)
    finally:
        if history is not None:
            history.close()
    say(render(report, form, style(), verbose=verbose))
    for file_form, path in files:
        path.write_text(render(report, file_form, verbose=verbose), encoding="utf-8")
    return report.exit_code


def open_history() -> History | None:
    """The history; None, with a line that says so, when it cannot be opened."""
    path = history_path()
    try:
        return History(path)
    except (OSError, sqlite3.Error) as error:
        complain(f"{path}: history not stored: {error}")
        return None


def _report(request: Request, history: History | None) -> Report:
    events = run(request) if history is None else history.record(run(request, history.compare))
    (last,) = deque(show_progress(events), maxlen=1)
    assert isinstance(last, RunFinished)
    return last.report


def show_progress(events: Iterable[Event]) -> Iterator[Event]:
    """Pass events on, with one changing line on standard error when that is a terminal."""
    if not sys.stderr.isatty():
        yield from events
        return
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("starting", spinner="line") as status:
        for event in events:
            match event:
                case Progress(stage=stage, done=done, total=total, what=what):
                    count = f" {done}/{total}" if total else ""
                    status.update(f"{stage}{count}  {what[-60:]}", spinner="line")
                case CheckStarted(code=code, name=name, subject=subject):
                    status.update(f"{code} {name}  {subject[-50:]}", spinner="line")
            yield event
