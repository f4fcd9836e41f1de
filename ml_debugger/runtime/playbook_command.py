"""Commands of playbooks: which may run without asking, and running one with a deadline."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ml_debugger.runtime.playbook_model import CommandStep
from ml_debugger.runtime.playbook_runner import CommandOutcome

OWN_READING = frozenset({"check", "inspect", "explain", "checks", "config", "--version"})
"""Commands of ours that look and change nothing but the history."""
VALIDATE = ["data", "validate"]
READING = frozenset({"df", "free", "grep", "nproc", "uname"})
"""Programs that cannot write to a file or change a setting, whatever their arguments are."""
NVIDIA_READING = ("-L", "-q", "--query", "--list-gpus")

GRACE_SECONDS = 5.0
MAX_OUTPUT = 64_000
"""Bytes of a command's output that are kept."""


def runs_by_itself(words: Sequence[str]) -> bool:
    """True for a command that only reads; anything else is shown and asked."""
    program, arguments = words[0], words[1:]
    if program == "diagnostic":
        writes = any(argument.startswith(("--out", "--rows")) for argument in arguments)
        reads = (arguments[:1] and arguments[0] in OWN_READING) or list(arguments[:2]) == VALIDATE
        return bool(reads) and not writes
    if program == "nvidia-smi":
        return all(argument.startswith((*NVIDIA_READING, "--format")) for argument in arguments)
    return program in READING


def run_command(step: CommandStep, folder: Path) -> CommandOutcome:
    """Run a command in a folder, without a shell; standard output and error together."""
    words = list(step.command)
    if words[0] == "diagnostic":
        words = [sys.executable, "-P", "-m", "ml_debugger", *words[1:]]
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                words,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            return CommandOutcome(None, reason=f"{words[0]}: {error.strerror}")
        try:
            code: int | None = process.wait(step.seconds)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
        output.seek(0)
        text = output.read(MAX_OUTPUT).decode("utf-8", "replace")
    late = None if code is not None else f"took longer than {step.seconds:.0f} s"
    return CommandOutcome(code, text, late)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process that still runs to end. One that does not is left: it may stand in a driver."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            return
