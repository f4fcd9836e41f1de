"""Reading playbooks: what may stand in their files, and which there are."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ml_debugger.components import COMPONENTS
from ml_debugger.contract.code import CODE, NAME
from ml_debugger.errors import ConfigError, UsageError
from ml_debugger.runtime.playbook_model import (
    END,
    FINDING,
    NEXT,
    AnyStep,
    ChecksStep,
    Choice,
    CommandStep,
    Playbook,
    QuestionStep,
    targets,
)
from ml_debugger.runtime.registry import Registry

FOLDER = Path(__file__).resolve().parents[2] / "playbooks"
"""Beside `ml_debugger`, found without an import: a trading repository may have such a folder."""

COMMAND_SECONDS = 300.0
"""Default deadline of a command: a check of a large workspace, with room."""


def identifiers() -> tuple[str, ...]:
    """The playbooks that exist, by id."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load_all() -> list[Playbook]:
    """All playbooks, by id. Raises ConfigError naming file and key."""
    return [read_file(FOLDER / f"{name}.toml") for name in identifiers()]


def load(word: str, registry: Registry) -> Playbook:
    """A playbook by its id, or by code or name of a check that it serves.

    Raises UsageError where there is none, ConfigError naming file and key of a wrong file.
    """
    known = identifiers()
    if word.lower() in known:
        return validate(read_file(FOLDER / f"{word.lower()}.toml"), registry)
    there_are = f"there are: {', '.join(known)}"
    waiting = [check.code for check in registry.values() if check.playbook == word.lower()]
    if waiting:
        raise UsageError(
            f"the playbook '{word}' is not written yet; {there_are}; 'diagnostic explain "
            f"{waiting[0]}' says what to do"
        )
    try:
        check = registry.find(word)
    except UsageError as error:
        raise UsageError(f"{error}; playbooks: {', '.join(known)}") from error
    if check.playbook not in known:
        raise UsageError(
            f"{check.code} {check.name} has no playbook yet; {there_are}; 'diagnostic explain "
            f"{check.code}' says what to do"
        )
    return validate(read_file(FOLDER / f"{check.playbook}.toml"), registry)


def parse(text: str, where: str) -> Playbook:
    """Read a playbook. Raises ConfigError naming `where` and the key that is wrong."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not readable as TOML: {error}") from error
    top = _Table(content, where, "")
    playbook = Playbook(
        id=top.text("id"),
        title=top.text("title"),
        category=top.text("category"),
        codes=top.texts("codes"),
        symptoms=top.texts("symptoms"),
        steps=tuple(_step(table) for table in top.tables("step")),
    )
    top.done()
    _examine(playbook, where)
    return playbook


def validate(playbook: Playbook, registry: Registry) -> Playbook:
    """The playbook, when all checks that it names are installed; ConfigError otherwise."""
    named = [("codes", code) for code in playbook.codes]
    for step in playbook.steps:
        if isinstance(step, ChecksStep):
            named += [(f"step.{step.name}.checks", c) for c in step.checks if c != FINDING]
    for key, word in named:
        try:
            registry.find(word)
        except UsageError as error:
            raise ConfigError(f"playbook {playbook.id}: '{key}': {error}") from error
    return playbook


def read_file(path: Path) -> Playbook:
    """Read a playbook's file. Raises ConfigError naming the file and the key."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not readable: {error}") from error
    return parse(text, str(path))


