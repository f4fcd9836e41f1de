"""`diagnostic playbook`: from a finding to a verified repair, step by step."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable

import click

from commands.console import say, style
from ml_debugger.errors import UsageError
from ml_debugger.runtime.playbook_file import load, load_all
from ml_debugger.runtime.playbook_model import Playbook, QuestionStep
from ml_debugger.runtime.registry import registry

SCHEMA_VERSION = "1.0"


@click.group(name="playbook")
def command() -> None:
    """List, show or run a playbook: from a finding to a verified repair."""


@command.command(name="list")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def list_playbooks(form: str) -> None:
    """List the playbooks and the faults that they serve."""
    playbooks = load_all()
    if form == "json":
        say(json.dumps(_document(playbooks), indent=2) + "\n")
        return
    wide = max((len(playbook.id) for playbook in playbooks), default=0)
    for playbook in playbooks:
        say(style().plain(f"{playbook.id:<{wide}}  {playbook.title}\n"))
        say(f"{'':<{wide}}  {playbook.category}: {' '.join(playbook.codes)}\n")


def _document(playbooks: Iterable[Playbook]) -> dict[str, object]:
    return {
        "schema_version": SCHEMA_VERSION,
        "playbooks": [
            {"id": p.id, "title": p.title, "category": p.category, "codes": list(p.codes)}
            for p in playbooks
        ],
    }


@command.command(name="show")
@click.argument("word", metavar="ID|CODE")
def show(word: str) -> None:
    """Show a playbook as it stands."""
    from ml_debugger.report.playbook_text import render

    say(render(load(word, registry()), style()))


@command.command(name="run")
@click.argument("word", metavar="ID|CODE")
@click.option("--yes", is_flag=True, help="Run commands that change something without asking.")
@click.option("--noop", is_flag=True, help="Show every step, do none.")
@click.option("--start-at", metavar="N|STEP", default="1", help="Begin at this step.")
@click.option(
    "--answer",
    "answers",
    multiple=True,
    metavar="STEP=CHOICE",
    help="Answer a question beforehand; may be repeated.",
)
@click.pass_context
def run(
    ctx: click.Context, word: str, yes: bool, noop: bool, start_at: str, answers: tuple[str, ...]
) -> None:
    """Walk through a playbook in this workspace.

    Checks run again at each step that names them. Commands that only read run by themselves,
    others are shown and asked. The last step runs the finding's check again.

    Exit codes: 0 closed, 1 still open, 2 wrong usage, 3 incomplete, 130 interrupted.
    """
    from commands.walking import Terminal, tell_walk
    from ml_debugger.runtime.playbook_runner import walk

    playbook = load(word, registry())
    start = playbook.position(start_at)
    given = given_answers(playbook, answers)
    by_id = word.lower() == playbook.id
    finding = playbook.codes if by_id else (registry().find(word).code,)
    hands = Terminal(given, yes=yes)
    ctx.exit(tell_walk(playbook, finding, walk(playbook, finding, hands, start=start, noop=noop)))


def given_answers(playbook: Playbook, texts: Iterable[str]) -> dict[str, str]:
    """`STEP=CHOICE` pairs by the step's name; UsageError naming the one that fits nothing."""
    given: dict[str, str] = {}
    for text in texts:
        name, equals, answer = text.partition("=")
        if not equals:
            raise UsageError(f"--answer {shlex.quote(text)}: write STEP=CHOICE")
        step = playbook.steps[playbook.position(name)]
        if not isinstance(step, QuestionStep):
            raise UsageError(f"--answer {text}: step '{step.name}' asks no question")
        known = [choice.answer for choice in step.choices]
        if answer not in known:
            raise UsageError(f"--answer {text}: '{step.name}' takes one of {', '.join(known)}")
        given[step.name] = answer
    return given
