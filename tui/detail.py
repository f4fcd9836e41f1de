"""One finding in full: what was seen, against which limit, why, and what to do."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text

from ml_debugger.contract import Result
from ml_debugger.contract.card import Card
from ml_debugger.report.style import WORDS, Style
from ml_debugger.report.wording import fact
from ml_debugger.runtime.report import Report
from tui.colours import COLOURS
from tui.rows import Row

Cards = Callable[[str], Card | None]
"""Looks up the card of a check by its code; None when no such check is installed."""


def detail(row: Row, report: Report, cards: Cards, style: Style) -> list[tuple[Text, Text]]:
    """The detail pane's lines: labels and texts."""
    result = row.result
    lines: list[tuple[Text, Text]] = []

    def add(label: str, text: str, look: str = "") -> None:
        lines.append((Text(f"{label:<5}", "bold"), Text(style.plain(text), look)))

    colour = COLOURS[result.status]
    about = f"{result.code} {result.name}  {result.component}" + ("  NEW" if row.new else "")
    lines.append((Text(WORDS[result.status], colour), Text(style.plain(about), "bold")))
    add("in", _place(result))
    add("saw", result.title)
    for evidence in result.evidence:
        add("", fact(evidence))
    if result.reason:
        add("why", result.reason)
    for number, cause in enumerate(_causes(result, report)):
        add("from" if number == 0 else "", cause)
    for number, consequence in enumerate(report.consequences(result)):
        said = f"{consequence.code} {consequence.name}: {consequence.title}"
        add("then" if number == 0 else "", said)
    if row.new:
        add("new", "it was not in the last stored run")
    card = cards(result.code)
    if card is not None:
        for number, paragraph in enumerate(_paragraphs(card.remedy)):
            add("do" if number == 0 else "", paragraph)
    else:
        add("do", f"no check {result.code} is installed here any more")
    add("more", f"diagnostic explain {result.code}", "dim")
    if result.playbook:
        add("", f"diagnostic playbook run {result.playbook}", "dim")
    return lines


def _place(result: Result) -> str:
    if result.path is None or result.path == result.subject:
        line = f":{result.line}" if result.line is not None and result.path else ""
        return f"{result.subject}{line}"
    line = f":{result.line}" if result.line is not None else ""
    return f"{result.subject}  {result.path}{line}"


def _causes(result: Result, report: Report) -> list[str]:
    known = {r.fingerprint: r for r in report.results if r.status.is_finding}
    causes = [known[cause] for cause in result.causes if cause in known]
    named = [f"{cause.code} {cause.name}: {cause.title}" for cause in causes]
    return named or list(result.caused_by)


def _paragraphs(text: str) -> list[str]:
    """Wrapped source lines joined, so that the pane can wrap them at its own width."""
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
