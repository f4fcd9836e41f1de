"""`diagnostic checks`: the catalogue of installed checks."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import click

from commands.console import complain, say, style
from ml_debugger.components import COMPONENTS
from ml_debugger.contract import Check
from ml_debugger.contract.check import PROFILES
from ml_debugger.errors import UsageError
from ml_debugger.runtime.plan import kind_name
from ml_debugger.runtime.registry import registry

SCHEMA_VERSION = "1.0"


@click.command(name="checks")
@click.argument("words", nargs=-1, metavar="[WORD]...")
@click.option("--component", multiple=True, type=click.Choice(COMPONENTS), help="Of components.")
@click.option("--prefix", multiple=True, metavar="ABC", help="Codes that begin so.")
@click.option("--profile", type=click.Choice(PROFILES), help="Checks that a profile runs.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def command(
    words: tuple[str, ...],
    component: tuple[str, ...],
    prefix: tuple[str, ...],
    profile: str | None,
    form: str,
) -> None:
    """List the checks that are installed.

    Words narrow the list to checks that mention all of them in code, name, component, headline
    or in what they judge.
    """
    chosen = [
        check
        for check in _of_prefixes(prefix)
        if (not component or check.component in component)
        and (profile is None or profile in check.profiles)
        and all(word.lower() in _said(check) for word in words)
    ]
    if form == "json":
        say(json.dumps(_document(chosen), indent=2) + "\n")
    elif chosen:
        say("".join(f"{line}\n" for line in _table(chosen)))
    if not chosen:
        complain("no check fits; 'diagnostic checks' lists all of them")


def _of_prefixes(prefixes: Sequence[str]) -> list[Check]:
    known = sorted({check.prefix for check in registry().values()})
    wanted = [prefix.upper() for prefix in prefixes]
    for prefix in wanted:
        if prefix not in known:
            raise UsageError(f"--prefix {prefix}: no check has it; known: {', '.join(known)}")
    return [c for c in registry().values() if not wanted or c.prefix in wanted]


def _judges(check: Check) -> list[str]:
    return [kind_name(need.kind) for need in check.needs]


def _said(check: Check) -> str:
    parts = (check.code, check.name, check.component, check.card.headline, *_judges(check))
    return " ".join(parts).lower()


def _document(checks: Sequence[Check]) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "checks": [
            {
                "code": check.code,
                "name": check.name,
                "component": check.component,
                "judges": _judges(check),
                "limits": [asdict(limit) for limit in check.limits],
                "playbook": check.playbook,
                "fix": None,
                "preview": check.preview,
            }
            for check in checks
        ],
    }


def _table(checks: Sequence[Check]) -> Iterator[str]:
    look = style()
    wide = max(len(check.name) for check in checks)
    indent = " " * (8 + wide + 2)
    for check in checks:
        left = f"{check.code}  {check.name:<{wide}}"
        headline = check.card.headline.rstrip(".")
        yield from textwrap.wrap(
            look.plain(f"{left}  {headline}"),
            look.width,
            subsequent_indent=indent,
            break_on_hyphens=False,
        )
    yield ""
    yield f"{len(checks)} checks; 'diagnostic explain CODE' prints a card"
