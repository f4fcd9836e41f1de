"""Passes bytes between a command and the terminal, unchanged, and keeps a copy of its output."""

from __future__ import annotations

import errno
import os
import selectors
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ml_debugger.monitor.wrapped.process import Output, Wrapped

TICK = 0.25
"""Seconds after which a silent command is asked whether it still lives."""
MOST_KEPT = 4 << 30
"""Bytes of output that are kept: progress bars at ten a second fill them in a month."""

_CHUNK = 1 << 12


class Copy:
    """The copy of the output on disk. A full disk ends the copy, never the training.

    `problem` says why the copy is not whole, None while it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem: str | None = None
        self._size = 0
        self._file = path.open("wb", buffering=0)

    def add(self, data: bytes) -> None:
        """Append what was printed."""
        if self.problem is not None:
            return
        if self._size + len(data) > MOST_KEPT:
            self.problem = f"only the first {MOST_KEPT >> 30} GiB of the output were kept"
            return
        try:
            self._file.write(data)
        except OSError as error:
            self.problem = f"{self.path}: the output is kept no longer: {error.strerror}"
            return
        self._size += len(data)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def relay(
    wrapped: Wrapped,
    copy: Copy,
    *,
    keys: int | None,
    tick: Callable[[], None],
    seen: Callable[[bytes], None],
) -> None:
    """Pass everything on until the command has ended and its output is drained.

    `keys` is the descriptor to read typed keys from, None for none. `tick` is called about four
    times a second or oftener, `seen` with all output after it was passed on.
    """
    with selectors.DefaultSelector() as selector:
        for output in wrapped.outputs:
            selector.register(output.master, selectors.EVENT_READ, output)
        if keys is not None:
            selector.register(keys, selectors.EVENT_READ, None)
        left = {output.master for output in wrapped.outputs}
        while left:
            ready = selector.select(TICK)
            # a process in the background may hold the terminal open after the command's end
            if not any(key.data for key, _ in ready) and wrapped.code is not None:
                return
            for key, _ in ready:
                if key.data is None:
                    _type(wrapped, selector, key.fd)
                elif not _pass_on(wrapped, key.data, copy, seen):
                    selector.unregister(key.fd)
                    left.discard(key.fd)
            tick()


def _type(wrapped: Wrapped, selector: selectors.BaseSelector, keys: int) -> None:
    typed = b""
    with suppress(OSError):  # the terminal hung up
        typed = os.read(keys, _CHUNK)
    if typed:
        wrapped.type(typed)
    else:
        selector.unregister(keys)


def _pass_on(wrapped: Wrapped, output: Output, copy: Copy, seen: Callable[[bytes], None]) -> bool:
    data = wrapped.read(output)
    if not data:
        return False
    copy.add(data)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(output.target, rest) :]
    except OSError as error:
        # the reader of the output went away (| head): the training goes on, its copy is kept
        if error.errno not in (errno.EPIPE, errno.EIO):
            raise
    seen(data)
    return True
