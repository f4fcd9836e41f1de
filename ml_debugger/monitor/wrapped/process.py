"""A command under pseudo-terminals, so that it prints line by line as to a person."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

_CHUNK = 1 << 16
_NO_KEY = b"\0"


@dataclass(frozen=True, slots=True)
class Output:
    """One output of the command: where it is read, and the descriptor that it is meant for."""

    master: int
    target: int


class Wrapped:
    """A running command.

    Each of the descriptors 1 and 2 of this process that leads elsewhere gets a pseudo-terminal
    of its own, so that redirections keep their meaning; where both lead to one place the order
    of what is printed is kept exactly. The terminals change no byte. `keys` says that what is
    typed is passed on by `type`; else the command has the standard input of this process.
    `sent` are the signals that were sent to it.
    Raises OSError when the command cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        size: tuple[int, int],
        keys: bool,
        environment: Mapping[str, str],
    ) -> None:
        self.sent: set[signal.Signals] = set()
        targets = (1,) if _same_place(1, 2) else (1, 2)
        pairs = [pty.openpty() for _ in targets]
        slaves = [slave for _, slave in pairs]
        self.outputs = tuple(
            Output(master, target)
            for (master, _), target in zip(pairs, targets, strict=True)
        )  # fmt: skip
        try:
            for slave in slaves:
                _pass_through(slave)
            self.resize(*size)
            self._process = subprocess.Popen(
                list(command),
                stdin=slaves[0] if keys else _own_input(),
                stdout=slaves[0],
                stderr=slaves[-1],
                env=dict(environment),
                start_new_session=True,
                preexec_fn=lambda: fcntl.ioctl(1, termios.TIOCSCTTY, 0),
            )
        except BaseException:
            self.close()
            raise
        finally:
            for slave in slaves:
                os.close(slave)

    @property
    def pid(self) -> int:
        """The process, which leads its session and process group."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code as a shell tells it (128 and the signal's number), None while it runs."""
        code = self._process.poll()
        return None if code is None else code if code >= 0 else 128 - code

    @property
    def killed_by(self) -> int | None:
        """The signal that ended the process, None where none did."""
        code = self._process.poll()
        return -code if code is not None and code < 0 else None

    def wait(self) -> int:
        """Wait for the end of the process; its exit code as a shell tells it."""
        self._process.wait()
        code = self.code
        assert code is not None
        return code

    def read(self, output: Output) -> bytes:
        """What was printed since, at most 64 KiB; empty when that output was closed."""
        try:
            return os.read(output.master, _CHUNK)
        except OSError as error:
            # Linux says so when the last process that held the terminal is gone
            if error.errno == errno.EIO:
                return b""
            raise

    def type(self, keys: bytes) -> None:
        """Pass on what was typed."""
        with suppress(OSError):  # it ended meanwhile
            os.write(self.outputs[0].master, keys)

    def resize(self, rows: int, columns: int) -> None:
        """Tell the command how large its terminal is."""
        size = struct.pack("HHHH", rows, columns, 0, 0)
        for output in self.outputs:
            with suppress(OSError):  # it ended meanwhile
                fcntl.ioctl(output.master, termios.TIOCSWINSZ, size)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the command and to what it started in its group."""
        self.sent.add(number)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def close(self) -> None:
        """Close the terminals; a process that still holds one is told that they hung up."""
        for output in self.outputs:
            with suppress(OSError):
                os.close(output.master)


def _same_place(one: int, other: int) -> bool:
    first, second = os.fstat(one), os.fstat(other)
    return (first.st_dev, first.st_ino, first.st_rdev) == (
        second.st_dev, second.st_ino, second.st_rdev,
    )  # fmt: skip


def _own_input() -> IO[bytes] | int | None:
    """The own standard input, unless it is a terminal that this process may not read."""
    return subprocess.DEVNULL if os.isatty(0) else None


def _pass_through(slave: int) -> None:
    """No byte is changed on its way out; Ctrl-Z is no key, as no shell could go on after it."""
    attributes = termios.tcgetattr(slave)
    attributes[1] &= ~termios.OPOST
    attributes[6][termios.VSUSP] = _NO_KEY
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
