"""`diagnostic monitor`: run a training, watch what it prints, end it when it is lost."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections import deque
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from commands.console import complain, style, tell
from commands.running import open_history
from ml_debugger.errors import UsageError

if TYPE_CHECKING:
    from commands.monitoring.status_line import StatusLine
    from commands.monitoring.watching import Watching
    from ml_debugger.contract import Result
    from ml_debugger.monitor.wrapped.following import Look
    from ml_debugger.monitor.wrapped.process import Wrapped
    from ml_debugger.monitor.wrapped.record import Record
    from ml_debugger.monitor.wrapped.relay import Copy

NOT_FOUND, NOT_EXECUTABLE = 127, 126


@click.command(
    name="monitor",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option(
    "--stop-on",
    type=click.Choice(["fail", "warn"]),
    help="End the command on such a finding: SIGINT, and SIGTERM after the grace.",
)
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="What the command gets to save its state.",
)
@click.option(
    "--log",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep the output here.  [default: among the last 20 in the state folder]",
)
@click.option("--no-status", is_flag=True, help="No status line below the output.")
@click.option("--no-history", is_flag=True, help="Do not store this run.")
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
@click.pass_context
def command(
    ctx: click.Context,
    stop_on: str | None,
    grace: float,
    log: Path | None,
    no_status: bool,
    no_history: bool,
    words: tuple[str, ...],
) -> None:
    """Run a training and watch it, without a change to its code.

    The command runs under a terminal of its own; its output passes through unchanged. What it
    prints is read as a training log and judged as it grows, with GPU and memory beside it.
    Findings are told on standard error as they happen. The exit code is the command's own: 128
    and the number for one that a signal ended, 127 for one that was not found.
    """
    from commands.monitoring.keyboard import handed_over, may_type
    from commands.monitoring.watching import Watching
    from ml_debugger.contract import Status
    from ml_debugger.monitor.judging import Judging
    from ml_debugger.monitor.wrapped.ending import Ending
    from ml_debugger.monitor.wrapped.following import Following
    from ml_debugger.monitor.wrapped.process import Wrapped
    from ml_debugger.monitor.wrapped.record import Record
    from ml_debugger.monitor.wrapped.relay import relay
    from ml_debugger.monitor.wrapped.sampling import Sampling

    judging = Judging()
    copy = _copy(words, log)
    record = Record(words, Path.cwd())
    rows, columns = _size()
    keys = may_type()
    drawn = not no_status and _may_draw(rows)
    with ExitStack() as stack:
        stack.callback(copy.close)
        try:
            wrapped = Wrapped(
                words, size=(rows - drawn, columns), keys=keys, environment=_environment()
            )
        except OSError as error:
            copy.path.unlink(missing_ok=True)
            complain(f"{words[0]}: {error.strerror}")
            ctx.exit(NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE)
        stack.callback(wrapped.close)
        if keys:
            stack.enter_context(handed_over())
        line = _status_line(rows, columns, stack) if drawn else None
        sampling = Sampling()
        stack.callback(sampling.finish)
        following = Following(copy.path, _shown(copy.path), judging, sampling.newest)
        watching = Watching(
            following,
            Ending(wrapped.send, grace),
            line.above if line else tell,
            line,
            Status(stop_on) if stop_on else None,
            _one_line,
        )
        _pass_signals(wrapped, line)
        sampling.start()
        following.start()
        relay(
            wrapped,
            copy,
            keys=0 if keys else None,
            tick=watching.tick,
            seen=line.seen if line else lambda _: None,
        )
        # the terminal closes before the process is gone: only then it is known what ended it
        code = wrapped.wait()
        killed_by = wrapped.killed_by
        # what this process passed on was asked for: a scheduler's stop is no crash
        unasked = killed_by if killed_by not in wrapped.sent else None
        look = following.finish(None if unasked is None else _end_of(unasked))
        watching.announce(look)
    _close(record, look, code, copy, watching, no_history=no_history)
    ctx.exit(code)


def _copy(words: tuple[str, ...], log: Path | None) -> Copy:
    from ml_debugger.monitor.wrapped.keeping import new_log
    from ml_debugger.monitor.wrapped.relay import Copy

    try:
        return Copy(log if log is not None else new_log(words))
    except OSError as error:
        place = log if log is not None else error.filename
        raise UsageError(f"--log {place}: {error.strerror}") from error


def _size() -> tuple[int, int]:
    columns, rows = shutil.get_terminal_size((80, 24))
    return rows, columns


def _may_draw(rows: int) -> bool:
    from commands.monitoring.status_line import LEAST_ROWS

    screens = sys.stdout.isatty() and sys.stderr.isatty()
    return screens and rows >= LEAST_ROWS and os.environ.get("TERM", "dumb") not in ("", "dumb")


def _environment() -> dict[str, str]:
    """That of this process; where nothing is a terminal the command is told to draw nothing."""
    if sys.stdout.isatty() or sys.stderr.isatty():
        return dict(os.environ)
    return {**os.environ, "TERM": "dumb"}


def _shown(log: Path) -> str:
    try:
        return str(log.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(log)


def _status_line(rows: int, columns: int, stack: ExitStack) -> StatusLine:
    from commands.monitoring.status_line import StatusLine

    def write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    line = StatusLine(write, rows, columns)
    stack.callback(line.close)
    return line


def _pass_signals(wrapped: Wrapped, line: StatusLine | None) -> None:
    """What this process is told, the command is told; a resized terminal is passed on too."""

    def pass_on(number: int, _: FrameType | None) -> None:
        wrapped.send(signal.Signals(number))

    def resize(_number: int, _: FrameType | None) -> None:
        rows, columns = _size()
        wrapped.resize(rows - (line is not None), columns)
        if line is not None:
            line.resize(rows, columns)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # one that is ignored (nohup) stays ignored
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, pass_on)
    signal.signal(signal.SIGWINCH, resize)


def _one_line(result: Result) -> str:
    shown = style()
    words = f"{result.status.value.upper()} {result.code} {result.name}: {result.title}"
    after = f" (after {', '.join(result.caused_by)})" if result.caused_by else ""
    return shown.paint(shown.plain(words + after), result.status)


def _end_of(number: int) -> str:
    """What a shell says of a command that a signal ended."""
    return signal.strsignal(number) or f"signal {number}"


def _close(
    record: Record, look: Look, code: int, copy: Copy, watching: Watching, *, no_history: bool
) -> None:
    """The last lines, and the run in the history."""
    findings = [result for result in look.results if result.status.is_finding]
    roots = [result for result in findings if not result.caused_by]
    if copy.problem is not None:
        complain(copy.problem)
    if not look.runs:
        complain("nothing in its output could be read as metrics; inspect the files that it wrote")
    if len(findings) > 1 and roots:
        causes = "1 of them the root" if len(roots) == 1 else f"{len(roots)} of them roots"
        tell(f"diagnostic: {len(findings)} findings, {causes}:")
        for result in roots:
            tell(f"diagnostic: {_one_line(result)}")
    elif not findings and look.runs:
        tell("diagnostic: no finding")
    why = None if watching.stopped is None else f"{watching.stopped.code} {watching.stopped.name}"
    events = record.events(look, code, copy.path, why)
    history = None if no_history else open_history()
    if history is None:
        tell(f"diagnostic: the output is kept in {copy.path}")
        return
    try:
        deque(history.record(events), maxlen=0)
    finally:
        history.close()
    tell(f"diagnostic: exit code {code}; 'diagnostic history {record.run}' shows this run again")
