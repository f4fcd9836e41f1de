"""What one kind of log line says: which of its numbers is what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from ml_debugger.readers.training.stamps import Stamp


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of a line: the number `at` times `factor`.

    `average` is the number in parentheses behind it, which averages over the epoch so far, -1
    where there is none. `total` is the number that a count is out of (`81/100`).
    """

    name: str
    at: int
    factor: float = 1.0
    average: int = -1
    total: int = -1
    kind: str = "other"


@dataclass(frozen=True, slots=True)
class LinePlan:
    """Positions among the numbers of a line; -1 where the line has no such number.

    `part` and `parts` are the batch and the number of batches of the epoch. `bar` is true for
    progress bars, which repeat their figures, `keras` for those of Keras, whose figures are
    running averages until the bar is full; `postfix` for bars that count epochs, perhaps in another
    manner than the lines around, behind themselves; `passing` for the progress of a validation;
    `summary` for lines that look back. `section` is the role that a heading gives to the lines
    below it. `row` is the key of a line that is one row of a box of keys and values.
    """

    metrics: tuple[Metric, ...] = ()
    epoch: int = -1
    epochs: int = -1
    step: int = -1
    steps: int = -1
    part: int = -1
    parts: int = -1
    fold: int = -1
    rank: int = -1
    rank_said: int | None = None
    bar: bool = False
    keras: bool = False
    postfix: bool = False
    passing: bool = False
    summary: bool = False
    alone: bool = False
    section: str | None = None
    row: str | None = None
    row_at: int = -1
    stamp: Stamp | None = None
    ending: bool | None = None
    planned_epochs: int = -1
    planned_steps: int = -1
    new_scale: int = -1
    skips: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether a line of this kind says nothing."""
        return (
            not self.metrics
            and max(self.epoch, self.step, self.part, self.fold, self.new_scale) < 0
            and max(self.planned_epochs, self.planned_steps) < 0
            and self.ending is None
            and self.section is None
            and self.row is None
            and not self.skips
        )

    @property
    def has_counter(self) -> bool:
        """Whether the line itself says where the training stands."""
        return self.epoch >= 0 or self.step >= 0 or self.part >= 0


def compact(plan: LinePlan) -> tuple[LinePlan, tuple[int, ...]]:
    """The plan over only those numbers that it needs, and which these are."""
    wanted = tuple(sorted(set(_needed(plan))))
    at = {number: position for position, number in enumerate(wanted)} | {-1: -1}
    stamp = plan.stamp
    moved: dict[str, Any] = {name: at[getattr(plan, name)] for name in _POSITIONS}
    return (
        replace(
            plan,
            metrics=tuple(
                replace(m, at=at[m.at], average=at[m.average], total=at[m.total])
                for m in plan.metrics
            ),
            stamp=replace(stamp, numbers=tuple(at[n] for n in stamp.numbers))
            if stamp is not None and plan.metrics
            else None,
            **moved,
        ),
        wanted,
    )


_POSITIONS = tuple(field.name for field in fields(LinePlan) if field.type == "int")


def _needed(plan: LinePlan) -> Iterator[int]:
    numbers = [getattr(plan, name) for name in _POSITIONS]
    for metric in plan.metrics:
        numbers += [metric.at, metric.average, metric.total]
    if plan.stamp is not None and plan.metrics:
        numbers += plan.stamp.numbers
    yield from (number for number in numbers if number >= 0)
