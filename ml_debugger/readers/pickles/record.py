"""What was met while the pickles of one file were followed, and how much may still be looked at."""

from __future__ import annotations

from collections import defaultdict

from ml_debugger.artifacts import EmbeddedCode, PickleCall, PickleImport

MAX_OPCODES = 2_000_000
"""Opcodes followed in one file: some five seconds. Measured on two cores of 2026."""

MAX_UNPACKED = 2 << 30
"""Bytes unpacked in one file, over all its members: some seven seconds of deflate."""

MAX_PARTS = 50_000
"""Members looked at in one file, nested ones included."""

MAX_DEPTH = 6
"""Archives inside archives."""

MAX_IMPORTS = 5_000
_MAX_WAYS = 64
_MAX_CALLS = 10_000
_CONTENT_FIRST = frozenset({"_codecs.encode"})
"""Called once for each piece of content, which stands in the first argument."""


class SpentError(Exception):
    """The budget of a file is spent; the text says of what."""


class Record:
    """Imports and calls of a file, each once, and the budget that following it may spend."""

    def __init__(self) -> None:
        self.pickles = 0
        self.objects = False
        self.code: list[EmbeddedCode] = []
        self.unread: dict[str, None] = {}
        self.repeated: set[str] = set()
        self._imports: dict[tuple[str, bool], PickleImport] = {}
        self._calls: dict[str, dict[tuple[object, ...], PickleCall]] = defaultdict(dict)
        self._kept = 0
        self._opcodes = MAX_OPCODES
        self._bytes = MAX_UNPACKED
        self._parts = MAX_PARTS

    @property
    def imports(self) -> tuple[PickleImport, ...]:
        """What would be imported, in the order of the file."""
        return tuple(self._imports.values())

    @property
    def calls(self) -> tuple[PickleCall, ...]:
        """What would be called, grouped by callee."""
        return tuple(call for ways in self._calls.values() for call in ways.values())

    def imported(self, found: PickleImport) -> None:
        """Remember an import."""
        key = (found.name, found.computed)
        if key not in self._imports and len(self._imports) >= MAX_IMPORTS:
            self.left_out(found.member, f"imports more than {MAX_IMPORTS:,} names")
            return
        self._imports.setdefault(key, found)

    def called(self, found: PickleCall) -> None:
        """Remember a call, each way of calling once."""
        content = found.callee in _CONTENT_FIRST
        told = found.arguments[1:] if content else found.arguments
        ways = self._calls[found.callee]
        key = (told, found.computed, found.kind)
        if key in ways:
            return
        if len(ways) >= _MAX_WAYS or self._kept >= _MAX_CALLS:
            self.repeated.add(found.callee)
            return
        ways[key] = found
        self._kept += 1

    def carries(self, code: EmbeddedCode) -> None:
        """Remember code that the file carries."""
        if len(self.code) < MAX_IMPORTS:
            self.code.append(code)
        else:
            self.left_out(code.member, f"carries more than {MAX_IMPORTS:,} pieces of code")

    def left_out(self, member: str | None, reason: str) -> None:
        """Remember what was not looked at."""
        if len(self.unread) < 50:
            self.unread[f"{member}: {reason}" if member else reason] = None

    def spend_opcode(self) -> None:
        """Count one opcode. Raises SpentError."""
        self._opcodes -= 1
        if self._opcodes < 0:
            raise SpentError(f"only its first {MAX_OPCODES:,} opcodes were followed")

    def spend_bytes(self, count: int) -> None:
        """Count unpacked bytes. Raises SpentError."""
        self._bytes -= count
        if self._bytes < 0:
            raise SpentError(f"only {MAX_UNPACKED >> 30} GiB of it were unpacked")

    def spend_part(self) -> None:
        """Count one member. Raises SpentError."""
        self._parts -= 1
        if self._parts < 0:
            raise SpentError(f"only its first {MAX_PARTS:,} members were looked at")

    @classmethod
    def beside(cls, other: Record) -> Record:
        """An empty record that may spend what is left of another."""
        record = cls()
        record._opcodes, record._bytes, record._parts = other._opcodes, other._bytes, other._parts
        return record

    def take_over(self, other: Record) -> None:
        """Take in what was met beside."""
        for found in other.imports:
            self.imported(found)
        for call in other.calls:
            self.called(call)
        for code in other.code:
            self.carries(code)
        self.repeated |= other.repeated
        self.unread.update(other.unread)
        self._opcodes, self._bytes = other._opcodes, other._bytes
