"""The short forms of `check`, such as `diagnostic --full --format json`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ml_debugger.components import COMPONENTS
from ml_debugger.errors import UsageError

FULL, COMPONENT, DATA, HEALTH = "--full", "--component", "--validate-data", "--system-health"

SHORT_FORMS: Mapping[str, str] = {
    FULL: "Run every check here: check --profile full.",
    f"{COMPONENT} NAME...": f"Run the checks of components: {', '.join(COMPONENTS)}.",
    DATA: "Judge the tables and draw what they cover: data validate.",
    HEALTH: "Run the infrastructure checks.",
}
"""The forms and what they do; each takes the options of the command that it stands for."""


def expand(arguments: Sequence[str], commands: Collection[str]) -> list[str]:
    """The command that a short form stands for; other arguments come back as they are.

    Raises UsageError for an unknown component, and for a command behind a short form.
    """
    forms, components, rest = _taken_apart(arguments)
    if not forms:
        return list(arguments)
    if rest and rest[0] in commands:
        raise UsageError(f"'{rest[0]}' cannot follow a short form of 'check'")
    if forms == {DATA}:
        return ["data", "validate", *rest]
    words = [] if FULL in forms else [*components]
    if FULL not in forms:
        words += ["data"] * (DATA in forms) + ["infrastructure"] * (HEALTH in forms)
    return ["check", *words, *rest]


def _taken_apart(arguments: Sequence[str]) -> tuple[set[str], list[str], list[str]]:
    """The short forms, the components that were named, and everything else."""
    forms: set[str] = set()
    components: list[str] = []
    rest: list[str] = []
    asked: int | None = None
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if rest and not forms and not rest[0].startswith("-"):
            # a command came first: what follows is its own
            rest.append(argument)
        elif argument in (FULL, DATA, HEALTH):
            forms.add(argument)
            asked = None
        elif name == COMPONENT:
            forms.add(COMPONENT)
            asked = len(components)
            if equals:
                components += _names(value)
        elif asked is not None and not argument.startswith("-"):
            if asked < len(components) and not set(argument.split(",")) <= set(COMPONENTS):
                rest.append(argument)
                asked = None
            else:
                components += _names(argument)
        else:
            rest.append(argument)
            asked = None
    if COMPONENT in forms and not components:
        raise UsageError(f"{COMPONENT} needs a name: {', '.join(COMPONENTS)}")
    return forms, components, rest


def _names(text: str) -> list[str]:
    for name in text.split(","):
        if name not in COMPONENTS:
            raise UsageError(f"'{name}' is not one of {', '.join(COMPONENTS)}")
    return text.split(",")
