"""Findings: the list, the filter above it and the detail below."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Resize
from textual.widgets import Input, Static

from ml_debugger.contract import Status
from ml_debugger.report.style import WORDS, Style
from ml_debugger.runtime.report import Report
from tui.choices import Choices
from tui.colours import COLOURS
from tui.detail import Cards, detail
from tui.figures import clipped
from tui.reading import Reading
from tui.rows import Row, matching, rows

PADDING = 3
"""Columns of a line that hold no text: one at each side and the scroll bar."""
LEAST_SUBJECT = 16
"""Columns that the subject keeps when the title is long."""


class Findings(Vertical):
    """The findings of one report."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter"),
        Binding("a", "everything", "all results"),
    ]

    def __init__(self, cards: Cards, style: Style, *, id: str) -> None:
        super().__init__(id=id)
        self._cards = cards
        self._style = style
        self._report: Report | None = None
        self._rows: dict[str, Row] = {}
        self._everything = False
        self._explained: str | None = None

    def compose(self) -> ComposeResult:
        yield Static(classes="count", markup=False)
        yield Input(
            placeholder="text or regular expression; a leading ! inverts",
            compact=True,
            select_on_focus=False,
        )
        yield Choices()
        yield Reading()

    def on_mount(self) -> None:
        self.query_one(Input).display = False

    def show(self, report: Report) -> None:
        """Show the findings of a report; what was chosen stays chosen."""
        self._report = report
        self._fill()

    def take_focus(self) -> None:
        """Let the keys move in the list."""
        self.query_one(Choices).focus()

    def back(self) -> bool:
        """Undo one step: leave the detail or the filter; False when there is none to undo."""
        if self.has_class("reading"):
            self.remove_class("reading")
        elif self.query_one(Input).display:
            self.query_one(Input).value = ""
            self.query_one(Input).display = False
            self._fill()
        else:
            return False
        self.take_focus()
        return True

    def action_filter(self) -> None:
        """Open the filter."""
        self.remove_class("reading")
        self.query_one(Input).display = True
        self.query_one(Input).focus()

    def action_everything(self) -> None:
        """Show what passed and was skipped as well, or only what was found."""
        self._everything = not self._everything
        self._fill()

    @on(Input.Changed)
    def _filtered(self) -> None:
        self._fill()

    @on(Input.Submitted)
    def _leave_filter(self) -> None:
        self.take_focus()

    @on(Choices.OptionSelected)
    def _read(self, event: Choices.OptionSelected) -> None:
        event.stop()
        self.add_class("reading")
        self.query_one(Reading).focus()

    @on(Choices.OptionHighlighted)
    def _highlighted(self, event: Choices.OptionHighlighted) -> None:
        event.stop()
        self._explain(self._rows.get(event.option_id or ""))

    def on_resize(self, _: Resize) -> None:
        self._fill()

    def _fill(self) -> None:
        if self._report is None:
            return
        everything = rows(self._report, everything=self._everything)
        shown = matching(everything, self.query_one(Input).value)
        self._rows = {row.key: row for row in shown}
        width = max(20, self.size.width - PADDING)
        self.query_one(Choices).replace([(row.key, self._line(row, width)) for row in shown])
        self._count(len(shown), len(everything))
        chosen = self.query_one(Choices).highlighted_option
        self._explain(self._rows.get(chosen.id or "") if chosen is not None else None)

    def _count(self, shown: int, of: int) -> None:
        assert self._report is not None
        if not self._report.results:
            self.query_one(".count", Static).update(Text("nothing judged yet", "dim"))
            return
        counts = self._report.summary.counts
        total = counts[Status.FAIL] + counts[Status.WARN]
        parts = [f"{total} finding{'s' * (total != 1)}" if total else "nothing found"]
        if shown != of:
            parts = [f"{shown} of {of} lines match"]
        if counts[Status.ERROR]:
            parts.append(f"{counts[Status.ERROR]} not finished")
        if counts[Status.SKIP]:
            parts.append(f"{counts[Status.SKIP]} not looked at")
        parts.append(f"{counts[Status.PASS]} passed")
        self.query_one(".count", Static).update(Text(", ".join(parts), "dim"))

    def _line(self, row: Row, width: int) -> Text:
        result, plain = row.result, self._style.plain
        text = Text(no_wrap=True, end="")
        text.append(f"{WORDS[result.status]:<5} ", COLOURS[result.status])
        text.append("  " * row.depth)
        text.append(f"{result.code} ", "bold" if row.depth == 0 else "")
        title = plain(result.title or result.reason or "")
        new = "NEW " if row.new else ""
        free = width - text.cell_len - len(title) - len(new) - 1
        most = max(LEAST_SUBJECT, min(free, width // 2))
        subject = clipped(plain(result.subject), most, head=False)
        room = width - text.cell_len - len(new) - len(subject) - 1
        text.append(f"{clipped(title, room):<{max(0, room)}} ")
        text.append(new, "bold cyan")
        text.append(subject, "dim")
        return text

    def _explain(self, row: Row | None) -> None:
        reading = self.query_one(Reading)
        if row is None or self._report is None:
            reading.say([])
            self._explained = None
            return
        reading.say(detail(row, self._report, self._cards, self._style))
        if row.key != self._explained:
            self._explained = row.key
            reading.scroll_home(animate=False)
