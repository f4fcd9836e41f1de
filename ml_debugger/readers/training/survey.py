"""What the first lines of a console log show about all of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ml_debugger.readers.training import ranks
from ml_debugger.readers.training.kinds import Kinds
from ml_debugger.readers.training.line_plan import LinePlan
from ml_debugger.readers.training.numbers import number
from ml_debugger.readers.training.skeleton import decimal_commas
from ml_debugger.readers.training.stream import plain

_NUMBERED = re.compile(r"\s*(\d{1,6}): ")

Said = tuple[LinePlan, list[float | None], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Survey:
    """`by_epoch`: epochs are counted; `by_rank`: several processes print the same metric."""

    by_epoch: bool
    by_rank: bool
    numbered: bool
    decimal_comma: bool

    def kinds(self) -> Kinds:
        """An empty collection of the kinds of line of this log."""
        return Kinds(self.decimal_comma, self.numbered)


def survey(text: str) -> Survey:
    """Look through the first lines."""
    filled = [line for line in text.splitlines() if line.strip()]
    first = [
        value
        for line in filled
        if (found := _NUMBERED.match(line)) and (value := number(found.group(1))) is not None
    ]
    numbered = ranks.are_numbered(first, len(filled))
    commas = decimal_commas(text)
    by_epoch = False
    heard: defaultdict[str, set[int]] = defaultdict(set)
    for plan, values, _ in read_lines(text, Kinds(commas, numbered)):
        rank = rank_of(plan, values)
        if rank is not None and not plan.summary:
            for metric in plan.metrics:
                heard[metric.name].add(rank)
        if plan.epoch >= 0 and not plan.summary and counted(values[plan.epoch]) is not None:
            by_epoch = True
    by_rank = any(len(told) > 1 for told in heard.values())
    return Survey(by_epoch, by_rank, numbered and by_rank, commas)


def read_lines(text: str, kinds: Kinds) -> Iterator[Said]:
    """What each line of a text says, and each frame of a progress bar."""
    for line in text.splitlines():
        for part in plain(line).split("\r")[:200]:
            said = kinds.read(part)
            if said is not None:
                yield said


def rank_of(plan: LinePlan, values: Sequence[float | None]) -> int | None:
    """The rank that the line names."""
    if plan.rank_said is not None:
        return plan.rank_said
    value = values[plan.rank] if plan.rank >= 0 else None
    return int(value) if value is not None and value == value and 0 <= value < 1e9 else None


def counted(value: float | None) -> float | None:
    """A counter that can be one: no date, no NaN, not negative."""
    return value if value is not None and 0 <= value < 1e8 else None
