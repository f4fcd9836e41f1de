"""Losses that a log stops to state: writers of JSON turn NaN into null, some tables into "-"."""

from __future__ import annotations

from collections import defaultdict

from ml_debugger.readers.training.curves import Run
from ml_debugger.readers.training.names import meaning

NOTHING = frozenset({"null", "none", "-", "--", "n/a", "na", "<na>", "nil"})
"""Words for "no number", in lower case. A blank cell is none: it was not logged."""

LEAST_BEFORE = 3
LEAST_AFTER = 3
_MOST = 10_000


class Silence:
    """Tells a loss that turned into nothing from one that is only logged now and then.

    A training loss that was a number in at least `LEAST_BEFORE` records and is explicitly nothing
    in all of at least `LEAST_AFTER` records from then on is read as NaN.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = defaultdict(int)
        self._nothing: dict[str, list[tuple[float | None, int]]] = defaultdict(list)
        self._gaps: set[str] = set()

    def number(self, name: str) -> None:
        """The record states a number."""
        self._numbers[name] += 1
        if self._nothing.pop(name, None) is not None:
            self._gaps.add(name)

    def nothing(self, name: str, step: float | None, line: int) -> None:
        """The record says that there is none."""
        if len(self._nothing[name]) < _MOST:
            self._nothing[name].append((step, line))

    def close(self, run: Run) -> None:
        """Add what was told to the run, at its end."""
        for name, places in self._nothing.items():
            told = meaning(name)
            is_training_loss = (
                told is not None and told.kind == "loss" and told.role in ("", "train")
            )
            if (
                is_training_loss
                and name not in self._gaps
                and self._numbers[name] >= LEAST_BEFORE
                and len(places) >= LEAST_AFTER
            ):
                for step, line in places:
                    run.add(name, step, float("nan"), line)
                run.details[f"{name} as nothing"] = f"read as NaN from line {places[0][1]}"
        self._numbers.clear()
        self._nothing.clear()
        self._gaps.clear()
