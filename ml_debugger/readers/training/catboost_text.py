"""CatBoost's console lines: `12: learn: 0.4121 test: 0.4812 best: 0.4790 (9)`, with tabs."""

from __future__ import annotations

import re

from ml_debugger.readers.training.boosting import Round, reader_of_rounds
from ml_debugger.readers.training.numbers import NUMBER, number

FORMAT = "CatBoost console log"
_ROUND = re.compile(r"\s*(\d{1,9}):\s+(?=(?:learn|test\d*):\s)")
_PAIR = re.compile(rf"\b(learn|test\d*):\s+({NUMBER})", re.IGNORECASE)


def parse(line: str) -> Round | None:
    """The round of one line, None for any other line."""
    start = _ROUND.match(line)
    if start is None:
        return None
    found = [
        (of_set, "loss", value)
        for of_set, written in _PAIR.findall(line[start.end() : start.end() + 2000])
        if (value := number(written)) is not None
    ]
    return (int(start.group(1)), found) if found else None


READER = reader_of_rounds("catboost-log", FORMAT, parse)
