"""The keyboard, handed to a command for the time that it runs."""

from __future__ import annotations

import os
import termios
from collections.abc import Iterator
from contextlib import contextmanager


def may_type() -> bool:
    """Whether standard input is a terminal whose keys belong to this process."""
    try:
        return os.isatty(0) and os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False


@contextmanager
def handed_over() -> Iterator[None]:
    """Let every key through, Ctrl-C too: the command's own terminal makes signals of them.

    What is printed is laid out as before, so lines still end at the left edge.
    """
    before = termios.tcgetattr(0)
    attributes = termios.tcgetattr(0)
    attributes[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR)
    attributes[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
    termios.tcsetattr(0, termios.TCSADRAIN, attributes)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
