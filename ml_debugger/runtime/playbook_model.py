"""Playbooks as they stand in their files: steps, what each expects, and where each leads."""

from __future__ import annotations

from dataclasses import dataclass

from ml_debugger.errors import UsageError

FINDING = "finding"
"""Stands in `checks` for the check that the playbook was started for."""
NEXT, END = "next", "end"


@dataclass(frozen=True, slots=True)
class Step:
    """What all steps have. `why` is shown before the step is done."""

    name: str
    title: str
    why: str


@dataclass(frozen=True, slots=True)
class ChecksStep(Step):
    """Checks to run, by code or name; what to do and where to go on for either outcome."""

    checks: tuple[str, ...]
    found: str
    clean: str
    found_to: str
    clean_to: str


@dataclass(frozen=True, slots=True)
class CommandStep(Step):
    """A command line with its expected exit code and text; what to do when it differs.

    `seconds` is its deadline.
    """

    command: tuple[str, ...]
    exit: int | None
    text: str | None
    differs: str
    differs_to: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer, the advice that it brings and the step that it leads to."""

    answer: str
    advice: str
    to: str


@dataclass(frozen=True, slots=True)
class QuestionStep(Step):
    """A question with its choices."""

    question: str
    choices: tuple[Choice, ...]


AnyStep = ChecksStep | CommandStep | QuestionStep


@dataclass(frozen=True, slots=True)
class Playbook:
    """The way from a finding to a verified repair. `codes` are the faults that it serves."""

    id: str
    title: str
    category: str
    codes: tuple[str, ...]
    symptoms: tuple[str, ...]
    steps: tuple[AnyStep, ...]

    def position(self, step: str) -> int:
        """Index of a step by number (from 1) or name; UsageError naming the known ones."""
        if step.isdecimal() and 1 <= int(step) <= len(self.steps):
            return int(step) - 1
        for index, own in enumerate(self.steps):
            if own.name == step:
                return index
        known = ", ".join(own.name for own in self.steps)
        raise UsageError(f"playbook {self.id} has no step '{step}'; it has: {known}")


def targets(step: AnyStep) -> tuple[str, ...]:
    """Where a step can lead: names of later steps, "next" or "end"."""
    match step:
        case ChecksStep():
            return (step.found_to, step.clean_to)
        case CommandStep():
            return (step.differs_to,)
        case _:
            return tuple(choice.to for choice in step.choices)
