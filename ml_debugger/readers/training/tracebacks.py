"""Tracebacks and their kin in a log: where one ends, and its text without what others wrote."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ml_debugger.readers.training.trouble import after_bar, cleaned, is_bar

MAX_LINES = 80
MAX_TEXT = 400
_MAX_FOREIGN = 400
_MAX_MESSAGE = 40

_HEAD = "Traceback (most recent call last)"
_OPENS = re.compile(
    r"Traceback \(most recent call last\)|^terminate called |^Fatal Python error: |"
    r"^Exception in thread \"|^ERROR: LoadError: |thread '[^']*' (?:\(\d+\) )?panicked at|"
    r"^Error in .+ ?: ?$|^Error in .{1,60} : |^Error: .*|^Uncaught exception|"
    r"^(?:[A-Z]\w+, )?EXCEPTION: "
)
_CHAIN = re.compile(
    r"During handling of the above exception, another|"
    r"The above exception was the direct cause of|^Original Traceback \(|^Caused by: "
)
_INSIDE = re.compile(
    r"^\s|^(?:> ?)?File [\"~/<]|^[│╭╰┃┏┗❱├└╎|]|^-{4,}|^<ipython-input|^(?:Cell )?In ?\[|^Input In|"
    r"^(?:~?/|[A-Za-z]:\\)\S+\.py in |^\[Previous line|^(?:Current thread|Thread) 0x|"
    r"^\.{3}|^Stacktrace:|^in expression starting|^\[\d+\] |^note: |^Calls: |^Execution halted|"
    r"^ray::"
)
_NAMED = re.compile(
    r"^(?:[\w<>]+\.)*[\w<>]*(?:Error|Exception|Exit|Interrupt|Warning|Timeout|Fault|Cancel\w*|"
    r"Stop\w*|Abort\w*|Failure|Failed|Invalid\w*|NotFound|Mismatch\w*|OutOf\w+|Empty|Full|Group)"
    r"(?:\[\w+\])?(?:$|:|\s*\()"
)
_OTHER_NAME = re.compile(r"^(?:[a-z_]\w*\.)+[A-Z]\w*(?:$|: )|^[A-Z][a-z0-9]+(?:[A-Z]\w+)+(?:$|: )")
_GOES_ON = re.compile(
    r"^\s+\S|^CUDA kernel errors|^For debugging consider|^Compile with|^Search for `|^Device-side|"
    r"^Exception raised from|^frame #|^- |^Stack trace|^Last error|^\[bt\]|^Detected at node|"
    r"^Node: |^Hint: |^=+$|^-{20,}$|^Failures:|^Root Cause|^\[\d+\]:|^what\(\): |^HINT|^Graph exec|"
    r"^OOM when|^Additional GRPC|^Did you|^\(\d+\) |^\d+ root error|^Caused by|^The above|"
    r"^The most common|^\[ERROR\]|^Missing key|^size mismatch|^Unexpected key|^Aborted!|"
    r"^\w+\.py FAILED"
)
_RANK = re.compile(
    r"\brank\s?[:=]?\s?(\d+)|^\[\d+,(\d+)\]|^(\d{1,4}): |\[(?:default|gpu|worker)\s?(\d+)\]", re.I
)
# what Python writes above a traceback that ends nothing
_OUTLIVED = re.compile(r"^Exception ignored in|^--- Logging error ---|^Exception in thread ")
_PREFIXED = re.compile(r"\d\d[:.]\d\d|ERROR|CRITICAL|Error|FATAL|WARN|\[[A-Z]\]|<std(?:err|out)>")


@dataclass(frozen=True, slots=True)
class Taken:
    """A passage taken from the lines: its cleaned text, how many lines it spans, whether its end
    was seen, the rank and whether a logger wrote it."""

    lines: tuple[str, ...]
    span: int
    whole: bool
    rank: int | None
    logged: bool


def opens(text: str) -> bool:
    """Whether a cleaned line begins a passage of several lines."""
    return _OPENS.search(text[:MAX_TEXT] if _HEAD not in text else _HEAD) is not None


def rank_of(text: str) -> int | None:
    """The rank that a line's prefix names."""
    found = _RANK.search(text[:60])
    return int(next(group for group in found.groups() if group)) if found else None


