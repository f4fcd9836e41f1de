"""Columns of a user's feature function, recomputed with the future cut off or altered."""

from __future__ import annotations

from dataclasses import dataclass

from ml_debugger.artifacts.base import Artifact


@dataclass(frozen=True, slots=True)
class Change:
    """Past rows that changed when the future was cut off or altered.

    `rows` counts them over all experiments. The first is that of `ticker` at `time` (ISO 8601):
    it was `with_future` and became `without` when the rows after `cut` were gone, or with
    `altered` when their prices were others.
    `reach` is how far ahead the earliest changed row lay before the first row that was touched,
    in `unit`, the largest over all experiments; `at_least` when it was seen at one cut alone, as
    where it grows with the sample.
    `sources` are the input columns whose alteration alone changes the column; empty where none
    does, and the number or the dates of the rows decide.
    """

    rows: int
    ticker: str
    time: str
    with_future: str
    without: str
    cut: str
    reach: int
    at_least: bool
    unit: str
    sources: tuple[str, ...] = ()
    altered: bool = False


@dataclass(frozen=True, eq=False)
class RecomputedColumn(Artifact):
    """One column that a feature function returned, and what recomputing it has shown.

    `path` is the file of the function, `line` its first line, `function` the target as the user
    named it. `label` says why the column looks ahead by intent, `untested` why nothing can be
    said about it. `cuts` counts the boundaries at which values could be compared, `altered` the
    runs with another future, `rows` the rows compared, `unstable` those left out because they
    change with the last digits of the input. `changed` is what depends on later rows; `filled`
    what does so only where prices are missing. `read` names files and services that the function
    read itself: what comes from there was not cut off.
    """

    function: str
    line: int | None
    label: str | None = None
    untested: str | None = None
    cuts: int = 0
    altered: int = 0
    rows: int = 0
    unstable: int = 0
    changed: Change | None = None
    filled: Change | None = None
    read: tuple[str, ...] = ()
