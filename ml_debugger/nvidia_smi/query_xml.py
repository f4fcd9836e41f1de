"""The XML of `nvidia-smi -q -x`, one document or many in a row; no entity is ever expanded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from xml.parsers import expat

from ml_debugger.artifacts import GpuSnapshot
from ml_debugger.nvidia_smi.document import Document
from ml_debugger.nvidia_smi.labels import XML
from ml_debugger.nvidia_smi.messages import Message, message_of

FORM = "nvidia-smi -q -x"
ROOT = "nvidia_smi_log"
MAX_DOCUMENT = 32 << 20
"""Characters of one document: eight cards with all their clocks take less than one million."""

_START = re.compile(rf"<\?xml|<!DOCTYPE|<{ROOT}")
_DEEPEST = 32
_LONGEST = 4096


class XmlRefused(ValueError):
    """The XML is damaged or unsafe. `snapshot` holds what stood before that, None for nothing."""

    def __init__(self, problem: str, line: int | None, snapshot: GpuSnapshot | None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line
        self.snapshot = snapshot


def snapshots(lines: Iterable[str], shown: str | None) -> Iterator[GpuSnapshot]:
    """The snapshot of each document; raises XmlRefused at the first that cannot be read."""
    parser: _Parser | None = None
    messages: list[Message] = []
    for number, line in enumerate(lines, 1):
        rest: str | None = line
        while rest:
            if parser is None:
                start = _START.search(rest)
                if start is None:
                    messages += filter(None, [message_of(rest)])
                    break
                parser, rest = _Parser(shown, number), rest[start.start() :]
            rest = parser.feed(rest)
            if rest is not None:
                parser.document.messages, messages = messages, []
                yield parser.document.snapshot(shown)
                parser = None
    if parser is not None:
        parser.end()


class _Parser:
    """One document, fed line by line."""

    def __init__(self, shown: str | None, line: int) -> None:
        self.document = Document(FORM, XML)
        self._shown = shown
        self._line = line
        self._path: list[str] = []
        self._text: list[str] = []
        self._size = 0
        self._fed = False
        self._expat = expat.ParserCreate("utf-8")
        self._expat.StartElementHandler = self._open
        self._expat.EndElementHandler = self._close
        self._expat.CharacterDataHandler = self._say
        self._expat.EntityDeclHandler = self._entity

    def feed(self, line: str) -> str | None:
        """Take a line; what follows the end of the document, None while it goes on."""
        end = line.find(f"</{ROOT}>")
        part = line if end < 0 else line[: end + len(ROOT) + 3]
        self._size += len(part)
        if self._size > MAX_DOCUMENT:
            raise self._refused(f"holds more than {MAX_DOCUMENT:,} characters in one document")
        self._parse(f"\n{part}" if self._fed else part, final=end >= 0)
        self._fed = True
        return None if end < 0 else line[len(part) :]

    def end(self) -> None:
        """The file ends before the document does."""
        self._parse("", final=True)

    def _parse(self, text: str, *, final: bool) -> None:
        try:
            self._expat.Parse(text.encode("utf-8", "replace"), final)
        except expat.ExpatError as error:
            raise self._refused(f"is no whole XML: {expat.ErrorString(error.code)}") from error

    def _refused(self, problem: str) -> XmlRefused:
        held = self.document.cards or self.document.header
        kept = self.document.snapshot(self._shown) if held else None
        return XmlRefused(problem, self._line + self._expat.CurrentLineNumber - 1, kept)

    def _entity(self, name: str, *_declared: object) -> None:
        raise self._refused(f"declares the entity {name[:40]!r}, and no entity is expanded")

    def _open(self, tag: str, attributes: dict[str, str]) -> None:
        self._text.clear()
        if len(self._path) >= _DEEPEST:
            raise self._refused(f"nests more than {_DEEPEST} elements")
        self._path.append(tag)
        if self._path == [ROOT, "gpu"]:
            self.document.open_card(attributes.get("id", ""))
        elif len(self._path) > 2 and self._path[1] == "gpu":
            self.document.section(tuple(self._path[2:]))

    def _say(self, text: str) -> None:
        if len(self._text) < _LONGEST:
            self._text.append(text)

    def _close(self, tag: str) -> None:
        value = "".join(self._text).strip()[:_LONGEST]
        self._text.clear()
        path = tuple(self._path)
        self._path.pop()
        if not value:
            return
        if len(path) == 2 and path[0] == ROOT:
            self.document.header[tag.replace("_", " ")] = value
        elif len(path) > 2 and path[:2] == (ROOT, "gpu"):
            self.document.leaf(path[2:], value)
