"""Asking a foreign Python interpreter one program, within a deadline."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import Any

Said = dict[str, Any]


def ask(python: str, program: str, deadline: float) -> Said | str:
    """The JSON object on the last line that the program prints, else why there is none.

    The program runs in the root folder: no module there can stand in front of an installed one.
    It has a session of its own, so that what it started ends with it.
    """
    try:
        process = subprocess.Popen(
            [python, "-c", program],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        return error.strerror or str(error)
    try:
        output, errors = process.communicate(timeout=deadline)
    except subprocess.TimeoutExpired:
        _end(process)
        return f"no answer within {deadline:g} s"
    said = _last_object(output)
    if said is not None:
        return said
    last = (errors.strip().splitlines() or [_how(process.returncode)])[-1]
    return f"did not answer: {last[:300]}"


def _end(process: subprocess.Popen[str]) -> None:
    """Ask it to end; one that hangs in a driver is left alone, as SIGKILL does harm there."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(0.5)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        pass
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _last_object(output: str) -> Said | None:
    try:
        said = json.loads(output.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return None
    return said if isinstance(said, dict) else None
