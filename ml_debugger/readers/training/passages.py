"""Collects the passages of a log that speak of trouble while its text streams by, and its end."""

from __future__ import annotations

import re
from dataclasses import replace

from ml_debugger.artifacts import Passage
from ml_debugger.readers.training import tracebacks
from ml_debugger.readers.training.time_stamps import TimeStamps, stamp_of
from ml_debugger.readers.training.trouble import (
    METRIC,
    WORDS,
    after_bar,
    cleaned,
    is_bar,
    is_levelled,
    kind,
)

MAX_PASSAGES = 300
TAIL = 120
_TAIL_TEXT = 64 << 10
_WINDOW = 64 << 10
_REST = 1 << 20
# close looks in one piece: a log that is nothing but errors need not be parsed line by line
_LOOKS = 2_000
# lines that differ in numbers only are looked at once
_SHAPE = 200
_SHAPES = 2_000
_TO_LINES = bytes.maketrans(b"\r", b"\n")
_NUMBERS = re.compile(r"0x[0-9a-fA-F]+|\d+")

Key = tuple[str, int | None, str]
"""What equal passages have in common: the kind, the rank and the text without its numbers."""


class Passages:
    """Takes the text of a log piece by piece; `finish` gives what was found."""

    def __init__(self) -> None:
        self.lines = 0
        self.complete = True
        self.times = TimeStamps()
        self._found: dict[Key, Passage] = {}
        self._shapes: dict[str, Key | None] = {}
        self._rest = ""
        self._past = ""
        self._past_lines = 0
        self._above = ""

    def take(self, piece: str) -> None:
        """The next piece of the text."""
        text = self._rest + piece if self._rest else piece
        cut = text.rfind("\n") + 1
        if not cut and len(text) > _REST:
            # a progress bar of megabytes: what it overwrote is gone for a person too
            cut = text.rfind("\r") + 1 or len(text)
        self._rest = text[cut:]
        if cut:
            left = self._scan(text[:cut], final=False)
            if left is not None:
                self._rest = left + self._rest

    def finish(self) -> tuple[Passage, ...]:
        """The passages in the order of the log; call it once, after the last piece."""
        if self._rest:
            self.complete = self._rest.endswith(("\n", "\r"))
            self._scan(self._rest, final=True)
            self.lines += not self._rest.endswith("\n")
            self._rest = ""
        return tuple(sorted(self._found.values(), key=lambda passage: passage.line))

    def tail(self) -> list[tuple[int, str]]:
        """The last lines that are not blank, with their numbers."""
        texts = self._past.split("\n")
        first = self._past_lines
        found = [
            (first + offset, text[:500])
            for offset, raw in enumerate(texts)
            if (text := cleaned(raw)).strip()
        ]
        return found[-TAIL:]

    def _scan(self, text: str, *, final: bool) -> str | None:
        """Look through whole lines; returns the beginning of a passage whose end is not there."""
        first = self.lines + 1
        starts = _line_starts(text)
        consumed = counted = 0
        number = first
        left: str | None = None
        for start in starts:
            if start < consumed:
                continue
            number += text.count("\n", counted, start)
            counted = start
            end = text.find("\n", start)
            end = len(text) if end < 0 else end
            # what a bar overwrote on the same line is of no interest
            from_here = max(start, text.rfind("\r", start, end - 1) + 1 if end > start else start)
            shape = _NUMBERS.sub("0", text[from_here : min(end, from_here + _SHAPE)])
            if self._again(shape, number):
                consumed = end
                continue
            line = cleaned(text[from_here:end])
            said = after_bar(line) if is_bar(line) else line
            if tracebacks.opens(said):
                raw = text[from_here : from_here + _WINDOW].removesuffix("\n").split("\n")
                taken = tracebacks.take(raw, self._line_above(text, start))
                cut_off = not taken.whole and from_here + _WINDOW >= len(text)
                if cut_off and not final and len(text) - start < _WINDOW:
                    left = text[start:]
                    break
                self._keep_traceback(taken, number, line)
                own = taken.rank is None
                consumed = from_here + len("\n".join(raw[: taken.span])) if own else end
            else:
                self._take_line(said, number, shape)
                consumed = end
        seen = text if left is None else text[: len(text) - len(left)]
        self._pass(seen, first)
        return left

    def _take_line(self, said: str, number: int, shape: str) -> None:
        """A line by itself: kept where it tells of an error or of an end."""
        found = kind(said)
        rank = tracebacks.rank_of(said)
        key = None
        if found is not None:
            passage = Passage(
                number,
                found,
                (said.strip()[: tracebacks.MAX_TEXT],),
                rank=rank,
                time=stamp_of(said),
                last=number,
                logged=is_levelled(said),
            )
            key = self._keep(passage)
        if rank is None and len(self._shapes) < _SHAPES:
            self._shapes[shape] = key

    def _again(self, shape: str, number: int) -> bool:
        """Count a line whose like was looked at before; false for a new one."""
        if shape not in self._shapes:
            return False
        key = self._shapes[shape]
        if key is None:
            return True
        known = self._found.pop(key, None)
        if known is None:
            return False
        self._found[key] = replace(known, count=known.count + 1, last=number)
        return True

    def _pass(self, seen: str, first: int) -> None:
        """Note what has gone by: times, the number of lines, the end of the text."""
        self.times.take(seen, first)
        count = seen.count("\n")
        self.lines += count
        past = self._past + seen if len(seen) < _TAIL_TEXT else seen
        if len(past) > 2 * _TAIL_TEXT:
            past = past[-_TAIL_TEXT:]
        self._past = past
        self._past_lines = self.lines + 1 - past.count("\n")
        self._above = seen[seen.rfind("\n", 0, -1) + 1 :][:500] if seen else self._above

    def _line_above(self, text: str, start: int) -> str:
        if start == 0:
            return self._above
        begin = text.rfind("\n", 0, start - 1) + 1
        return text[begin : min(start, begin + 500)]

    def _keep_traceback(self, taken: tracebacks.Taken, number: int, line: str) -> None:
        passage = Passage(
            number,
            "traceback",
            taken.lines,
            rank=taken.rank,
            time=stamp_of(line),
            last=number + taken.span - 1,
            logged=taken.logged,
        )
        self._keep(passage)

    def _keep(self, passage: Passage) -> Key:
        told = (
            passage.lines if len(passage.lines) < 5 else (*passage.lines[:2], *passage.lines[-3:])
        )
        key = (passage.kind, passage.rank, _NUMBERS.sub("0", "\n".join(told)))
        known = self._found.pop(key, None)
        if known is not None:
            passage = replace(known, count=known.count + 1, last=passage.last)
        elif len(self._found) >= MAX_PASSAGES:
            # the beginning and what came last tell most
            del self._found[list(self._found)[MAX_PASSAGES // 3]]
        self._found[key] = passage
        return key


def _words_of(text: str) -> list[str]:
    """Which of the words the text holds at all.

    Lines of a log differ mostly in their numbers: without these few different ones are left, and
    only they are searched.
    """
    shapes = set(
        text.encode(errors="replace").translate(_TO_LINES, b"0123456789.,:+-").split(b"\n")
    )
    lean = b"\n".join(shapes)
    return [word for word in WORDS if word.encode() in lean]


def _line_starts(text: str) -> list[int]:
    """Where the lines begin that hold one of the words."""
    starts: set[int] = set()
    for word in _words_of(text):
        at = text.find(word)
        while at >= 0:
            if word == "rror" and METRIC.match(text, at):
                at = text.find(word, at + 4)
                continue
            starts.add(text.rfind("\n", 0, at) + 1)
            end = text.find("\n", at)
            if end < 0:
                break
            at = text.find(word, end)
    ordered = sorted(starts)
    if len(ordered) > _LOOKS:
        half = _LOOKS // 2
        ordered = ordered[:half] + ordered[-half:]
    return ordered
