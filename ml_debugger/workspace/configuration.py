"""Configuration: where each value comes from, and what may stand in `diagnostic.toml`.

Sources, strongest first: command-line flag, `DIAGNOSTIC_…` variable, `diagnostic.toml` or
`[tool.diagnostic]` in `pyproject.toml`, the user's own file, the default.
"""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from ml_debugger.errors import ConfigError
from ml_debugger.workspace.listing import names_in

PROJECT_FILE = "diagnostic.toml"


@dataclass(frozen=True, slots=True)
class Key:
    """One known configuration key: its type in words, default and meaning."""

    name: str
    kind: str
    default: Any
    meaning: str


KEYS = {
    key.name: key
    for key in (
        Key("run.profile", "quick|pre-train|full", "full", "which checks run by default"),
        Key("run.fail_on", "fail|warn", "fail", "the gravity from which the exit code is 1"),
        Key("run.min_score", "number", None, "a lower score makes the exit code 1"),
        Key("run.seconds", "number", 600.0, "the longest that a whole run may take"),
        Key("workspace.paths", "list of text", ["."], "files and folders to look at"),
        Key("workspace.ignore", "list of text", [], "name patterns to leave out"),
        Key("workspace.links", "list of pairs", [], "pairs of paths that belong together"),
        Key("workspace.stages", "list of text", None, "stages that the flow has"),
        Key("workspace.python", "text", None, "the interpreter that trains"),
        Key("expect.data_through", "date or latest", None, "prices must reach this date"),
        Key("expect.tickers", "list of text", [], "tickers that predictions must cover"),
        Key("expect.universe", "whole number", None, "how many tickers the prices must have"),
        Key(
            "expect.members",
            "list of text or file",
            [],
            "tickers that the prices must have, or a file that lists them",
        ),
        Key("expect.years", "number", None, "years that the prices must span"),
        Key("expect.lookback", "whole number", None, "sessions that features look back"),
        Key("expect.features", "whole number", None, "how many features a feature table must have"),
        Key("expect.horizons", "list of whole numbers", [], "horizons, in sessions"),
        Key("expect.gpus", "whole number", None, "GPUs that this machine must have"),
        Key("expect.gpu_training", "true or false", None, "whether training needs a GPU"),
        Key("expect.gpu_memory_gb", "number", None, "GB that all GPUs hold together"),
        Key("expect.gpu_name", "text", None, "part of the name that each GPU must have"),
        Key("expect.gpu_mig", "true or false", None, "whether GPUs are cut into MIG instances"),
        Key("expect.gpu_persistence", "true or false", None, "whether the driver stays loaded"),
        Key("expect.max_long", "number", None, "largest long position, in units of equity"),
        Key("expect.max_short", "number", None, "largest short position, in units of equity"),
    )
}


@dataclass(frozen=True, slots=True)
class Value:
    """A configured value and where it comes from."""

    value: Any
    source: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """All values by dotted key, and the limit overrides by check name and limit name."""

    values: Mapping[str, Value]
    limits: Mapping[tuple[str, str], Value]
    file: Path | None

    def __getitem__(self, key: str) -> Any:
        return self.values[key].value

    @property
    def root(self) -> Path:
        """The workspace: the folder of the project's file, else the current folder."""
        return self.file.parent if self.file is not None else Path()

    def with_flags(self, flags: Mapping[str, Any]) -> Configuration:
        """A copy in which the flags that were given (not None) win."""
        given = {
            key: Value(_checked(KEYS[key], value, "flag"), "flag")
            for key, value in flags.items()
            if value is not None
        }
        return Configuration({**self.values, **given}, self.limits, self.file)


def load(folder: Path, environment: Mapping[str, str] = os.environ) -> Configuration:
    """Read the configuration that holds in a folder.

    Raises ConfigError naming file and key for unreadable files, unknown keys, wrong values.
    """
    values = {key.name: Value(key.default, "default") for key in KEYS.values()}
    limits: dict[tuple[str, str], Value] = {}
    project = find_project_file(folder)
    for file in (user_config_path("diagnostic") / PROJECT_FILE, project):
        if file is not None and file.is_file():
            for name, value in _flatten(_read(file), str(file)):
                if isinstance(name, tuple):
                    limits[name] = Value(value, str(file))
                else:
                    values[name] = Value(_checked(KEYS[name], value, str(file)), str(file))
    for key in KEYS.values():
        variable = variable_name(key.name)
        if variable in environment:
            text = environment[variable]
            values[key.name] = Value(_parsed(key, text, variable), variable)
    root = project.parent if project is not None else folder
    for key in KEYS.values():
        if key.kind == "list of text or file" and isinstance(values[key.name].value, str):
            values[key.name] = listed(values[key.name], root)
    return Configuration(values, limits, project)


