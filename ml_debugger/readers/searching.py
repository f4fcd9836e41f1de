"""Text files searched for secrets in one bounded pass; only the masked form is kept."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from typing import BinaryIO, cast

from ml_debugger.artifacts import (
    Artifact,
    BoosterModel,
    Checkpoint,
    FeatureTable,
    Positions,
    Predictions,
    PriceTable,
    SearchedText,
    SecretSpot,
)
from ml_debugger.artifacts.masking import masked
from ml_debugger.artifacts.secret_files import holds_secrets
from ml_debugger.artifacts.secret_forms import secrets_in
from ml_debugger.readers.head import Head

MAX_BYTES = 64 << 20
"""Bytes searched of one file: about three seconds. Measured on two cores of 2026."""

MAX_SPOTS = 100
_CHUNK = 1 << 20
_OVERLAP = 1 << 14
"""A secret that lies across two chunks; the longest is a private key of 16 KiB."""

_NUMBERS = (PriceTable, FeatureTable, Predictions, Positions, Checkpoint, BoosterModel)
"""What is made of files that hold numbers: they are not searched."""

_NESTED = frozenset({".ipynb", ".json", ".jsonl", ".ndjson"})
"""Text inside text: line ends and quotes are written with a backslash."""


def searched(head: Head, opened: Sequence[Artifact]) -> SearchedText | None:
    """Search a text file; None for binary content and for tables and models."""
    if head.encoding is None or any(isinstance(one, _NUMBERS) for one in opened):
        return None
    search = _Search(nested=head.suffix in _NESTED)
    wide = head.encoding.startswith("utf-16")
    try:
        with _open(head) as stream:
            while search.read < MAX_BYTES and (data := stream.read(_CHUNK)):
                # UTF-16 without its zero bytes is close enough to search
                search.take(data.replace(b"\0", b"") if wide else data, len(data))
    except (OSError, EOFError, zlib.error):
        # a cut archive ends here; the file's own reader says so
        search.cut = True
    spots = search.finish()
    whole = head.size if not head.gzipped else None if search.read >= MAX_BYTES else search.read
    return SearchedText(
        subject=head.shown,
        path=head.shown,
        spots=tuple(spots[:MAX_SPOTS]),
        bytes_read=search.read,
        size=None if search.cut else whole,
        meant=holds_secrets(head.file.name),
        more=max(0, len(spots) - MAX_SPOTS),
    )


def _open(head: Head) -> BinaryIO:
    return cast(BinaryIO, gzip.open(head.file)) if head.gzipped else head.file.open("rb")


class _Search:
    """Searches chunk by chunk; what a chunk ends with is searched again with the next."""

    def __init__(self, *, nested: bool) -> None:
        self.read = 0
        self.cut = False
        self._nested = nested
        self._kept = ""
        self._line = 1
        self._spots: dict[tuple[str, str], SecretSpot] = {}

    def take(self, data: bytes, count: int) -> None:
        """Search one chunk."""
        self.read += count
        text = self._kept + data.decode("utf-8", "replace")
        limit = max(0, len(text) - _OVERLAP)
        # names stand before their values: a line is searched whole, unless it has no end
        end = text.rfind("\n", 0, limit) + 1
        if limit - end > _CHUNK:
            end = limit
        self._search(text, end)
        self._line += text.count("\n", 0, end)
        self._kept = text[end:]

    def finish(self) -> list[SecretSpot]:
        """Search the end; the spots by line."""
        self._search(self._kept, len(self._kept))
        return sorted(self._spots.values(), key=lambda spot: spot.line)

    def _search(self, text: str, end: int) -> None:
        """Secrets that begin before `end`."""
        plain = _unnested(text) if self._nested else text
        for secret in secrets_in(plain):
            if secret.start >= end:
                break
            value = plain[secret.start : secret.end]
            line = self._line + text.count("\n", 0, secret.start)
            known = self._spots.get((secret.kind, value))
            count = 1 if known is None else known.count + 1
            first = line if known is None else known.line
            self._spots[secret.kind, value] = SecretSpot(
                secret.kind, first, masked(value), secret.proven, count
            )


def _unnested(text: str) -> str:
    """The text with escaped quotes and line ends plain, every character in its place."""
    return text.replace('\\"', ' "').replace("\\n", "  ").replace("\\t", "  ")
