"""Follows a console log line by line and knows where in the training each figure belongs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ml_debugger.readers.training.boxes import Box
from ml_debugger.readers.training.curves import Run, Runs
from ml_debugger.readers.training.line_plan import LinePlan, Metric
from ml_debugger.readers.training.names import meaning
from ml_debugger.readers.training.stamps import seconds
from ml_debugger.readers.training.survey import counted

# a last bar that stands further than this may have ended between two of its refreshes
_NEARLY = 0.95
_SECTION_LINES = 40

Values = Sequence[float | None]


class ConsoleRun:
    """Keeps the place in the training of one process while lines go by."""

    def __init__(self, runs: Runs, by_epoch: bool) -> None:
        self.runs = runs
        self.by_epoch = by_epoch
        self.epoch: float | None = None
        self.fold: float | None = None
        self.base = 0.0
        self.shown: dict[str, float] = {}
        self.skipped = 0
        self.at: float | None = None
        self.section = ""
        self.section_from = 0
        self.pending: dict[str, tuple[float | None, float, int, bool]] = {}
        self.pending_part = 0.0
        self.rows: list[tuple[str, float, int]] = []
        self.unfinished: float | None = None

    def take(
        self, line: int, plan: LinePlan, values: Values, written: Sequence[str], whole: bool
    ) -> None:
        """One line, or one refresh of a progress bar."""
        if plan.row is not None:
            value = values[plan.row_at]
            if any(plan.row == key for key, _, _ in self.rows) or len(self.rows) > 200:
                self.end_box()
            if value is not None and whole:
                self.rows.append((plan.row, value, line))
            return
        if self.rows:
            self.end_box()
        self._plan(plan, values)
        if plan.ending is not None:
            self._finish(plan.ending)
        if plan.summary:
            return
        if plan.section is not None:
            self.section, self.section_from = plan.section, line
        if plan.fold >= 0 and (fold := values[plan.fold]) is not None and fold != self.fold:
            self.flush()
            self.fold = fold
            self.runs.start(f"fold {fold:g}")
            self._begin()
        part = self._part(plan, values)
        self.count(plan, values, part)
        if plan.skips:
            self._skip(plan, values, line)
        if not plan.metrics:
            return
        if plan.alone and not plan.has_counter and self.at is None and self.epoch is None:
            # settings echoed before the training
            return
        self._measure(line, plan, values, written, part, whole)

    def close(self) -> None:
        """Take in what waited for its line to be completed."""
        if self.rows:
            self.end_box()
        self.flush()
        if self.by_epoch:
            for run in self.runs.all:
                _count_from_zero(run)
        if self.unfinished is not None:
            facts = self.runs.now.facts
            facts["planned_steps"] = max(
                facts.get("planned_steps") or 0, math.ceil(self.unfinished)
            )

    def _measure(
        self,
        line: int,
        plan: LinePlan,
        values: Values,
        written: Sequence[str],
        part: float | None,
        whole: bool,
    ) -> None:
        step, contextual = self._place(plan, values, part)
        # Keras draws a full bar twice, the second time with the figures of the validation
        waits = plan.passing or (plan.keras and part is not None)
        if self.pending and (not waits or (part or 0.0) < self.pending_part):
            self.flush()
        self.pending_part = part or 0.0
        prefix = self._prefix(line)
        metrics = plan.metrics if whole else self._sound(plan)
        run = self.runs.now
        for metric in metrics:
            value = values[metric.at]
            name = (
                metric.name
                if not prefix or metric.kind == "special"
                else self._named(metric, prefix)
            )
            if value is None:
                run.add_blank(name, step, line)
                continue
            if metric.total >= 0:
                total = values[metric.total]
                if not total:
                    continue
                value /= total
            value *= metric.factor
            if waits:
                if metric.average >= 0 and (average := values[metric.average]) is not None:
                    value = average * metric.factor
                self.pending[name] = (step, value, line, contextual)
                continue
            if plan.bar and not plan.keras:
                shown = self.shown.get(name)
                same = shown is not None and (shown == value or (shown != shown and value != value))
                if same and (step == self.at or not is_live(metric, value)):
                    continue
                self.shown[name] = value
            points = run.points.get(name)
            again = (
                self.by_epoch
                and part is None
                and step is not None
                and points is not None
                and len(points.steps) > 0
                and points.steps[-1] == step == int(step)
            )
            run.add(name, step, value, line, contextual or again)
        self.at = step
        if plan.stamp is not None and not plan.bar:
            time = seconds(plan.stamp, written, self.runs.head.modified)
            if time is not None:
                run.add("timestamp", step, time, line, contextual)

    def _sound(self, plan: LinePlan) -> tuple[Metric, ...]:
        """All metrics of an unclosed line but the last, whose number may be cut in two."""
        last = max(plan.metrics, key=lambda metric: metric.at)
        return tuple(metric for metric in plan.metrics if metric is not last)

    def _prefix(self, line: int) -> str:
        if self.section and line - self.section_from > _SECTION_LINES:
            self.section = ""
        return self.section

    @staticmethod
    def _named(metric: Metric, prefix: str) -> str:
        told = meaning(metric.name)
        return metric.name if told is None or told.role else f"{prefix} {metric.name}"

    def _part(self, plan: LinePlan, values: Values) -> float | None:
        if plan.part < 0:
            return None
        done, total = values[plan.part], values[plan.parts]
        if done is None or total is None or not 0 <= done <= total or total <= 0:
            return None
        return done / total

    def count(self, plan: LinePlan, values: Values, part: float | None) -> None:
        """Note the epoch and the step of a line."""
        epoch = counted(values[plan.epoch]) if plan.epoch >= 0 else None
        if epoch is not None:
            if not (plan.postfix and epoch - 1 == self.epoch):
                self._enter(epoch)
            if plan.epochs >= 0:
                self._plan_epochs(values[plan.epochs])
            if plan.bar and part is not None and not plan.passing:
                end = epoch - self.base + 1
                self.unfinished = end if part < _NEARLY else None
            elif plan.metrics:
                self.unfinished = None
        elif plan.step >= 0 and not plan.passing and not self.by_epoch:
            step = counted(values[plan.step])
            if step is not None and (not plan.bar or plan.metrics):
                if self.runs.now.last is None or step > self.runs.now.last:
                    self._go_on()
                self._turn(step)
                if plan.steps >= 0 and part is not None and part <= 1:
                    total = counted(values[plan.steps])
                    if total is not None:
                        self.runs.now.facts["planned_steps"] = int(total)

    def _enter(self, epoch: float) -> None:
        if epoch != self.epoch:
            self.flush()
            self.section = ""
            self._go_on()
        before = self.runs.now
        self.runs.count(epoch)
        if self.epoch is None or self.runs.now is not before:
            if self.runs.now is not before:
                self._begin()
            self.base = min(1.0, epoch) if epoch == int(epoch) else 0.0
            self.shown.clear()
        self.epoch = epoch

    def _turn(self, step: float) -> None:
        before = self.runs.now
        self.runs.count(step)
        if self.runs.now is not before:
            self._begin()

    def _begin(self) -> None:
        """A new run has begun."""
        self.skipped = 0
        self.shown.clear()
        self.unfinished = None
        self.at = None

    def _place(
        self, plan: LinePlan, values: Values, part: float | None
    ) -> tuple[float | None, bool]:
        """The step of the line's metrics, and whether it is only the epoch around it."""
        if self.by_epoch and self.epoch is not None:
            if part is not None and not plan.passing and not (plan.keras and part == 1.0):
                if plan.epochs >= 0 and plan.epoch == plan.part:
                    return self.epoch, False
                return self.epoch - self.base + part, False
            alone = plan.epoch >= 0 and plan.step < 0
            return self.epoch, not alone
        if plan.step >= 0 and not self.by_epoch and not plan.passing:
            step = counted(values[plan.step])
            if step is not None:
                return step, False
        return (self.runs.now.last if not self.by_epoch else None), True

    def flush(self) -> None:
        """Take the last figures of a validation, or of an epoch that was not completed."""
        for name, (step, value, line, contextual) in self.pending.items():
            self.runs.now.add(name, step, value, line, contextual)
        self.pending.clear()
        self.pending_part = 0.0

    def end_box(self) -> None:
        """Take the rows of a box of keys and values, such as Stable-Baselines prints."""
        box, self.rows = Box(self.rows), []
        if box.counter is not None and counted(box.counter) is not None and box.metrics:
            if self.by_epoch and box.by_epoch:
                self._enter(box.counter)
            else:
                self._turn(box.counter)
        for key, value, line in box.metrics:
            self.runs.now.add(key, box.counter, value, line, box.counter is None)

    def _skip(self, plan: LinePlan, values: Values, line: int) -> None:
        self.skipped += 1
        run = self.runs.now
        at = self.at if self.at is not None else run.last
        run.add("skipped steps", at, float(self.skipped), line)
        if plan.new_scale >= 0 and (scale := values[plan.new_scale]) is not None:
            known = (name for name in run.points if _metric_of(name) == "loss_scale")
            run.add(next(known, "loss scale"), at, scale, line)

    def _plan(self, plan: LinePlan, values: Values) -> None:
        if plan.planned_epochs >= 0 and self.by_epoch:
            self._plan_epochs(values[plan.planned_epochs])
        elif plan.planned_steps >= 0 and not self.by_epoch:
            total = counted(values[plan.planned_steps])
            if total:
                self.runs.now.facts.setdefault("planned_steps", int(total))

    def _plan_epochs(self, total: float | None) -> None:
        if total is not None and counted(total) and total == int(total):
            self.runs.now.facts["planned_steps"] = int(total)

    def _finish(self, ended: bool) -> None:
        facts = self.runs.now.facts
        if self.runs.now.points and facts.get("finished") is not True:
            facts["finished"] = ended

    def _go_on(self) -> None:
        """The counter rises: what was said of an end was not that of the run."""
        self.runs.now.facts.pop("finished", None)


def is_live(metric: Metric, value: float) -> bool:
    """Whether a bar that shows the same figure again measured it again.

    A bar repeats the figures of the last validation until there are others, also into the next
    epoch. A rate that stays and a loss that stays NaN are those of each step.
    """
    if metric.kind == "special":
        return True
    told = meaning(metric.name)
    of_training = told is not None and told.role in ("", "train")
    return of_training and metric.kind == "loss" and not math.isfinite(value)


def _metric_of(name: str) -> str:
    told = meaning(name)
    return told.metric if told is not None else ""


def _count_from_zero(run: Run) -> None:
    """Plan the epoch with the last number, where they are counted from 0 to one less.

    Some loops count from 0 and print the last number, some the number of epochs: a run that
    reached the number given is of the first kind.
    """
    planned = run.facts.get("planned_steps")
    if planned and planned > 1 and run.first == 0 and run.last is not None and run.last < planned:
        run.facts["planned_steps"] = planned - 1
