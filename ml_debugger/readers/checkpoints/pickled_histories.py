"""Histories of trainings inside a pickle: metrics by name, as scripts dump `history.history`.

Nothing is built: what the opcodes put on the stack is turned into plain lists of numbers.
"""

from __future__ import annotations

from typing import Any

from ml_debugger.artifacts import Artifact
from ml_debugger.readers.checkpoints.pickled_scalers import numbers
from ml_debugger.readers.checkpoints.symbols import Instance
from ml_debugger.readers.head import Head
from ml_debugger.readers.training.boosting import curve_names
from ml_debugger.readers.training.curves import Run, Runs
from ml_debugger.readers.training.histories import Boosted, find

FORMAT = "pickled history"
MAX_DEPTH = 5
MAX_ENTRIES = 2_000_000


def histories_in(values: list[Any], head: Head) -> list[Artifact]:
    """The training runs among what a pickle holds."""
    for value in values:
        found = find(_Plain().of(value, 0))
        if found:
            boosted = all(isinstance(one, Boosted) for one in found)
            runs = Runs(head, FORMAT, "round" if boosted else "epoch")
            for one in found:
                one.fill(runs.start(one.segment if len(found) > 1 else None), "", 0)
            return list(runs.reading(rename=_set_names if boosted else None).artifacts)
    return []


def _set_names(run: Run) -> dict[str, str]:
    return curve_names(run.points)


class _Plain:
    """Dictionaries, lists and numbers; what else there is becomes None."""

    def __init__(self) -> None:
        self._left = MAX_ENTRIES

    def of(self, value: Any, depth: int) -> Any:
        """The plain value, within bounds of depth and number."""
        self._left -= 1
        if depth > MAX_DEPTH or self._left < 0:
            return None
        if isinstance(value, dict):
            return self._mapping(value, depth)
        if isinstance(value, list | tuple):
            return [self.of(inner, depth + 1) for inner in value[: max(self._left, 0)]]
        if isinstance(value, Instance):
            # a History of Keras keeps the mapping as an attribute; a defaultdict has items
            inside = value.items or value.state
            if isinstance(inside, dict):
                return self._mapping(inside, depth)
            found = numbers(value)
            return None if found is None else (found[0] if len(found) == 1 else list(found))
        return value if isinstance(value, bool | int | float | str) else None

    def _mapping(self, entries: dict[Any, Any], depth: int) -> dict[str, Any]:
        kept = list(entries.items())[:10_000]
        return {str(key)[:200]: self.of(inner, depth + 1) for key, inner in kept}
