"""INT010 unreadable-artifact."""

from __future__ import annotations

from ml_debugger.artifacts import FileRead
from ml_debugger.contract import Evidence, Limit, Measurement, Outcome, check


@check(
    code="INT010",
    name="unreadable-artifact",
    component="integration",
    playbook="broken-flow",
    limits=(
        Limit(
            "damage",
            "degree",
            "above",
            "0 when the whole file was read, 1 when something sound was saved, 2 when nothing was",
            "a file that claims a format and is not readable in it is lost to every later stage",
            fail=1,
            warn=0,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
)
def unreadable_artifact(read: FileRead) -> Outcome:
    """A file is truncated, corrupt or empty.

    What it measures:
        Whether the reader of the file's format could read all of it. What is sound in a damaged
        file is still read and judged by the other checks.

    Why it matters:
        A half-written table or log is the trace of a crash, a full disk or a copy that broke
        off. The next stage fails on it, or worse, goes on with half of the data.

    What to do:
        Write the file again. Write by temporary file and rename, so that a crash leaves the old
        version. See whether the disk was full.

    Sources:
        POSIX.1-2017, rename(): the new name refers to the old or the new file, never to half.
    """
    if read.problem is None:
        return Measurement(f"Reads whole as {read.format}", {"damage": 0.0})
    saved = ", the rest was read" if read.salvaged else ""
    return Measurement(
        f"{read.format}: {read.problem}{saved}",
        {"damage": 1.0 if read.salvaged else 2.0},
        (Evidence("problem", read.problem, None, read.path),),
        line=read.line,
    )
