"""Understands the lines of a log, each kind of line once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ml_debugger.readers.training.console import interesting, understand
from ml_debugger.readers.training.line_plan import LinePlan, compact
from ml_debugger.readers.training.numbers import separated
from ml_debugger.readers.training.skeleton import MAX_TEXT, pattern, split, with_even_bars

_REMEMBERED = 20_000
_PATTERNS = 12
# how often a kind of line must come before a pattern for it pays
_FREQUENT = 4
# the full-width colon, comma, equals sign, parentheses, semicolon and bar of Chinese text
_WIDE = str.maketrans("\uff1a\uff0c\uff1d\uff08\uff09\uff1b\uff5c", ":,=();|")
_DIGITS = str.maketrans("123456789", "000000000")
_TAKEN = str.maketrans("", "", "\0\1")


@dataclass(slots=True)
class Kind:
    """A kind of line: its plan and the numbers that the plan needs."""

    plan: LinePlan
    wanted: tuple[int, ...]
    skeleton: str
    met: int = 0


class Kinds:
    """The kinds of line of one log."""

    def __init__(self, decimal_comma: bool = False, numbered: bool = False) -> None:
        self.decimal_comma = decimal_comma
        self.numbered = numbered
        self._known: dict[str, Kind | None] = {}
        self._boring: set[str] = set()
        self._patterns: list[tuple[re.Pattern[str], Kind]] = []

    @property
    def front(self) -> tuple[re.Pattern[str], Kind] | None:
        """The pattern of the kind of line that came last, if it is frequent."""
        return self._patterns[0] if self._patterns else None

    def read(self, text: str) -> tuple[LinePlan, list[float | None], Sequence[str]] | None:
        """A line's plan, the values of its numbers and how they are written; None for nothing.

        `text` is one line without its end and without terminal control sequences.
        """
        text = with_even_bars(text)
        if not text.isascii():
            text = text.translate(_WIDE)
        for at, (form, kind) in enumerate(self._patterns):
            found = form.fullmatch(text)
            if found is not None:
                if at:
                    # the kinds that come next stand in front
                    self._patterns.insert(0, self._patterns.pop(at))
                written: Sequence[str] = found.groups()
                return kind.plan, self._values(written), written
        # whether a line says anything does not depend on its digits
        alike = text.translate(_DIGITS)
        if alike in self._boring:
            return None
        if not interesting(text):
            if len(self._boring) >= _REMEMBERED:
                self._boring.clear()
            self._boring.add(alike)
            return None
        return self._split(text)

    def _split(self, text: str) -> tuple[LinePlan, list[float | None], Sequence[str]] | None:
        text = text[:MAX_TEXT].translate(_TAKEN)
        skeleton, numbers = split(text, self.decimal_comma)
        if skeleton in self._known:
            kind = self._known[skeleton]
        else:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            plan, wanted = compact(understand(skeleton, self.numbered))
            kind = None if plan.is_empty else Kind(plan, wanted, skeleton)
            self._known[skeleton] = kind
        if kind is None:
            return None
        kind.met += 1
        if kind.met == _FREQUENT and len(text) < MAX_TEXT:
            self._make_pattern(kind)
        written = [numbers[at] for at in kind.wanted]
        return kind.plan, self._values(written), written

    def _make_pattern(self, kind: Kind) -> None:
        made = pattern(kind.skeleton, frozenset(kind.wanted))
        if made is not None:
            self._patterns.insert(0, (made, kind))
            del self._patterns[_PATTERNS:]

    def _values(self, written: Sequence[str]) -> list[float | None]:
        try:
            return [float(text) for text in written]
        except ValueError:
            comma = self.decimal_comma
            return [separated(text, comma) for text in written]
