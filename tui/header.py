"""The two lines at the top: what is watched, how fresh it is, which screen this is."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from ml_debugger.contract import Status
from ml_debugger.report.style import Style
from ml_debugger.runtime.report import Report
from tui.colours import COLOURS
from tui.feed import View
from tui.figures import age, clipped

LINES = ("subject", "tabs", "problem")
COUNTED = ((Status.FAIL, "FAIL"), (Status.WARN, "WARN"), (Status.ERROR, "ERROR"))


class Header(Vertical):
    """Repainted only where a line says something else than before."""

    def __init__(self, names: list[str], style: Style) -> None:
        super().__init__()
        self._names = names
        self._style = style
        self._said: dict[str, Text] = {}
        self._lines = {line: Static(id=line, markup=False) for line in LINES}

    def compose(self) -> ComposeResult:
        yield from self._lines.values()

    def show(self, view: View, current: int) -> None:
        """Show the state of the feed; `current` is the number of the screen, from 0."""
        width = max(20, self.size.width - 2)
        workspace = "" if view.report is None else self._style.plain(view.report.workspace)
        left = "diagnostic watch"
        right = "  ".join(filter(None, (_score(view.report), _freshness(view))))
        room = width - len(left) - len(right) - 4
        middle = clipped(workspace, room, head=False)
        first = Text.assemble((left, "bold"), f"  {middle:<{max(0, room)}}  ", (right, "dim"))
        self._say("subject", first)
        self._say("tabs", self._tabs(view.report, current, width))
        problem = _problem(view)
        self._lines["problem"].display = problem is not None
        self._say("problem", Text(self._style.plain(problem or ""), "bold magenta", no_wrap=True))

    def _tabs(self, report: Report | None, current: int, width: int) -> Text:
        tabs = Text()
        for number, name in enumerate(self._names):
            chosen = number == current
            label = f"[{number + 1} {name}]" if chosen else f" {number + 1} {name} "
            tabs.append(label, "bold reverse" if chosen else "")
        if report is None:
            return tabs
        summary = report.summary
        counts = Text()
        for status, word in COUNTED:
            if summary.counts[status]:
                counts.append(f"  {summary.counts[status]} {word}", COLOURS[status])
        gap = width - tabs.cell_len - counts.cell_len
        return tabs.append(" " * gap).append_text(counts) if gap >= 0 else tabs

    def _say(self, line: str, text: Text) -> None:
        if self._said.get(line) != text:
            self._said[line] = text
            self._lines[line].update(text)


def _score(report: Report | None) -> str:
    summary = None if report is None else report.summary
    return (
        "" if summary is None or summary.score is None else f"score {summary.score} {summary.grade}"
    )


def _freshness(view: View) -> str:
    told = "" if view.age is None else age(view.age)
    if not view.running:
        return told
    count = f" {view.done}/{view.total}" if view.total else ""
    work = f"refreshing{count}" if told else f"{view.stage}{count}"
    return "  ".join(filter(None, (told, work)))


def _problem(view: View) -> str | None:
    if view.problem is not None:
        return f"refresh failed: {view.problem}"
    if view.report is not None and view.report.broken:
        return f"INCOMPLETE: {view.report.broken}"
    return None
