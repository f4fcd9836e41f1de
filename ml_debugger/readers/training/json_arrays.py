"""The objects of a JSON list one by one, each with its line, as far as they are whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_GAP = re.compile(r"[\s,]*")


class Objects:
    """The objects of the list whose first element begins at `start` of a text.

    Afterwards `end` is where the list ended, `line` the line of that place, and `problem` says
    how the list broke off, None where it did not.
    """

    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self.end = start
        self.line = text.count("\n", 0, start) + 1
        self.problem: str | None = None

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        decoder = json.JSONDecoder()
        while True:
            found = _GAP.match(self._text, self.end)
            begin = found.end() if found else self.end
            self.line += self._text.count("\n", self.end, begin)
            self.end = begin
            if begin >= len(self._text):
                self.problem = "the file breaks off inside its list of records"
                return
            if self._text[begin] == "]":
                self.end += 1
                return
            try:
                record, end = decoder.raw_decode(self._text, begin)
            except (ValueError, RecursionError):
                self.problem = "the list of records breaks off or is damaged"
                return
            if isinstance(record, dict):
                yield self.line, record
            self.line += self._text.count("\n", begin, end)
            self.end = end
