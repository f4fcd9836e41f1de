"""`diagnostic config`: what is configured, and where each value comes from."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import click

from commands.console import say, style
from ml_debugger.runtime.request import validate_limits
from ml_debugger.workspace.configuration import KEYS, Configuration, load


@click.group(name="config")
def command() -> None:
    """Show or validate the configuration."""


@command.command()
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def show(form: str) -> None:
    """Show every value and where it comes from."""
    configuration = load(Path())
    say(_as_json(configuration) if form == "json" else style().plain(_as_text(configuration)))


@command.command()
def validate() -> None:
    """Read the configuration and say whether it is valid."""
    configuration = load(Path())
    validate_limits(configuration)
    say(f"{configuration.file or 'no diagnostic.toml here or above'}: valid\n")


def _as_text(configuration: Configuration) -> str:
    lines = [f"project file: {configuration.file or 'none found here or above'}", ""]
    for name, value in configuration.values.items():
        lines.append(f"{name:<22} {_shown(value.value):<22} {value.source}")
        lines.append(f"{'':<22} {KEYS[name].meaning}: {KEYS[name].kind}")
    for (check, limit), value in configuration.limits.items():
        lines.append(f"limits.{check}.{limit} {_shown(value.value)} {value.source}")
    return "\n".join(lines) + "\n"


def _as_json(configuration: Configuration) -> str:
    values = {
        name: {"value": _plain(value.value), "source": value.source}
        for name, value in configuration.values.items()
    }
    limits = {
        f"limits.{check}.{limit}": {"value": value.value, "source": value.source}
        for (check, limit), value in configuration.limits.items()
    }
    document = {"schema_version": "1.0", "file": _text(configuration.file), "values": values}
    return json.dumps({**document, "limits": limits}, indent=2) + "\n"


def _shown(value: Any) -> str:
    return "-" if value is None else json.dumps(_plain(value))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
