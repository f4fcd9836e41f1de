"""A text log as text: where it speaks of trouble, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ml_debugger.artifacts.base import Artifact, Written


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a log that belongs together: a traceback with its last line, an error line.

    `line` is the 1-based number of its first line. `lines` is its text without log prefixes,
    bounded in number and length. `kind` is "traceback", "error" (a line that tells of an error)
    or "end" (what a shell or a scheduler writes when a process ended). `count` is how often the
    same passage, numbers aside, stood in the log; `rank` the process that wrote it where the log
    says so. `time` is its time stamp. `last` is the line on which its last occurrence ended, None
    for its own end. `logged` is true where a logger wrote it: a level or a time stamp stands
    before it. `ended` is true where the log itself says that a run ended with it, as the row of a
    table of runs does.
    """

    line: int
    kind: str
    lines: tuple[str, ...]
    count: int = 1
    rank: int | None = None
    time: datetime | None = None
    last: int | None = None
    logged: bool = False
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """A long interval between two records: `seconds` from `start`, after the record at `line`."""

    seconds: float
    line: int
    start: datetime


@dataclass(frozen=True, eq=False)
class LogText(Artifact):
    """The text of a log, streamed once: the passages that matter and its end.

    `lines` is how many it has. `tail` are the last of them that are not blank, at most 120,
    `tail_lines` their 1-based numbers; of a progress bar only its last state.
    `first_time` and `last_time` are its first and last time stamps (UTC where it says a zone,
    else as written); `intervals` holds the seconds between records that carry time stamps, at
    most 1,000 of them, evenly thinned; `pauses` are the longest of them, the longest first.
    `written` says when the file was written. `complete` is false where its last line was cut off.
    `running` is true where the process that writes it is known to go on while it is judged.
    """

    format: str
    lines: int
    passages: tuple[Passage, ...] = ()
    tail: tuple[str, ...] = ()
    first_time: datetime | None = None
    last_time: datetime | None = None
    intervals: tuple[float, ...] = ()
    written: Written | None = None
    complete: bool = True
    details: Mapping[str, str] = field(default_factory=dict)
    running: bool = False
    tail_lines: tuple[int, ...] = ()
    pauses: tuple[Pause, ...] = ()
