"""A walk through a playbook at a terminal: what it shows, runs and asks."""

from __future__ import annotations

import shlex
import sys
import textwrap
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from commands.console import say, style, tell
from commands.running import show_progress
from ml_debugger.report.playbook_text import step_text
from ml_debugger.runtime.events import RunFinished
from ml_debugger.runtime.playbook_command import run_command, runs_by_itself
from ml_debugger.runtime.playbook_model import AnyStep, CommandStep, Playbook
from ml_debugger.runtime.playbook_runner import (
    AFTER_DIFFERENCE,
    GO_ON,
    CommandOutcome,
    StepFinished,
    StepStarted,
    WalkEvent,
    WalkFinished,
)
from ml_debugger.runtime.report import INTERRUPTED, Report
from ml_debugger.runtime.request import check_request
from ml_debugger.runtime.supervisor import run

MAX_LINES = 12
"""Lines of a command's output that a step shows: the last ones, as reports put the worst last."""


class Terminal:
    """Runs checks and commands here and asks the person, where there is one.

    Without a terminal, questions take the answers that were given beforehand, commands that
    change something are not run unless `yes`, and a walk goes on after a difference.
    """

    def __init__(self, answers: Mapping[str, str], *, yes: bool) -> None:
        self._answers = answers
        self._yes = yes
        self._person = sys.stdin.isatty() and sys.stderr.isatty()

    def run_checks(self, words: Sequence[str]) -> Report:
        """Run checks on the workspace around this folder."""
        (last,) = deque(show_progress(run(check_request(Path(), words))), maxlen=1)
        assert isinstance(last, RunFinished)
        return last.report

    def run_command(self, step: CommandStep) -> CommandOutcome:
        """Run a command that only reads, or one that was permitted."""
        line = shlex.join(step.command)
        if not runs_by_itself(step.command) and not self._yes:
            if not self._person:
                return CommandOutcome(None, reason=f"not run without --yes: {line}")
            if not click.confirm(f"run: {line}", err=True):
                return CommandOutcome(None, reason="not run, as you wished")
        return run_command(step, Path())

    def ask(self, step: AnyStep, text: str, choices: Sequence[str]) -> str | None:
        """The answer that was given beforehand, or the person's."""
        if tuple(choices) == AFTER_DIFFERENCE and (self._yes or not self._person):
            return GO_ON
        if tuple(choices) != AFTER_DIFFERENCE and step.name in self._answers:
            return self._answers[step.name]
        if not self._person:
            return None
        if tuple(choices) == AFTER_DIFFERENCE:
            tell(f"  {text}")  # a question of a step was shown when the step began
        for number, choice in enumerate(choices, 1):
            tell(f"  {number}  {choice}")
        number = click.prompt("  which", type=click.IntRange(1, len(choices)), err=True)
        return choices[number - 1]


def tell_walk(playbook: Playbook, finding: Sequence[str], events: Iterator[WalkEvent]) -> int:
    """Show a walk as it goes and return its exit code; `finding` holds the codes to close."""
    look = style()
    for event in events:
        match event:
            case StepStarted(number=number, total=total, step=step):
                say("\n" + look.bold(f"[{number}/{total}] {step.name}") + "\n")
                say(step_text(step, look, finding))
            case StepFinished():
                _tell_end(event)
            case WalkFinished(verdict=verdict, exit_code=code, reason=reason):
                say("\n")
                _tell(f"{playbook.id}: {verdict.upper()}. {reason}", "  ")
                if code not in (0, INTERRUPTED):
                    say(
                        f"  diagnostic playbook show {playbook.id} lists the steps for --start-at\n"
                    )
                return code
    raise AssertionError("a walk ends with WalkFinished")


def _tell_end(event: StepFinished) -> None:
    if event.outcome == "shown":
        return
    if len(event.shown) > MAX_LINES:
        say(f"      {len(event.shown) - MAX_LINES} lines, then\n")
    for line in event.shown[-MAX_LINES:]:
        _tell(f"      {line}", "        ")
    say(f"  ->  {event.outcome}\n")
    if event.advice:
        _tell(f"      {event.advice}", "      ")


def _tell(text: str, indent: str) -> None:
    look = style()
    lines = textwrap.wrap(
        look.plain(text), look.width, subsequent_indent=indent, break_on_hyphens=False
    )
    say("\n".join(lines) + "\n")
