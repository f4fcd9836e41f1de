"""Limits and settings: the only numbers that decide, each with its unit and source."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from ml_debugger.contract.status import Status

Direction = Literal["above", "below"]


@dataclass(frozen=True, slots=True)
class Limit:
    """A named number that a measured value of the same name is compared with.

    `direction` is the bad side: with "above" a value strictly greater than `fail` fails.
    `skip` is the level beyond which there is too little evidence to judge at all.
    A level of None is never reached. `source` says where the defaults come from.
    """

    name: str
    unit: str
    direction: Direction
    meaning: str
    source: str
    fail: float | None = None
    warn: float | None = None
    skip: float | None = None

    def judge(self, value: float) -> Status:
        """Status of one measured value: skip before fail before warn before pass."""
        if math.isnan(value):
            return Status.SKIP
        for level, status in (
            (self.skip, Status.SKIP),
            (self.fail, Status.FAIL),
            (self.warn, Status.WARN),
        ):
            if level is not None and self._beyond(value, level):
                return status
        return Status.PASS

    def level(self, status: Status) -> float | None:
        """The number that a value of this status went beyond; the strictest one for a pass."""
        match status:
            case Status.SKIP:
                return self.skip
            case Status.FAIL:
                return self.fail
            case Status.WARN:
                return self.warn
            case _:
                return self.warn if self.warn is not None else self.fail

    def override(self, levels: Mapping[str, float | None]) -> Limit:
        """A copy with other levels; keys are fail, warn and skip."""
        return replace(
            self,
            fail=levels.get("fail", self.fail),
            warn=levels.get("warn", self.warn),
            skip=levels.get("skip", self.skip),
        )

    def _beyond(self, value: float, level: float) -> bool:
        return value > level if self.direction == "above" else value < level


@dataclass(frozen=True, slots=True)
class Setting:
    """A named number that a measurement itself needs, such as a window length."""

    name: str
    unit: str
    default: float
    meaning: str
    source: str


class Settings(Mapping[str, float]):
    """The values of a check's settings; a check asks for them with a parameter of this type."""

    def __init__(self, values: Mapping[str, float]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> float:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
