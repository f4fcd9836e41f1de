"""The curves of a training run, drawn with characters; each finding stands at its step."""

from __future__ import annotations

import math
import string
from collections.abc import Iterator, Sequence

from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.contract import Result
from ml_debugger.report.canvas import Canvas
from ml_debugger.report.panels import Panel, panels, steps
from ml_debugger.report.run_findings import findings
from ml_debugger.report.style import WORDS, Style
from ml_debugger.report.wording import number

LABEL = 10
ROWS, FEW_ROWS = 8, 3
VALIDATION, NOT_FINITE = "o", "x"


def curves(run: TrainingRun, results: Sequence[Result], style: Style) -> list[str]:
    """The lines of the picture; empty for a run without a curve.

    The training is drawn as a line, validation as `o`, values that are NaN or infinite as `x` on
    the bottom line. Letters under the panels stand at the step where each finding begins.
    """
    span = steps(run)
    if span is None:
        return []
    found = findings(run, results)
    placed = [(r, s) for r, s in found if s is not None][: len(string.ascii_lowercase)]
    width = style.width - LABEL - 3
    name = "  ".join(style.plain(part) for part in (run.path or run.subject, run.segment) if part)
    planned = f" of {run.planned_steps:,} planned" if run.planned_steps else ""
    lines = [
        style.bold(name[-style.width :]),
        f"{run.step_unit} {number(span[0])} to {number(span[1])}{planned}",
    ]
    for panel in panels(run):
        lines.extend(_panel(panel, span, width, style))
    if placed:
        lines.append(_marks([step for _, step in placed], span, width))
        for letter, (result, step) in zip(string.ascii_lowercase, placed, strict=False):
            words = f"{result.code} {result.name}, {run.step_unit} {number(step)}"
            lines.append(f"  {letter}  {style.paint(f'{WORDS[result.status]:<4}', result.status)} "
                         f"{words}")  # fmt: skip
    return lines


def _panel(panel: Panel, span: tuple[float, float], width: int, style: Style) -> Iterator[str]:
    flat = panel.high <= panel.low
    rows = 1 if flat else ROWS if panel.title == "loss" else FEW_ROWS
    canvas = Canvas(width, rows, braille=style.unicode)
    if panel.line is not None:
        canvas.line(
            [_across(step, span) for step in panel.line.steps],
            [panel.height(value) for value in panel.line.values],
        )
    for curve, sign in ((panel.points, VALIDATION), (panel.line, None)):
        if curve is not None:
            _points(canvas, curve, panel, span, sign)
    legend = f", validation {VALIDATION}" if panel.points is not None and panel.line else ""
    only = "validation " if panel.line is None else ""
    scale = ", logarithmic" if panel.logarithmic else ""
    yield f"{only}{panel.title}{legend}{scale}"
    drawn = canvas.rows()
    labels = {rows - 1: number(float(f"{panel.low:.4g}")), 0: number(float(f"{panel.high:.4g}"))}
    bar = "│" if style.unicode else "|"
    for row, text in enumerate(drawn):
        yield f"{labels.get(row, ''):>{LABEL}} {bar}{text.rstrip()}"


def _points(
    canvas: Canvas, curve: Curve, panel: Panel, span: tuple[float, float], sign: str | None
) -> None:
    """Single points, where a sign is given; the places of values that are not finite anyway."""
    for step, value in zip(curve.steps, curve.values, strict=True):
        if not math.isfinite(value):
            canvas.mark(_across(step, span), 0.0, NOT_FINITE)
        elif sign is not None:
            canvas.mark(_across(step, span), panel.height(value), sign)


def _across(step: float, span: tuple[float, float]) -> float:
    return (step - span[0]) / (span[1] - span[0]) if span[1] > span[0] else 0.0


def _marks(places: Sequence[float], span: tuple[float, float], width: int) -> str:
    """The letters of the findings; those that fall on one column stand side by side."""
    row = [" "] * width
    for letter, step in zip(string.ascii_lowercase, places, strict=False):
        column = min(width - 1, max(0, round(_across(step, span) * (width - 1))))
        free = [i for i in (*range(column, width), *range(column, -1, -1)) if row[i] == " "]
        if free:
            row[free[0]] = letter
    return f"{'findings':>{LABEL}}  {''.join(row).rstrip()}"
