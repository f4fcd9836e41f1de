"""What the list of findings shows: roots, consequences under them, and the filter."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ml_debugger.contract import Result, Status
from ml_debugger.report.style import WORDS
from ml_debugger.runtime.report import Report


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list. `key` is the same from refresh to refresh; `above` its parent's."""

    key: str
    result: Result
    depth: int = 0
    new: bool = False
    above: str | None = None

    @property
    def text(self) -> str:
        """Everything that the filter looks at."""
        result = self.result
        words = (WORDS[result.status], result.code, result.name, result.component, result.subject)
        return " ".join((*words, result.path or "", result.title, "NEW" if self.new else ""))


def rows(report: Report, *, everything: bool = False) -> list[Row]:
    """Roots with their consequences, the gravest first; then what could not be looked at.

    Errors and required skips always show. With `everything`, so do the other skips, the notes
    and what passed. A finding that no root leads to shows as a root: nothing is lost.
    """
    new = report.new or frozenset()
    findings = {r.fingerprint: r for r in report.results if r.status.is_finding}
    children: dict[str, list[Result]] = {}
    for result in findings.values():
        first = next((cause for cause in result.causes if cause in findings), None)
        if first is not None:
            children.setdefault(first, []).append(result)
    shown: dict[str, Row] = {}

    def add(result: Result, above: Row | None = None) -> None:
        key = result.fingerprint
        if key in shown and result.status.is_finding:
            return
        while key in shown:  # one check may end several times on one subject
            key += "+"
        depth = 0 if above is None else above.depth + 1
        is_new = result.status.is_finding and result.fingerprint in new
        row = Row(key, result, depth, is_new, None if above is None else above.key)
        shown[key] = row
        if result.status.is_finding:
            for consequence in children.get(key, ()):
                add(consequence, row)

    for root in reversed(report.roots):
        add(root)
    for result in findings.values():
        add(result)
    for wanted in _ALL if everything else _UNLOOKED:
        for result in report.results:
            if result.status is wanted and (
                everything or wanted is Status.ERROR or result.required
            ):
                add(result)
    return list(shown.values())


_UNLOOKED = (Status.ERROR, Status.SKIP)
_ALL = (*_UNLOOKED, Status.NOTE, Status.PASS)


def matching(lines: Sequence[Row], expression: str) -> list[Row]:
    """The rows that contain the text or match it as a regular expression, in any case.

    A leading `!` inverts. A row whose parent is left out moves to the left.
    """
    matches = _matcher(expression)
    kept: dict[str, Row] = {}
    for row in lines:
        if not matches(row.text):
            continue
        above = kept.get(row.above or "")
        kept[row.key] = replace(row, depth=0 if above is None else above.depth + 1)
    return list(kept.values())


def _matcher(expression: str) -> Callable[[str], bool]:
    wanted = expression.removeprefix("!")
    if not wanted:
        return lambda text: True  # noqa: ARG005  nothing typed yet: all match
    inverted = wanted != expression
    plain = wanted.lower()
    try:
        pattern = re.compile(wanted, re.IGNORECASE)
    except re.error:
        # half a pattern while it is being typed, or a text with brackets: as plain text
        return lambda text: (plain in text.lower()) is not inverted
    return lambda text: (plain in text.lower() or bool(pattern.search(text))) is not inverted
