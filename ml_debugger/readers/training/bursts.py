"""Takes many lines of one kind at once, in arrays, to the same effect as one after the other."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml_debugger.readers.training.console_run import ConsoleRun, is_live
from ml_debugger.readers.training.curves import Floats, Places, Run
from ml_debugger.readers.training.line_plan import LinePlan, Metric
from ml_debugger.readers.training.numbers import separated
from ml_debugger.readers.training.stamps import seconds

LEAST = 12
"""Fewer lines than this cost less one by one."""

Rows = Sequence[Sequence[str]]


def take(
    console: ConsoleRun, plan: LinePlan, lines: Sequence[int], rows: Rows, decimal_comma: bool
) -> None:
    """Take lines of one kind: their numbers (1-based) and what was written in them."""
    if len(lines) >= LEAST and _is_plain(console, plan):
        if _take_waiting(console, plan, lines, rows):
            return
        if _take_many(console, plan, np.array(lines, np.int64), rows):
            return
    for line, written in zip(lines, rows, strict=True):
        try:
            values: list[float | None] = [float(text) for text in written]
        except ValueError:
            values = [separated(text, decimal_comma) for text in written]
        console.take(line, plan, values, written, True)


def _is_plain(console: ConsoleRun, plan: LinePlan) -> bool:
    return (
        bool(plan.metrics)
        and plan.row is None
        and plan.ending is None
        and plan.section is None
        and not plan.summary
        and not plan.skips
        and not plan.postfix
        and max(plan.fold, plan.planned_epochs, plan.planned_steps) < 0
        and all(metric.total < 0 for metric in plan.metrics)
        and not console.rows
        and not console.section
        and (plan.has_counter or not plan.alone)
    )


def _take_waiting(console: ConsoleRun, plan: LinePlan, lines: Sequence[int], rows: Rows) -> bool:
    """Of a bar that is drawn until it is full only the last state counts."""
    if not (plan.passing or plan.keras) or plan.part < 0 or plan.epoch >= 0:
        return False
    done = _column(rows, plan.part)
    total = _column(rows, plan.parts)
    if done is None or total is None or (np.diff(done) < 0).any() or (np.diff(total) != 0).any():
        return False
    if not (total > 0).all() or (done > total).any():
        return False
    for at in (0, len(rows) - 1):
        try:
            values: list[float | None] = [float(text) for text in rows[at]]
        except ValueError:
            return False
        console.take(lines[at], plan, values, rows[at], True)
    return True


def _take_many(console: ConsoleRun, plan: LinePlan, lines: Places, rows: Rows) -> bool:
    """Take all lines at once if their counters only rise; whether that was so."""
    if plan.passing or plan.keras:
        return False
    columns = {at: _column(rows, at) for at in _numbers(plan)}
    if any(column is None for column in columns.values()):
        return False
    known: dict[int, Floats] = {at: c for at, c in columns.items() if c is not None}
    part = None
    if plan.part >= 0:
        done, total = known[plan.part], known[plan.parts]
        if not ((done >= 0) & (done <= total) & (total > 0)).all():
            return False
        part = done / total
    counter = plan.epoch if plan.epoch >= 0 else -1 if console.by_epoch else plan.step
    if counter >= 0:
        counts = known[counter]
        rising = bool((counts[0] >= 0) & (counts[-1] < 1e8) & (np.diff(counts) >= 0).all())
        if not rising or (plan.epoch >= 0) != console.by_epoch:
            return False
        _count(console, plan, known, part)
    elif console.epoch is None:
        return False
    _measure(console, plan, lines, rows, known, part)
    return True


def _numbers(plan: LinePlan) -> set[int]:
    counters = {plan.epoch, plan.epochs, plan.step, plan.steps, plan.part, plan.parts}
    return (counters | {metric.at for metric in plan.metrics}) - {-1}


def _column(rows: Rows, at: int) -> Floats | None:
    try:
        return np.fromiter((float(row[at]) for row in rows), np.float64, len(rows))
    except ValueError:
        return None


def _count(
    console: ConsoleRun, plan: LinePlan, known: dict[int, Floats], part: Floats | None
) -> None:
    """Take the first counter, which may begin a run, and the last one."""
    for at in dict.fromkeys((0, len(next(iter(known.values()))) - 1)):
        values: list[float | None] = []
        for number in range(max(known) + 1):
            values.append(float(known[number][at]) if number in known else None)
        console.count(plan, values, None if part is None else float(part[at]))


def _measure(
    console: ConsoleRun,
    plan: LinePlan,
    lines: Places,
    rows: Rows,
    known: dict[int, Floats],
    part: Floats | None,
) -> None:
    console.flush()
    run = console.runs.now
    steps, contextual = _steps(console, plan, known, part, len(lines))
    again = (
        console.by_epoch
        and part is None
        and bool(((steps[1:] == steps[:-1]) & (steps[1:] == np.floor(steps[1:]))).any())
    )
    for metric in plan.metrics:
        values = known[metric.at] * metric.factor
        kept = _changes(console, metric, values, steps) if plan.bar else slice(None)
        run.extend(metric.name, steps[kept], values[kept], lines[kept])
        points = run.points.get(metric.name)
        if points is not None:
            points.contextual |= contextual or again
    console.at = float(steps[-1])
    if plan.stamp is not None and not plan.bar:
        _stamps(console, run, plan, steps, lines, rows)


def _steps(
    console: ConsoleRun,
    plan: LinePlan,
    known: dict[int, Floats],
    part: Floats | None,
    count: int,
) -> tuple[Floats, bool]:
    """The steps of the lines, and whether they are only those of the epochs around them."""
    if not console.by_epoch:
        return known[plan.step], False
    epochs = known[plan.epoch] if plan.epoch >= 0 else np.full(count, console.epoch)
    if part is not None:
        if plan.epochs >= 0 and plan.epoch == plan.part:
            return epochs, False
        return epochs - console.base + part, False
    return epochs, not (plan.epoch >= 0 and plan.step < 0)


def _changes(
    console: ConsoleRun, metric: Metric, values: Floats, steps: Floats
) -> NDArray[np.bool_]:
    """Where the figure of a bar is another one than before, or was measured again."""
    name = metric.name
    before = np.concatenate(([0.0], values[:-1]))
    same = (values == before) | (np.isnan(values) & np.isnan(before))
    shown = console.shown.get(name)
    same[0] = shown is not None and (shown == values[0] or (shown != shown and np.isnan(values[0])))
    console.shown[name] = float(values[-1])
    moved = np.concatenate(([steps[0] != console.at], steps[1:] != steps[:-1]))
    if is_live(metric, math.nan):
        same &= ~(moved & (np.isfinite(values) <= (metric.kind == "special")))
    return np.asarray(~same, np.bool_)


def _stamps(
    console: ConsoleRun, run: Run, plan: LinePlan, steps: Floats, lines: Places, rows: Rows
) -> None:
    points = run.points.get("timestamp")
    # once the curve is thinned, most lines would be thrown away again
    every = 1 if points is None else points.stride
    near = console.runs.head.modified
    for at in range(0, len(lines), every):
        time = seconds(plan.stamp, rows[at], near) if plan.stamp is not None else None
        if time is not None:
            run.add("timestamp", float(steps[at]), time, int(lines[at]))
