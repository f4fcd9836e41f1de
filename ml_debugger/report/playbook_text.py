"""A playbook as a person reads it before running it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from ml_debugger.report.style import Style
from ml_debugger.runtime.playbook_model import (
    END,
    FINDING,
    NEXT,
    AnyStep,
    ChecksStep,
    CommandStep,
    Playbook,
)
from ml_debugger.runtime.playbook_runner import expectation


def render(playbook: Playbook, style: Style) -> str:
    """The whole playbook, with what each outcome asks for and where it leads."""
    lines = [
        style.bold(style.plain(f"{playbook.id}  {playbook.title}")),
        *style.wrap(f"{playbook.category}: {' '.join(playbook.codes)}", "  "),
        "",
        "Symptoms",
    ]
    for symptom in playbook.symptoms:
        lines += style.wrap(f"  - {symptom}", "    ")
    text = "\n".join(lines) + "\n"
    for number, step in enumerate(playbook.steps, 1):
        text += "\n" + style.bold(f"[{number}/{len(playbook.steps)}] {step.name}") + "\n"
        text += step_text(step, style)
        text += "".join(f"{line}\n" for line in _outcomes(step, style))
    return text


def step_text(step: AnyStep, style: Style, finding: Sequence[str] = ("CODE",)) -> str:
    """What a step does and why, before it is done; `finding` holds the codes to close."""
    lines = list(style.wrap(f"  {step.title}.", "  "))
    if step.why:
        lines += style.wrap(f"  {step.why}", "  ")
    match step:
        case ChecksStep():
            words = [" ".join(finding) if word == FINDING else word for word in step.checks]
            shown = " ".join(words)
            lines += style.wrap(f"    check     diagnostic check {shown}", "              ")
        case CommandStep():
            # unwrapped: a command line must be copied as it is
            lines.append(style.plain(f"    run       {shlex.join(step.command)}"))
            lines.append(style.plain(f"    expected  {expectation(step)}"))
        case _:
            lines += style.wrap(f"    question  {step.question}", "              ")
    return "\n".join(lines) + "\n"


def _outcomes(step: AnyStep, style: Style) -> Iterator[str]:
    match step:
        case ChecksStep():
            yield from _outcome(style, "found", step.found, step.found_to)
            yield from _outcome(style, "clean", step.clean, step.clean_to)
        case CommandStep():
            yield from _outcome(style, "differs", step.differs, step.differs_to)
        case _:
            for choice in step.choices:
                yield from _outcome(style, choice.answer, choice.advice, choice.to)


def _outcome(style: Style, name: str, advice: str, to: str) -> Iterator[str]:
    leads = {NEXT: "", END: " (the playbook ends here)"}.get(to, f" (go to '{to}')")
    yield from style.wrap(f"    {name:<9} {advice}{leads}", "              ")
