"""`diagnostic history`: past runs."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from commands.console import say, style
from ml_debugger.contract import Result
from ml_debugger.errors import UsageError
from ml_debugger.report.style import WORDS
from ml_debugger.runtime.history import History, PastRun, history_path


@click.command(name="history")
@click.argument("run", required=False)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def command(run: str | None, limit: int, form: str) -> None:
    """List past runs, the newest first, or show the results of one RUN.

    RUN is a run's id or the beginning of it.
    """
    path = history_path()
    if not path.exists():
        if run is not None:
            raise UsageError(f"{path}: there is no history yet")
        say(_list([], form))
        return
    history = History(path)
    try:
        if run is None:
            say(_list(history.runs(limit), form))
        else:
            past = history.find(run)
            say(_one(past, history.results(past.run), form))
    finally:
        history.close()


def _list(runs: list[PastRun], form: str) -> str:
    if form == "json":
        return (
            json.dumps({"schema_version": "1.0", "runs": [asdict(r) for r in runs]}, indent=2)
            + "\n"
        )
    if not runs:
        return "no run is stored yet\n"
    lines = [f"{'run':<12}  {'started':<20}  {'command':<18}  {'ended':<10}  workspace"]
    for past in runs:
        ended = "unfinished" if past.exit_code is None else f"exit {past.exit_code}"
        command_line = f"{past.command} {past.profile}"[:18]
        started = past.started[:19] + "Z"
        lines.append(
            f"{past.run}  {started:<20}  {command_line:<18}  {ended:<10}  {past.workspace}"
        )
    return style().plain("\n".join(lines)) + "\n"


def _one(past: PastRun, results: list[Result], form: str) -> str:
    if form == "json":
        document = {
            "schema_version": "1.0",
            "run": asdict(past),
            "results": [r.to_dict() for r in results],
        }
        return json.dumps(document, indent=2) + "\n"
    lines = [f"run {past.run}  {past.command} {past.profile}  {past.started}  {past.workspace}"]
    order = sorted(results, key=lambda r: (r.status.gravity, r.code))
    lines += [f"{WORDS[r.status]:<5} {r.code} {r.name} ({r.subject}): {r.title}" for r in order]
    return style().plain("\n".join(lines)) + "\n"
