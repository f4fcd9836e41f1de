"""The newest training run: its curves in one line each, and where the findings stand."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from rich.text import Text
from textual.events import Resize

from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.contract import Result
from ml_debugger.report.run_findings import findings
from ml_debugger.report.style import WORDS, Style
from ml_debugger.report.wording import number
from ml_debugger.runtime.report import Report
from tui.colours import COLOURS
from tui.figures import clipped
from tui.reading import Reading
from tui.sparkline import column, sparkline

LABEL = 15
HIGHER_IS_BETTER = ("accuracy", "auc", "f1", "precision", "recall", "r2")


class Training(Reading):
    """Curves of the training run whose log was written last."""

    def __init__(self, style: Style, *, id: str) -> None:
        super().__init__(id=id)
        self._style = style
        self._report: Report | None = None

    def take_focus(self) -> None:
        """Let the keys scroll."""
        self.focus()

    def back(self) -> bool:
        """There is nothing to undo here."""
        return False

    def show(self, report: Report) -> None:
        """Show the newest training run of a report."""
        self._report = report
        self._draw()

    def on_resize(self, _: Resize) -> None:
        self._draw()

    def _draw(self) -> None:
        report = self._report
        if report is None:
            return
        run = report.picture.training
        if run is None:
            self.say([Text("no training run was found", "dim")])
            return
        width = max(30, self.size.width - 3)
        found = findings(run, report.results)
        self.say(list(_lines(run, found, width, self._style)))


def _lines(
    run: TrainingRun, found: Sequence[tuple[Result, float | None]], width: int, style: Style
) -> Iterator[Text]:
    about = [run.path or run.subject, run.segment, run.model]
    head = style.plain("  ".join(text for text in about if text))
    yield Text(clipped(head, width, head=False), "bold")
    steps = [step for curve in run.curves.values() for step in curve.steps]
    if not steps:
        yield Text("the log holds no curve yet", "dim")
        return
    first, last = min(steps), max(steps)
    planned = f" of {run.planned_steps:,} planned" if run.planned_steps else ""
    yield Text(f"{run.step_unit} {number(first)} to {number(last)}{planned}", "dim")
    yield Text("")
    room = width - LABEL
    for curve in run.curves.values():
        yield from _curve(curve, first, last, room, style)
    places = [(result, step) for result, step in found if step is not None]
    if places:
        yield _markers(places, first, last, room)
    for result, step in found:
        at = "" if step is None else f"{run.step_unit} {number(step)}  "
        text = Text.assemble((f"{WORDS[result.status]:<5} ", COLOURS[result.status]))
        text.append(f"{result.code} ", "bold")
        yield text.append(clipped(style.plain(at + result.title), width - text.cell_len))
    if not found:
        yield Text("no finding about this run", "dim")


def _curve(curve: Curve, first: float, last: float, room: int, style: Style) -> Iterator[Text]:
    label = clipped(style.plain(curve.name.replace("_", " ")), LABEL - 1)
    text = Text(f"{label:<{LABEL}}")
    yield text.append(sparkline(curve, first, last, room, style), "cyan")
    if len(curve):
        yield Text(" " * LABEL + clipped(_ends(curve), room), "dim")


def _ends(curve: Curve) -> str:
    finite = [
        (value, step)
        for value, step in zip(curve.values, curve.steps, strict=True)
        if math.isfinite(value)
    ]
    ends = [f"first {number(float(curve.values[0]))}", f"last {number(float(curve.values[-1]))}"]
    if finite and "rate" not in curve.name:
        higher = any(word in curve.name for word in HIGHER_IS_BETTER)
        value, step = max(finite) if higher else min(finite)
        ends.append(f"best {number(float(value))} at {number(float(step))}")
    return "  ".join(ends)


def _markers(places: Sequence[tuple[Result, float]], first: float, last: float, room: int) -> Text:
    marks = [" "] * room
    for _, step in places:
        marks[column(step, first, last, room)] = "^"
    return Text(f"{'findings':<{LABEL}}").append("".join(marks), "bold red")
