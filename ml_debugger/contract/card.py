"""A check's card: the sections of its docstring, which `explain` prints."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

from ml_debugger.errors import ContractError

SECTIONS = ("What it measures", "Why it matters", "What to do", "Sources")


@dataclass(frozen=True, slots=True)
class Card:
    """The docstring of a check, cut into its sections."""

    headline: str
    measures: str
    matters: str
    remedy: str
    sources: str

    @classmethod
    def from_docstring(cls, name: str, docstring: str | None) -> Card:
        """Read a card; raises ContractError naming the first missing section."""
        if not docstring:
            raise ContractError(f"check {name} has no docstring: it is the card, write one")
        lines = inspect.cleandoc(docstring).splitlines()
        sections: dict[str, list[str]] = {}
        current: list[str] = []
        for line in lines[1:]:
            heading = line.rstrip().removesuffix(":")
            if line.endswith(":") and heading in SECTIONS:
                current = sections.setdefault(heading, [])
            else:
                current.append(line)
        for section in SECTIONS:
            if not "".join(sections.get(section, ())).strip():
                raise ContractError(f"check {name}: its docstring lacks the section '{section}:'")
        return cls(lines[0], *("\n".join(_dedent(sections[s])) for s in SECTIONS))


def _dedent(lines: list[str]) -> list[str]:
    return inspect.cleandoc("\n" + "\n".join(lines)).strip().splitlines()
