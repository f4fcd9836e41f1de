"""What all commands that judge have in common: run a request, show progress, write reports."""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from commands.console import complain, say, style, tell
from ml_debugger.contract import Status
from ml_debugger.errors import UsageError
from ml_debugger.report.formats import FORMATS, PICTURES, render, require, write
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
                help="Write the report to a file as well; may be repeated. svg and png draw the "
                "curves of training runs.",
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
        if not colon or not path:
            known = ", ".join((*FORMATS, *PICTURES))
            raise UsageError(f"--out {text}: write FORMAT:PATH with one of {known}")
        try:
            require(form)
        except UsageError as error:
            raise UsageError(f"--out {text}: {error}") from error
        if not Path(path).absolute().parent.is_dir():
            raise UsageError(f"--out {text}: the folder {Path(path).parent} does not exist")
        pairs.append((form, Path(path)))
    return pairs


rows_option = click.option(
    "--rows",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.csv|parquet",
    help="Write the rows of tables that findings are about.",
)


def carry_out(
    request: Request,
    *,
    form: str,
    out: Sequence[str],
    no_history: bool,
    verbose: bool,
    rows: Path | None = None,
    picture: bool = False,
) -> int:
    """Run a request, print and write its report, and return the exit code.

    `rows` is the file for the rows that findings are about; `picture` asks for the coverage of
    the tables before the report.
    """
    files = outputs(out)
    if rows is not None:
        _check_rows_file(rows)
    with tempfile.TemporaryDirectory(prefix="diagnostic-rows-") as folder:
        if rows is not None or picture:
            request = replace(request, job=replace(request.job, rows_to=folder))
        report = _recorded(request, no_history=no_history)
        if picture and form == "text":
            say(_pictures(Path(folder), report, verbose=verbose))
        if rows is not None and report.interrupted:
            complain(f"--rows {rows}: not written, as the run was interrupted")
        elif rows is not None:
            from ml_debugger.runtime.concerned import write_rows

            count = write_rows(Path(folder), rows)
            tell(f"{rows}: {count:,} row{'' if count == 1 else 's'} that findings are about")
    say(render(report, form, style(), verbose=verbose))
    for file_form, path in files:
        try:
            write(report, file_form, path, verbose=verbose)
        except UsageError as error:
            complain(f"{path}: not written: {error}")
    return report.exit_code


def _check_rows_file(rows: Path) -> None:
    if rows.suffix.lower() not in (".csv", ".parquet"):
        raise UsageError(f"--rows {rows}: the name must end in .csv or .parquet")
    if not rows.absolute().parent.is_dir():
        raise UsageError(f"--rows {rows}: the folder {rows.parent} does not exist")
    if rows.exists():
        from ml_debugger.runtime.concerned import holds_rows

        # one slip of the keyboard would put the list of bad rows in the place of the prices
        if not holds_rows(rows):
            raise UsageError(f"--rows {rows}: this file holds something else; name a new one")


def _pictures(folder: Path, report: Report, *, verbose: bool) -> str:
    """The coverage of each table as a picture, each followed by an empty line."""
    from ml_debugger.report.heat_map import heat_map
    from ml_debugger.runtime.concerned import coverages_in, rows_in

    rows = rows_in(folder).collect()
    failed = defaultdict(set)
    for result in report.results:
        if result.status is Status.FAIL:
            failed[result.path or result.subject].add(result.name)
    return "".join(
        heat_map(c, rows, style(), grave=failed[c["path"][0]], every=verbose) + "\n"
        for c in coverages_in(folder)
        if len(c)
    )


def _recorded(request: Request, *, no_history: bool) -> Report:
    history = None if no_history else open_history()
    try:
        return _report(request, history)
    finally:
        if history is not None:
            history.close()


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
