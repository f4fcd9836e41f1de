"""Collects the points of training logs, in bounded memory, and makes training runs of them."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reading, Unreadable
from ml_debugger.readers.training.names import canonical_names, meaning
from ml_debugger.readers.training.units import in_unit, is_measured

MAX_POINTS = 200_000
MAX_CURVES = 500
MAX_RUNS = 1_000
MAX_BLANKS = 10_000
MIN_BLANKS = 3

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


class Points:
    """The points of one logged quantity.

    Beyond `MAX_POINTS` finite values every second one is dropped, again and again; non-finite
    ones are all kept, up to the same number.
    """

    def __init__(self) -> None:
        self.steps = array("d")
        self.values = array("d")
        self.lines = array("q")
        self.stride = 1
        self.seen = 0
        self.non_finite = 0
        self.contextual = False

    def add(self, step: float, value: float, line: int) -> None:
        """Take one point, or leave it out by the present stride."""
        if math.isfinite(value):
            self.seen += 1
            if (self.seen - 1) % self.stride:
                return
        else:
            self.non_finite += 1
            if self.non_finite > MAX_POINTS:
                return
        self.steps.append(step)
        self.values.append(value)
        self.lines.append(line)
        if len(self.values) - min(self.non_finite, MAX_POINTS) > MAX_POINTS:
            self._halve()

    def extend(self, steps: Floats, values: Floats, lines: Places) -> None:
        """Take many points at once, to the same effect."""
        finite = np.isfinite(values)
        order = np.cumsum(finite)
        wrong = np.cumsum(~finite) + self.non_finite
        kept = np.where(finite, (self.seen + order - 1) % self.stride == 0, wrong <= MAX_POINTS)
        self.seen += int(order[-1]) if len(order) else 0
        self.non_finite += int((~finite).sum())
        self.steps.frombytes(steps[kept].astype(np.float64).tobytes())
        self.values.frombytes(values[kept].astype(np.float64).tobytes())
        self.lines.frombytes(lines[kept].astype(np.int64).tobytes())
        while len(self.values) - min(self.non_finite, MAX_POINTS) > MAX_POINTS:
            self._halve()

    def _halve(self) -> None:
        self.stride *= 2
        steps, values, lines = self.steps, self.values, self.lines
        self.steps, self.values, self.lines = array("d"), array("d"), array("q")
        finite = 0
        for step, value, line in zip(steps, values, lines, strict=True):
            if math.isfinite(value):
                finite += 1
                if finite % 2 == 0:
                    continue
            self.steps.append(step)
            self.values.append(value)
            self.lines.append(line)

    def spread(self) -> None:
        """Give points that share an epoch, because the log says no more, even parts of it."""
        start = 0
        count = len(self.steps)
        while start < count:
            end = start
            while end < count and self.steps[end] == self.steps[start]:
                end += 1
            for offset in range(1, end - start):
                self.steps[start + offset] += offset / (end - start)
            start = end


@dataclass
class Run:
    """One run while it is being read."""

    points: dict[str, Points] = field(default_factory=dict)
    first: float | None = None
    last: float | None = None
    left_out: int = 0
    segment: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)
    blanks: dict[str, list[tuple[float | None, int]]] = field(default_factory=dict)

    def add(
        self, name: str, step: float | None, value: float, line: int, contextual: bool = False
    ) -> None:
        """Take one value; without a step its own number in the curve is used."""
        points = self.points.get(name)
        if points is None:
            if len(self.points) >= MAX_CURVES:
                self.left_out += 1
                return
            points = self.points[name] = Points()
        if step is None:
            step = float(points.seen + points.non_finite)
        points.contextual |= contextual
        points.add(step, value, line)

    def add_blank(self, name: str, step: float | None, line: int) -> None:
        """Note that the log writes null, None or a dash where a figure belongs."""
        seen = self.blanks.setdefault(name, []) if len(self.blanks) < MAX_CURVES else []
        if len(seen) < MAX_BLANKS:
            seen.append((step, line))

    def settle_blanks(self, *, from_first: bool) -> None:
        """Take blanks for NaN where a training loss was a number and then never again.

        JavaScript and some writers put null for NaN; elsewhere a blank means "not measured", and
        blanks between numbers are left out. With `from_first` a loss that is blank from its first
        line on is NaN, too: what a script prints at every step is measured at every step.
        """
        for name, blanks in self.blanks.items():
            told = meaning(name)
            if told is None or told.kind != "loss" or told.role not in ("", "train"):
                continue
            points = self.points.get(name)
            numbers = 0 if points is None else len(points.values)
            gone_on = points is not None and points.lines[-1] > blanks[0][1]
            enough = numbers >= MIN_BLANKS or (numbers == 0 and from_first)
            if gone_on or not enough or len(blanks) < MIN_BLANKS:
                continue
            for step, line in blanks:
                self.add(name, step, math.nan, line)
            self.details[f"{name} as nothing"] = f"read as NaN from line {blanks[0][1]}"

    def extend(self, name: str, steps: Floats, values: Floats, lines: Places) -> None:
        """Take many values of one name at once."""
        points = self.points.get(name)
        if points is None:
            if len(self.points) >= MAX_CURVES:
                self.left_out += len(values)
                return
            points = self.points[name] = Points()
        points.extend(steps, values, lines)


class Runs:
    """The runs of one file, told apart by their counters that start again.

    `blank_from_first` says how a loss is read that is blank from its first line on.
    """

    def __init__(
        self, head: Head, form: str, step_unit: str, *, blank_from_first: bool = False
    ) -> None:
        self.blank_from_first = blank_from_first
        self.head = head
        self.form = form
        self.step_unit = step_unit
        self.all: list[Run] = [Run()]
        self.details: dict[str, str] = {}
        self.left_out = 0
        self.within: str | None = None

    @property
    def now(self) -> Run:
        """The run that is being read."""
        return self.all[-1]

    def start(self, segment: str | None = None) -> Run:
        """Begin a new run, unless the present one is still empty."""
        if self.now.points:
            if len(self.all) >= MAX_RUNS:
                self.left_out += 1
                self.all[-1] = Run()
            else:
                self.all.append(Run())
        self.now.first = self.now.last = None
        self.now.segment = segment
        return self.now

    def count(self, counter: float) -> None:
        """Note the log's own counter; one that falls back to its beginning begins a new run.

        A counter that goes back only part of the way stays in its run: that is a resume.
        """
        run = self.now
        if run.first is not None and run.last is not None:
            fell_back = counter < run.last and counter <= run.first
            if fell_back and run.points:
                run = self.start()
        if run.first is None:
            run.first = counter
        run.last = counter

    def reading(
        self,
        problem: str | None = None,
        line: int | None = None,
        measured_on: str = "",
        allow_empty: bool = False,
        rename: Callable[[Run], dict[str, str]] | None = None,
    ) -> Reading:
        """Training runs of all that was collected; raises Unreadable when that is nothing."""
        for run in self.all:
            run.settle_blanks(from_first=self.blank_from_first)
        kept = [run for run in self.all if run.points] or (self.all[:1] if allow_empty else [])
        if not kept:
            raise Unreadable(problem or "no metric could be read", line)
        if self.left_out and problem is None:
            problem = f"more than {MAX_RUNS} runs; {self.left_out} in between were not kept"
        several = len(kept) > 1
        runs = []
        for number, run in enumerate(kept, start=1):
            segment = run.segment or (f"run {number}" if several else None)
            if self.within is not None:
                segment = self.within if segment is None else f"{self.within}, {segment}"
            names = (
                rename(run)
                if rename is not None
                else canonical_names(
                    {name: points.seen + points.non_finite for name, points in run.points.items()},
                    measured_on,
                )
            )
            named = several or self.within is not None
            subject = f"{self.head.shown} ({segment})" if named else self.head.shown
            runs.append(self._run(run, subject, segment, names))
        return Reading(runs, problem, line)

    def _run(
        self, run: Run, subject: str, segment: str | None, names: dict[str, str]
    ) -> TrainingRun:
        curves: dict[str, Curve] = {}
        details = {**self.details, **run.details}
        thinned = []
        for original, points in run.points.items():
            if original not in names:
                continue
            if points.contextual:
                points.spread()
            name = names[original]
            values = points.values
            if is_measured(name):
                scaled = in_unit(name, original, values)
                name, values = (original, values) if scaled is None else (name, scaled)
            curves[name] = Curve(name, original, points.steps, values, points.lines)
            if points.stride > 1 or points.non_finite > MAX_POINTS:
                thinned.append(f"{original}: {len(points.values)} of "
                               f"{points.seen + points.non_finite} points kept")  # fmt: skip
        if thinned:
            details["thinned"] = "; ".join(thinned)
        if run.left_out:
            details["left_out"] = f"{run.left_out} values of further metrics beyond {MAX_CURVES}"
        facts = {"format": self.form, "step_unit": self.step_unit, **run.facts}
        return TrainingRun(
            subject, self.head.shown, curves=curves, segment=segment, details=details, **facts
        )