def listed(value: Value, root: Path) -> Value:
    """The names in the file that a value names, relative to the workspace."""
    file = root / value.value
    return Value(names_in(file), f"{value.source}: {file}")


def find_project_file(folder: Path) -> Path | None:
    """`diagnostic.toml`, or a `pyproject.toml` with `[tool.diagnostic]`, here or above."""
    start = folder.resolve()
    for place in (start, *start.parents):
        if (place / PROJECT_FILE).is_file():
            return _relative(place / PROJECT_FILE)
        project = place / "pyproject.toml"
        if project.is_file() and b"[tool.diagnostic" in project.read_bytes():
            return _relative(project)
    return None


def variable_name(key: str) -> str:
    """The environment variable of a key: run.fail_on is DIAGNOSTIC_FAIL_ON."""
    return "DIAGNOSTIC_" + key.removeprefix("run.").replace(".", "_").upper()


def _relative(file: Path) -> Path:
    here = Path.cwd()
    return file.relative_to(here) if file.is_relative_to(here) else file


def _read(file: Path) -> Mapping[str, Any]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{file}: not readable as TOML: {error}") from error
    if file.name == "pyproject.toml":
        section: Mapping[str, Any] = content.get("tool", {}).get("diagnostic", {})
        return section
    return content


def _flatten(content: Mapping[str, Any], where: str) -> Iterator[tuple[str | tuple[str, str], Any]]:
    for section, entries in content.items():
        if not isinstance(entries, Mapping):
            raise ConfigError(f"{where}: unknown key '{section}'; values stand in sections")
        for name, value in entries.items():
            if section == "limits":
                yield from _limit_entries(name, value, where)
            elif f"{section}.{name}" not in KEYS:
                known = ", ".join(k for k in KEYS if k.startswith(f"{section}.")) or ", ".join(KEYS)
                raise ConfigError(f"{where}: unknown key '{section}.{name}'; known: {known}")
            else:
                yield f"{section}.{name}", value


def _limit_entries(check: str, entries: Any, where: str) -> Iterator[tuple[tuple[str, str], Any]]:
    if not isinstance(entries, Mapping):
        raise ConfigError(f"{where}: 'limits.{check}' is not a section of limits")
    for limit, value in entries.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        levels = isinstance(value, Mapping) and set(value) <= {"warn", "fail", "skip"}
        if not number and not levels:
            raise ConfigError(
                f"{where}: 'limits.{check}.{limit}' is neither a number nor {{warn, fail, skip}}"
            )
        yield (check, limit), value


def _checked(key: Key, value: Any, where: str) -> Any:
    if value is None or _fits(key.kind, value):
        return value
    least = " of 0 or more" if key.kind in ("number", "whole number") else ""
    raise ConfigError(f"{where}: '{key.name}' must be {key.kind}{least}, not {value!r}")


def _fits(kind: str, value: Any) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    match kind:
        case "text":
            return isinstance(value, str)
        case "number":
            return (whole or isinstance(value, float)) and 0 <= value < math.inf
        case "whole number":
            return whole and value >= 0
        case "true or false":
            return isinstance(value, bool)
        case "date or latest":
            return isinstance(value, date) or value == "latest"
        case "list of text":
            return isinstance(value, list) and all(isinstance(v, str) for v in value)
        case "list of text or file":
            return isinstance(value, str) or _fits("list of text", value)
        case "list of whole numbers":
            return isinstance(value, list) and all(isinstance(v, int) for v in value)
        case "list of pairs":
            return isinstance(value, list) and all(
                isinstance(v, list) and len(v) == 2 and all(isinstance(p, str) for p in v)
                for v in value
            )
        case _:
            return value in kind.split("|")


def _parsed(key: Key, text: str, variable: str) -> Any:
    """A variable's text, read as TOML where that fits the kind, else taken as it stands."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        several = "list" in key.kind and ("file" not in key.kind or "," in text)
        value = [part.strip() for part in text.split(",")] if several else text
    return _checked(key, value if _fits(key.kind, value) else text, variable)
