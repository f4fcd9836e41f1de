"""The results of a check's aggregations over a table, from the one pass that all checks share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


class Scan(Mapping[str, Any]):
    """Values by the names that the check gave them in `ask`."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def count(self, name: str) -> int:
        """A count; a missing value counts as zero."""
        return int(self._values[name] or 0)

    def number(self, name: str) -> float:
        """A number; NaN where the aggregation had nothing to work on."""
        value = self._values[name]
        return float("nan") if value is None else float(value)
