"""A process of the user's interpreter that holds the function and calls it on request."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_debugger.probes.feature_function.trial import FunctionTrial

USER_SIDE = Path(__file__).with_name("user_side")
GRACE_SECONDS = 3.0
"""How much later than the watchdog of the process its parent gives up."""

_FRAME = re.compile(r'File "(.+)", line (\d+) in (\S+)')
_FOREIGN = re.compile(r"site-packages|dist-packages|/lib/python\d|^<")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a call gave nothing to compare, with the line of the user's code where it is known."""

    text: str
    file: str | None = None
    line: int | None = None
    source: str | None = None
    fatal: bool = False

    def __str__(self) -> str:
        if self.file is None:
            return self.text
        place = os.path.relpath(self.file) if Path(self.file).is_relative_to(Path.cwd()) else None
        shown = f"{place or self.file}:{self.line}"
        return f"{self.text} at {shown}" + (f": {self.source}" if self.source else "")


class Session:
    """One process. `begin` loads the function, `call` runs it, `end` lets the process go.

    `fatal` problems are those after which the process is gone.
    """

    def __init__(self, trial: FunctionTrial, scratch: Path) -> None:
        self._trial = trial
        self._log = scratch / "faults.log"
        self._scratch = scratch
        self._answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[str] | None = None

    def begin(self) -> Mapping[str, Any] | Problem:
        """Start the process and load the function; what the process says about both."""
        try:
            self._process = subprocess.Popen(
                [self._trial.python, str(USER_SIDE)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PYTHONHASHSEED": "0", **os.environ},
                start_new_session=True,
                text=True,
                encoding="utf-8",
            )
        except OSError as error:
            return Problem(f"{self._trial.python}: {error.strerror or error}", fatal=True)
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()
        start = {
            "target": self._trial.target,
            "folder": self._trial.folder,
            "scratch": str(self._scratch),
            "log": str(self._log),
        }
        return self._ask(start)

    def call(self, request: Mapping[str, Any]) -> Mapping[str, Any] | Problem:
        """Run the function on a file of input."""
        return self._ask(request)

    def end(self) -> None:
        """Let the process go, and everything that it started."""
        process = self._process
        if process is None:
            return
        self._send({"end": True})
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGTERM)
        # a process that the function left behind goes as well
        _signal(process, signal.SIGTERM)
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)
            process.wait()
        assert process.stdin is not None
        try:
            process.stdin.close()
        except BrokenPipeError:
            return

    def _ask(self, request: Mapping[str, Any]) -> Mapping[str, Any] | Problem:
        seconds = self._trial.call_seconds
        self._send({**request, "seconds": seconds})
        try:
            line = self._answers.get(timeout=seconds + GRACE_SECONDS)
        except queue.Empty:
            return self._late()
        if line is None:
            return self._gone()
        said: Mapping[str, Any] = json.loads(line)
        if "problem" in said:
            return Problem(said["problem"], said.get("file"), said.get("line"), said.get("text"))
        return said

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            return  # it is gone; reading its answer says so

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self._answers.put(line)
        self._answers.put(None)

    def _late(self) -> Problem:
        return Problem(
            f"gave no answer within {self._trial.call_seconds:g} s (--deadline)",
            *self._place(),
            fatal=True,
        )

    def _gone(self) -> Problem:
        assert self._process is not None
        try:
            code = self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            return Problem("closed its output and went on", fatal=True)
        if "Timeout (" in self._logged():
            return self._late()
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        if code == -signal.SIGKILL:
            how += ", as a system that is short of memory does"
        return Problem(f"{how} in the middle of a call", *self._place(), fatal=True)

    def _place(self) -> tuple[str | None, int | None]:
        """The innermost line of the user's code that the fault handler wrote down."""
        for file, line, _ in _FRAME.findall(self._logged()):
            if not _FOREIGN.search(file) and not file.startswith(str(USER_SIDE)):
                return file, int(line)
        return None, None

    def _logged(self) -> str:
        try:
            return self._log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""  # the process ended before it opened its log


def _signal(process: subprocess.Popen[str], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
