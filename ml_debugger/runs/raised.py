"""What a traceback says: the exception, its message, and the line of the user's own code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from ml_debugger.artifacts import Passage

_FRAME = re.compile(
    r'^\s*(?:\|\s*)*>?\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:,? in (?P<where>.+))?'
)
_RICH = re.compile(r"^\s*[│┃]\s*(?P<file>\S+\.py):(?P<line>\d+) in (?P<where>[\w<>.]+)")
_IPYTHON = re.compile(
    r"^(?:File )?(?P<file>[~/\w][^\s:]*\.py):(?P<line>\d+), in (?P<where>[\w<>.]+)|"
    r"^(?:(?P<notebook>(?:Cell |Input )?In ?\[\d+\])|(?P<cell><ipython-input-[^>]+>)|"
    r"(?P<plain>[~/]\S+\.py)) in (?P<function>[\w<>.]+)|"
    r"^(?P<new>Cell In\[\d+\]), line (?P<new_line>\d+)"
)
_ARROW = re.compile(r"^-+> ?(\d+)\b")
_JVM = re.compile(r"^\s+at (?P<where>[\w.$<>]+)\((?P<file>\w+\.\w+):(?P<line>\d+)\)")
_PANIC = re.compile(r"panicked at (?:'[^']*', )?(?P<file>[\w./-]+\.rs):(?P<line>\d+)")
_JULIA = re.compile(
    r"^\s*@ (?:\w+ )?(?P<file>[^\s:]+\.jl):(?P<line>\d+)|"
    r"^in expression starting at (?P<start>[^\s:]+\.jl):(?P<start_line>\d+)"
)
_EXCEPTION = re.compile(
    r"^(?P<name>(?:[\w<>]+\.)*[A-Za-z_<][\w<>]*)(?:\[\w+\])?(?::\s*(?P<message>.*))?$", re.DOTALL
)
_GROUP = re.compile(r"^\s+(?:\| ?)+|^\s+\+(?:-\+)?-+ .*$")
_SINGLE = frozenset({"Exception", "Warning", "Interrupt", "Empty", "Full", "Timeout", "Abort"})
_BLOCK = re.compile(
    r"During handling of the above|direct cause of the following|^Original Traceback|"
    r"^(?:\w+: )?Traceback \(most recent"
)
_LIBRARY = re.compile(
    r"site-packages|dist-packages|[/\\]lib(?:64)?[/\\]python\d|[/\\]Lib[/\\]|^<|"
    r"[/\\](?:ana|mini)conda\d?[/\\](?!.*envs[/\\][^/\\]+[/\\](?!lib|bin))|[/\\]bin[/\\][\w-]+$|"
    r"^/(?:usr|opt/python|cvmfs)/|[/\\]multiprocessing[/\\]|^runpy|_pytest|[/\\]bazel-"
)


@dataclass(frozen=True, slots=True)
class Frame:
    """A place in the code: file, line and function; `own` when it is no library's."""

    file: str
    line: int | None
    where: str | None
    own: bool

    @property
    def short(self) -> str:
        """The file's name with its line."""
        name = PurePosixPath(self.file.replace("\\", "/")).name or self.file
        return f"{name}:{self.line}" if self.line is not None else name


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception, its message and the frame to look at first, None where there is none."""

    exception: str
    message: str
    frame: Frame | None

    @property
    def brief(self) -> str:
        """Exception and message in at most 90 characters."""
        name = self.exception.rpartition(".")[2] or self.exception
        text = f"{name}: {self.message}" if self.message else name
        return text if len(text) <= 90 else text[:87] + "..."


def raised(passage: Passage) -> Raised:
    """What the passage tells of an exception; of other passages the first line is the message."""
    lines = tuple(_GROUP.sub("", text) for text in passage.lines)
    blocks = _blocks(lines)
    frames = [list(_frames(block)) for block in blocks]
    frame = None
    for found in reversed(frames):
        own = [one for one in found if one.own]
        if own:
            # a fault handler writes the innermost call first
            frame = own[0] if _innermost_first(lines) else own[-1]
            break
    if frame is None:
        every = [one for found in frames for one in found]
        frame = every[-1] if every else None
    name, message = _exception(lines)
    if passage.kind == "error" and not name:
        named = _EXCEPTION.match(passage.lines[0].strip(" *>!-"))
        if named is not None and named["message"] and _is_exception(named["name"]):
            name, message = named["name"], named["message"]
    return Raised(name, message, frame)


def _blocks(lines: tuple[str, ...]) -> list[list[str]]:
    blocks: list[list[str]] = [[]]
    for text in lines:
        if _BLOCK.search(text) and blocks[-1]:
            blocks.append([])
        blocks[-1].append(text)
    return blocks


def _frames(lines: list[str]) -> Iterator[Frame]:
    for at, text in enumerate(lines):
        found = next((m for p in (_FRAME, _RICH, _JVM, _PANIC) if (m := p.search(text))), None)
        if found is not None:
            parts = found.groupdict()
            where = (parts.get("where") or "").strip() or None
            yield _frame(parts["file"], int(parts["line"]), where)
            continue
        ipython = _IPYTHON.match(text)
        if ipython is not None:
            parts = ipython.groupdict()
            file = next(parts[k] for k in ("file", "notebook", "cell", "plain", "new") if parts[k])
            number = parts["line"] or parts["new_line"] or _arrow(lines[at + 1 :])
            where = parts["where"] or parts["function"]
            notebook = not parts["file"] and not parts["plain"]
            line = int(number) if number else None
            yield Frame(file, line, where, True) if notebook else _frame(file, line or 0, where)
            continue
        julia = _JULIA.search(text)
        if julia is not None:
            file, number = (julia["file"], julia["line"]) if julia["file"] else julia.group(3, 4)
            yield _frame(file, int(number), None)


def _frame(file: str, line: int, where: str | None) -> Frame:
    return Frame(file, line, where, _LIBRARY.search(file) is None)


def _arrow(lines: list[str]) -> str | None:
    for text in lines[:12]:
        if found := _ARROW.match(text):
            return found.group(1)
    return None


def _innermost_first(lines: tuple[str, ...]) -> bool:
    return any("most recent call first" in text for text in lines[:8])


def _exception(lines: tuple[str, ...]) -> tuple[str, str]:
    """The last line at the margin that names an exception, with what follows it."""
    if lines[0].startswith("Fatal Python error"):
        return "Fatal Python error", lines[0].partition(": ")[2]
    if lines[0].startswith("terminate called"):
        told = next((t.partition("what():")[2].strip() for t in lines if "what():" in t), "")
        kind = re.search(r"instance of '([^']+)'", lines[0])
        return (kind.group(1) if kind else "terminate"), told
    if lines[0].startswith(('Exception in thread "', "ERROR: LoadError", "Error in ", "thread '")):
        return _foreign(lines)
    for at in range(len(lines) - 1, 0, -1):
        text = lines[at]
        if text[:1].isspace() or text[:1] in "│╰╭|-=[>" or text.startswith(("File ", "Traceback")):
            continue
        found = _EXCEPTION.match(text)
        if found is None or not _is_exception(found["name"]):
            continue
        message = found["message"] or ""
        if not message and at + 1 < len(lines):
            message = lines[at + 1].strip("=- ")
        return found["name"], " ".join(message.split())
    return "", " ".join(lines[-1].split()) if len(lines) < 3 else ""


def _is_exception(name: str) -> bool:
    last = name.rpartition(".")[2]
    if last.lower() in ("hint", "node", "note", "failures", "error"):
        return False
    return "." in name or "rror" in last or len(re.findall("[A-Z]", last)) > 1 or last in _SINGLE


def _foreign(lines: tuple[str, ...]) -> tuple[str, str]:
    """The exception of another language's error report."""
    first = lines[0]
    if first.startswith("Exception in thread"):
        caused = [text for text in lines if text.startswith("Caused by: ")]
        text = caused[-1].removeprefix("Caused by: ") if caused else first.split('" ', 1)[-1]
        name, _, message = text.partition(": ")
        return name, message
    if first.startswith("ERROR: LoadError"):
        name, _, message = first.removeprefix("ERROR: LoadError: ").partition(": ")
        return name, message
    if first.startswith("thread '"):
        quoted = re.search(r"panicked at '([^']*)'", first)
        return "panic", quoted.group(1) if quoted else " ".join(lines[1:2])
    where, _, message = first.partition(" : ")
    return "R error", message.strip() or (lines[1].strip() if len(lines) > 1 else where)
