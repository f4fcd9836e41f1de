"""The colour of each status; the words carry the meaning, colour repeats it."""

from __future__ import annotations

from ml_debugger.contract import Status

COLOURS = {
    Status.PASS: "green",
    Status.NOTE: "cyan",
    Status.WARN: "yellow",
    Status.FAIL: "bold red",
    Status.SKIP: "dim",
    Status.ERROR: "magenta",
}
