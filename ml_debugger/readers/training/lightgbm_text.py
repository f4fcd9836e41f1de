"""LightGBM's evaluation lines, of the Python package and of the command line.

`[10]	training's l2: 0.101	valid_1's l2: 0.125` and
`[LightGBM] [Info] Iteration:10, valid_1 l2 : 0.125`.
"""

from __future__ import annotations

import re

from ml_debugger.readers.training.boosting import Round, pairs, reader_of_rounds
from ml_debugger.readers.training.numbers import NUMBER

FORMAT = "LightGBM evaluation log"
# R writes [1]:
_ROUND = re.compile(r"(?<![`\w])\[(\d{1,9})\]:?\s+(?=\S{1,80}'s\s)")
_PAIR = re.compile(rf"(\S{{1,80}}?)'s\s+([^\s:][^:\t]{{0,60}}?)\s*:\s*({NUMBER})", re.IGNORECASE)
_CLI = re.compile(
    rf"Iteration:\s?(\d{{1,9}}),\s+(\S{{1,80}})\s+(\S{{1,60}})\s*:\s*({NUMBER})", re.IGNORECASE
)


def parse(line: str) -> Round | None:
    """The round of one line, None for any other line."""
    start = _ROUND.search(line, 0, 400)
    if start is not None:
        found = pairs(line[start.end() : start.end() + 4000], _PAIR)
        return (int(start.group(1)), found) if found else None
    told = _CLI.search(line, 0, 400) if "Iteration:" in line else None
    if told is None:
        return None
    return int(told.group(1)), pairs(f"{told.group(2)}'s {told.group(3)}: {told.group(4)}", _PAIR)


READER = reader_of_rounds("lightgbm-log", FORMAT, parse)