class _Table:
    """One TOML table; knows where it stands, and which keys nobody asked for."""

    def __init__(self, content: Mapping[str, Any], where: str, prefix: str) -> None:
        self._content = dict(content)
        self._where = where
        self._prefix = prefix

    def __contains__(self, key: str) -> bool:
        return key in self._content

    def wrong(self, key: str, what: str) -> ConfigError:
        return ConfigError(f"{self._where}: '{self._prefix}{key}' {what}")

    def take(self, key: str, kind: type | tuple[type, ...], words: str, default: Any = None) -> Any:
        value = self._content.pop(key, default)
        if value is None:
            raise self.wrong(key, "is missing")
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.wrong(key, f"must be {words}, not {value!r}")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        return " ".join(str(self.take(key, str, "text", default)).split())

    def texts(self, key: str) -> tuple[str, ...]:
        values = self.take(key, list, "a list of text")
        if not values or not all(isinstance(value, str) for value in values):
            raise self.wrong(key, "must be a list of text that is not empty")
        return tuple(values)

    def tables(self, key: str) -> Iterator[_Table]:
        values = self.take(key, list, "a list of tables")
        for number, value in enumerate(values, 1):
            if not isinstance(value, Mapping):
                raise self.wrong(key, "must be a list of tables")
            name = value.get("name", value.get("answer", number))
            yield _Table(value, self._where, f"{self._prefix}{key}.{name}.")

    def done(self) -> None:
        for key in self._content:
            raise self.wrong(key, "is no known key")


def _step(table: _Table) -> AnyStep:
    kinds = [kind for kind in ("checks", "command", "question") if kind in table]
    if len(kinds) != 1:
        raise table.wrong("checks|command|question", "must stand there exactly once")
    name, title, why = table.text("name"), table.text("title"), table.text("why", "")
    step: AnyStep
    match kinds[0]:
        case "checks":
            step = ChecksStep(
                name, title, why, table.texts("checks"), table.text("found"), table.text("clean"),
                table.text("found_to", NEXT), table.text("clean_to", NEXT),
            )  # fmt: skip
        case "command":
            step = _command(table, name, title, why)
        case _:
            choices = tuple(_choice(choice) for choice in table.tables("choices"))
            step = QuestionStep(name, title, why, table.text("question"), choices)
    table.done()
    return step


def _command(table: _Table, name: str, title: str, why: str) -> CommandStep:
    try:
        words = tuple(shlex.split(table.text("command")))
    except ValueError as error:
        raise table.wrong("command", f"is no command line: {error}") from error
    expected = _Table(table.take("expect", Mapping, "a table", {}), table._where, "expect.")
    code = int(expected.take("exit", int, "a whole number")) if "exit" in expected else None
    text = expected.text("text") if "text" in expected else None
    expected.done()
    if not words or (code is None and text is None):
        raise table.wrong("expect", "must name an exit code or a text")
    seconds = float(table.take("seconds", (int, float), "a number", COMMAND_SECONDS))
    differs, differs_to = table.text("differs"), table.text("differs_to", NEXT)
    return CommandStep(name, title, why, words, code, text, differs, differs_to, seconds)


def _choice(table: _Table) -> Choice:
    choice = Choice(table.text("answer"), table.text("advice", ""), table.text("to", NEXT))
    if choice.to == END and not choice.advice:
        raise table.wrong("advice", "is missing: an answer that ends the playbook needs it")
    table.done()
    return choice


def _examine(playbook: Playbook, where: str) -> None:
    """Whole-file rules: names, order of the steps, and a last step that closes the finding."""
    if not NAME.fullmatch(playbook.id):
        raise ConfigError(f"{where}: 'id' {playbook.id!r} is not like nan-loss")
    if playbook.category not in COMPONENTS:
        raise ConfigError(f"{where}: 'category' must be one of {', '.join(COMPONENTS)}")
    for code in playbook.codes:
        if not CODE.fullmatch(code):
            raise ConfigError(f"{where}: 'codes' holds {code!r}, which is not like TRN001")
    names = [step.name for step in playbook.steps]
    for index, step in enumerate(playbook.steps):
        if not NAME.fullmatch(step.name) or step.name.isdecimal() or step.name in (NEXT, END):
            raise ConfigError(f"{where}: 'step.name' {step.name!r} is not like close")
        if step.name in names[:index]:
            raise ConfigError(f"{where}: two steps have the name '{step.name}'")
        for target in targets(step):
            # forward only, so that every walk comes to an end
            if target not in (NEXT, END, *names[index + 1 :]):
                raise ConfigError(f"{where}: 'step.{step.name}' leads to '{target}', no later step")
    last = playbook.steps[-1] if playbook.steps else None
    if not isinstance(last, ChecksStep) or FINDING not in last.checks:
        raise ConfigError(f'{where}: the last step must have checks = ["{FINDING}"]')
