"""Running the program nvidia-smi, with a deadline of its own and never killed outright."""

from __future__ import annotations

import os
import selectors
import shutil
import subprocess
import time
from collections.abc import Sequence

from ml_debugger.artifacts import GpuSnapshot
from ml_debugger.nvidia_smi.output import form_of, read_output

DEADLINE = 6.0
GRACE = 0.5
MAX_OUTPUT = 16 << 20
PLACES = ("/usr/bin", "/usr/local/nvidia/bin", "/usr/lib/wsl/lib", "/run/opengl-driver/bin")
"""Where the container runtime and WSL put the program, beside the search path."""

_CHUNK = 65_536
_abandoned: list[subprocess.Popen[bytes]] = []


def find() -> str | None:
    """The program, None where it is not installed."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *PLACES))
    return shutil.which("nvidia-smi", path=path)


def ask(program: str, deadline: float = DEADLINE) -> GpuSnapshot | str:
    """What `nvidia-smi -q -x` says, or why it says nothing.

    The exit code decides nothing: the program prints errors with code 0, and sound cards beside
    a lost one with another. One that hangs in the driver gets SIGTERM and is then left alone.
    """
    try:
        output, ended = _run([program, "-q", "-x"], deadline)
    except OSError as error:
        return f"nvidia-smi could not be run: {error.strerror or error}"
    if not ended:
        return f"nvidia-smi gave no answer within {deadline:g} s"
    text = output.decode("utf-8", "replace")
    form = form_of(text)
    read = read_output(text.splitlines(), form, None) if form is not None else None
    if read is None or read.snapshot is None:
        first = next((line.strip() for line in text.splitlines() if line.strip()), None)
        return f"nvidia-smi printed {repr(first[:120]) if first else 'nothing'}"
    if read.snapshot.state == "unreachable":
        return f"nvidia-smi: {read.snapshot.detail}"
    return read.snapshot


def _run(command: Sequence[str], deadline: float) -> tuple[bytes, bool]:
    """The output, and whether it came to an end in time."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    output = bytearray()
    ended = False
    end = time.monotonic() + deadline
    with process.stdout, selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not ended and len(output) < MAX_OUTPUT and (left := end - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                part = os.read(key.fd, _CHUNK)
                output += part
                ended = not part
    if not ended:
        process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        # it hangs in the driver, where SIGKILL does harm
        _abandoned.append(process)
    return bytes(output), ended or len(output) >= MAX_OUTPUT
