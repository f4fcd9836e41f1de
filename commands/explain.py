"""`diagnostic explain`: a check's card."""

from __future__ import annotations

import json
from pathlib import Path

import click

from commands.console import say, style
from ml_debugger.report import card_text
from ml_debugger.report.card import describe
from ml_debugger.runtime.registry import registry
from ml_debugger.workspace import configuration

SCHEMA_VERSION = "1.0"


@click.command(name="explain")
@click.argument("word", metavar="CODE|NAME")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def command(word: str, form: str) -> None:
    """Print a check's card: what it measures, why it matters, what to do.

    Limits are those in force in this folder, with the place that sets them.
    """
    check = registry().find(word)
    facts = describe(check, registry(), configuration.load(Path()).limits)
    if form == "json":
        document = {"schema_version": SCHEMA_VERSION, "check": facts.to_dict()}
        say(json.dumps(document, indent=2) + "\n")
    else:
        say(card_text.render(facts, style()))