def take(raw: Sequence[str], before: str = "") -> Taken:
    """Take the passage that begins at the first line; `before` is the line above it."""
    prefix = _Prefix(cleaned(raw[0]), raw[1:3])
    kept = [prefix.rest]
    foreign = message = 0
    ended_at = 0
    inside = prefix.rest.startswith("Error") is False or prefix.header
    inside = inside and not prefix.rest.startswith("terminate called")
    whole = False
    at = 0
    for at in range(1, len(raw)):
        text = prefix.strip(cleaned(raw[at]))
        if text is None or (is_bar(text) and not text.startswith("│")):
            foreign += 1
            if foreign > _MAX_FOREIGN:
                whole = True
                break
            continue
        if not text.strip():
            if not inside and _chained_next(raw, at, prefix) is False:
                whole = True
                break
            continue
        if _CHAIN.search(text) or (_HEAD in text and (inside or kept[-1].startswith('"""'))):
            inside, message = True, 0
        elif inside and (_NAMED.match(text) or _OTHER_NAME.match(text)):
            inside, message, ended_at = False, 0, at
        elif inside and _INSIDE.match(text):
            pass
        elif inside:
            foreign += 1
            if foreign > 30:
                whole = True
                break
            continue
        elif _GOES_ON.match(text) and message < _MAX_MESSAGE:
            message += 1
            ended_at = at
        else:
            whole = True
            break
        kept.append(text.rstrip()[:MAX_TEXT])
        if inside:
            ended_at = at
    if _OUTLIVED.search(before):
        kept.insert(0, cleaned(before).strip()[:MAX_TEXT])
    logged = prefix.logged or _levelled_above(before)
    return Taken(_bounded(kept), ended_at + 1, whole, prefix.rank, logged)


def _chained_next(raw: Sequence[str], at: int, prefix: _Prefix) -> bool | None:
    """Whether the text goes on behind blank lines: a chained exception, a native stack.

    None where the lines at hand do not tell.
    """
    for line in raw[at + 1 : at + 4]:
        text = prefix.strip(cleaned(line))
        if text is not None and text.strip():
            return (
                _CHAIN.search(text) is not None
                or text.startswith(("Stack trace", "Detected at node", "Stacktrace", '"""', "OOM"))
                or _HEAD in text
            )
    return False if at + 4 <= len(raw) else None


def _bounded(lines: list[str]) -> tuple[str, ...]:
    """At most `MAX_LINES`: source lines go first, then the middle."""
    if len(lines) > MAX_LINES:
        short = [text for text in lines if not text.startswith("    ")]
        lines = short if len(short) > 2 else lines
    if len(lines) > MAX_LINES:
        lines = [*lines[: MAX_LINES // 4], "...", *lines[-(MAX_LINES * 3 // 4 - 1) :]]
    return tuple(lines)


def _levelled_above(before: str) -> bool:
    return (
        re.search(r"\b(?:ERROR|CRITICAL|FATAL|WARNING|EXCEPTION|INFO|DEBUG)\b", before) is not None
    )


class _Prefix:
    """What stands before every line of the passage: a time, a level, a rank."""

    def __init__(self, first: str, following: Sequence[str]) -> None:
        self.header = _HEAD in first
        self.rank = None
        self.logged = False
        self._pattern: re.Pattern[str] | None = None
        self._exact = ""
        start = first.find(_HEAD)
        written = after_bar(first[:start]) if start > 0 else ""
        boxed = "╭" in written or "┏" in written
        if start <= 0:
            self.rest = first.strip()[:MAX_TEXT]
            return
        self.rest = first[start:].strip()
        # IPython writes the exception's name before the words
        if re.match(r"^\w+(?:Error|Exception|Interrupt|Exit)?\s{3,}$", written):
            self.rest = f"{written.strip()}: {self.rest}"
            return
        if boxed:
            written = written[: min(i for i in map(written.find, "╭┏") if i >= 0)]
        if not written.strip() or written.strip() in (
            "Original",
            "Exception Group",
            "+ Exception Group",
        ):
            self._exact = written if not written.strip() else ""
            return
        self.rank = rank_of(written)
        self.logged = _PREFIXED.search(written) is not None
        pattern = re.compile(re.sub(r"\d+", r"\\d+", re.escape(written)).replace("\\\\d", "\\d"))
        if any(pattern.match(cleaned(line)) for line in following):
            self._pattern = pattern

    def strip(self, text: str) -> str | None:
        """The line without the prefix; None for a line that another process wrote."""
        if self._pattern is not None:
            found = self._pattern.match(text)
            if found is None or (self.rank is not None and rank_of(text) != self.rank):
                return None
            return text[found.end() :]
        if self._exact and text.startswith(self._exact):
            return text[len(self._exact) :]
        return text
