"""XGBoost's evaluation lines: `[12]	train-rmse:0.41210	eval-rmse:0.48120`."""

from __future__ import annotations

import re

from ml_debugger.readers.training.boosting import Round, pairs, reader_of_rounds
from ml_debugger.readers.training.numbers import NUMBER

FORMAT = "XGBoost evaluation log"
_ROUND = re.compile(r"(?<![`\w])\[(\d{1,9})\]\s+(?=[^\s:]{1,80}-[^\s:]{1,60}:)")
# cross-validation adds its standard deviation: train-rmse:0.41210+0.00210
_PAIR = re.compile(
    rf"([^\s:]{{1,80}}?)-([^\s:-]{{1,40}}(?:-[^\s:-]{{1,20}})?):\s*({NUMBER})", re.IGNORECASE
)


def parse(line: str) -> Round | None:
    """The round of one line, None for any other line."""
    start = _ROUND.search(line, 0, 400)
    if start is None:
        return None
    found = pairs(line[start.end() : start.end() + 4000], _PAIR)
    return (int(start.group(1)), found) if found else None


READER = reader_of_rounds("xgboost-log", FORMAT, parse)
