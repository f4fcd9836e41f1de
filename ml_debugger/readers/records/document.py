"""JSON documents: read whole within bounds, or as far as the beginning of the file goes."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

from ml_debugger.readers.head import HEAD_BYTES, Head
from ml_debugger.readers.reader import Unreadable

MAX_BYTES = 64 * 1024 * 1024
"""Larger files are no records of results."""


def sketch(head: Head) -> Any:
    """The document as far as the head shows it; None where it is not one JSON value.

    A document that goes on after the head, or was cut off, is closed after its last whole
    value, so recognition sees the true structure of its beginning.
    """
    text = head.text.lstrip()
    if not text.startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        closed = _closed(text)
    if closed is None:
        return None
    try:
        return json.loads(closed)
    except (ValueError, RecursionError):
        return None


def load(head: Head) -> Any:
    """The whole document; raises Unreadable with the line at which it stops being JSON.

    NaN and Infinity are read as Python writes them.
    """
    if head.size > MAX_BYTES:
        raise Unreadable(f"is larger than {MAX_BYTES // 1024**2} MiB")
    try:
        text = _bytes(head).decode(head.encoding or "utf-8", errors="replace")
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable(f"cannot be read: {error}") from error
    try:
        return json.loads(text.lstrip("\ufeff"))
    except json.JSONDecodeError as error:
        raise Unreadable(f"is not valid JSON: {error.msg}", error.lineno) from error
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"is not readable JSON: {error}") from error


def _bytes(head: Head) -> bytes:
    if head.size <= HEAD_BYTES and not head.gzipped:
        return head.start
    if not head.gzipped:
        return head.file.read_bytes()
    with gzip.open(head.file) as stream:
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise Unreadable(f"is larger than {MAX_BYTES // 1024**2} MiB when decompressed")
    return content


def _closed(text: str) -> str | None:
    """The text up to its last whole value, with what is open closed; None if nothing is open."""
    stack: list[str] = []
    cut: tuple[int, str] | None = None
    inside = escaped = False
    for position, char in enumerate(text):
        if inside:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                inside = False
        elif char == '"':
            inside = True
        elif char in "{[":
            stack.append("}" if char == "{" else "]")
            if len(stack) > 200:
                return None
        elif char in "}]":
            if not stack or stack.pop() != char:
                return None
            if not stack:
                # a second document follows, as in JSON Lines, or plain text
                return None
            cut = (position + 1, "".join(reversed(stack)))
        elif char == ",":
            cut = (position, "".join(reversed(stack)))
    return None if cut is None or not stack else text[: cut[0]] + cut[1]
