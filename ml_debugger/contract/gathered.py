"""What a check gathered from the bars of all tickers, part by part, from the walk all share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


class Gathered:
    """Frames by the names that the check gave them in `gather`, those of all parts together."""

    def __init__(self, frames: Mapping[str, pl.DataFrame]) -> None:
        self._frames = dict(frames)

    def __contains__(self, name: str) -> bool:
        return name in self._frames

    def __getitem__(self, name: str) -> pl.DataFrame:
        return self._frames[name]
