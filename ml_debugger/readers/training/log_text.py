"""Logs without metrics: of applications, of schedulers, of crashes; known by what they say.

The last of the readers of text. A text is a log when its beginning or its end is written by
loggers, by progress bars, by a scheduler, or is a traceback, and it is neither source code nor a
document that quotes one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ml_debugger.artifacts import LogText
from ml_debugger.readers.head import HEAD_BYTES, Head
from ml_debugger.readers.reader import Reader, Reading
from ml_debugger.readers.training import tracebacks
from ml_debugger.readers.training.birth import written_at
from ml_debugger.readers.training.stream import Stream
from ml_debugger.readers.training.time_stamps import stamp_of
from ml_debugger.readers.training.trouble import cleaned, is_bar, is_levelled, kind

FORMAT = "log text"

_NAMES = frozenset({".log", ".err", ".out", ".txt", ".stderr", ".stdout", ".journal", ".trace", ""})
_ENOUGH = 3
_NEAR_END = 15
_LEVEL = re.compile(
    r"(?:^|[\s\[\]|(<:-])(?:DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL|SUCCESS|OK)"
    r"(?=$|[\s\]|:>)])|\[(?:Info|Warning|Error|Fatal|Debug)\]"
)
_WARNING = re.compile(r"^\S+\.py:\d+: \w*Warning: |^\s+warnings\.warn\(|^wandb: |^W\d{4} |^I\d{4} ")
_CODE = re.compile(
    r"^\s*(?:import \w|from \w[\w.]* import|def \w+\(|class \w+[(:]|#include|function \w|const \w|"
    r"let \w|if __name__|@\w+\s*$|<\w+[ >]|</\w+>|\"\"\"|#!/)"
)
_DOCUMENT = re.compile(r"^(?:#{1,6} \S|```|~~~|[-*] \[|!\[|={4,}$|\.\. \w+::|\|\s*:?-{3,})")
_COMMON = re.compile(r"\b(?:the|is|are|you|we|this|that|and|to|of|if|in|it|with|for|not|be)\b")


def recognise(head: Head) -> str | None:
    """The format's name for the text of a log."""
    if head.encoding is None or head.suffix not in _NAMES or not head.text.strip():
        return None
    if head.text.startswith(("#!", "%!", "<")):
        return None
    if _looks_like_log(head.text.splitlines()):
        return FORMAT
    end = _end_of(head)
    return FORMAT if end is not None and _looks_like_log(end) else None


def read(head: Head, form: str) -> Reading:
    """The log's passages and its end."""
    stream = Stream(head, listen=True)
    for _ in stream.pieces():
        pass
    return Reading([text_of(head, form, stream)], stream.problem)


def with_text(reading: Reading, head: Head, form: str, stream: Stream) -> Reading:
    """A reading of runs with the text of their log beside them."""
    return replace(reading, artifacts=[*reading.artifacts, text_of(head, form, stream)])


def text_of(head: Head, form: str, stream: Stream) -> LogText:
    """The text of a log whose stream was read to its end, listening."""
    heard = stream.passages
    if heard is None:
        raise ValueError("the stream did not listen")
    passages = heard.finish()
    tail = heard.tail()
    times = heard.times
    last = next((when for _, text in reversed(tail) if (when := stamp_of(text))), times.last)
    if times.last is not None and last is not None and last.tzinfo == times.last.tzinfo:
        last = max(last, times.last)
    return LogText(
        head.shown,
        head.shown,
        form,
        heard.lines,
        passages,
        tuple(text for _, text in tail),
        times.first,
        last,
        times.intervals,
        written_at(head),
        heard.complete,
        tail_lines=tuple(number for number, _ in tail),
        pauses=times.pauses,
    )


def _looks_like_log(lines: Sequence[str]) -> bool:
    filled = stamped = levelled = bars = code = document = prose = inside = 0
    traceback = False
    frames = 0
    ended = 0
    for raw in lines:
        text = cleaned(raw)
        if not text.strip():
            continue
        filled += 1
        if tracebacks.opens(text):
            traceback = True
            inside += 1
        elif re.match(r"^.{0,60}\s*File \"[^\"]+\", line \d+", text):
            frames += 1
            inside += 1
        elif frames and text.startswith("    "):
            inside += 1
        elif is_bar(text):
            bars += 1
        elif _words_behind_stamp(text):
            stamped += 1
            levelled += _LEVEL.search(text[:120]) is not None
        elif is_levelled(text) or _WARNING.match(text) or _LEVEL.search(text[:40]):
            levelled += 1
        elif _CODE.match(text):
            code += 1
        elif _DOCUMENT.match(text):
            document += 1
        elif kind(text) == "end":
            ended = filled
        elif _is_prose(text):
            prose += 1
    written = stamped + levelled + bars + inside
    if not filled or (code >= 3 and code > filled * 0.02):
        return False
    if document >= 2 and document > stamped + levelled:
        return False
    if prose > 0.3 * filled and written < 0.6 * filled:
        return False
    if ended and ended > filled - _NEAR_END:
        return True
    if stamped >= _ENOUGH or levelled >= _ENOUGH or bars:
        return written >= 0.1 * filled
    if traceback and frames:
        # a message to a person that quotes a traceback is mostly about something else
        return prose <= 1 or prose < 0.1 * filled
    return False


def _is_prose(text: str) -> bool:
    """A line of running text, as documents have and logs have not."""
    return len(_COMMON.findall(text.lower())) >= 2 and len(text.split()) >= 6


def _words_behind_stamp(text: str) -> bool:
    """A time stamp near the beginning with words behind it: no row of a table."""
    if stamp_of(text[:60]) is None:
        return False
    rest = text[8:200]
    return len(re.findall(r"[^\W\d_]{2,}", rest)) >= 2 and rest.count(",") < 6


def _end_of(head: Head) -> list[str] | None:
    """The last lines of a file that is longer than its head."""
    if head.gzipped or head.size <= HEAD_BYTES or head.encoding is None:
        return None
    with head.file.open("rb") as stream:
        stream.seek(max(0, head.size - HEAD_BYTES))
        raw = stream.read(HEAD_BYTES)
    if raw.count(0) > len(raw) // 100 and head.encoding != "utf-16":
        return None
    return raw.decode(head.encoding, errors="replace").splitlines()[1:]


READER = Reader("log-text", recognise, read)
