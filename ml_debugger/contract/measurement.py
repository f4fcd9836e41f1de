"""What a check returns: a measurement, or the reason why none was possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact that a person can verify: a value, its unit and where it stands."""

    name: str
    value: float | int | str | bool | None
    unit: str | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured on one subject.

    `values` maps the names of the check's limits to numbers; the framework compares.
    `title` states what was seen, in one line, whether it is within limits or not.
    `line` is the line or row of the subject's file at which the fault begins.
    `path` replaces the subject's path where the fault lies in one particular file.
    `rows` makes the table of all rows concerned, for whoever asks for it: `ticker` (String),
    `time` (Date or Datetime), and where it applies `column` and `detail` (String) and
    `copied_from` (like `time`). It is called only then, and may look at the table again.
    """

    title: str
    values: Mapping[str, float]
    evidence: tuple[Evidence, ...] = field(default=())
    line: int | None = None
    path: str | None = None
    rows: Callable[[], pl.DataFrame] | None = None


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """The check could not look; the reason is shown and counted, never as a pass.

    `required` marks a subject that the user asked about: without it the run is incomplete.
    """

    reason: str
    required: bool = False


Outcome = Measurement | NotMeasured
