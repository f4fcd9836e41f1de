"""INT010 unreadable-artifact."""

from __future__ import annotations

from ml_debugger.artifacts import FileRead
from ml_debugger.contract import Evidence, Limit, Measurement, Outcome, check

BINARY_TABLES = ("parquet", "parquet-dataset", "arrow")


@check(
    code="INT010",
    name="unreadable-artifact",
    component="integration",
    playbook="broken-flow",
    limits=(
        Limit(
            "lost_files",
            "files",
            "above",
            "files of which nothing could be read",
            "a file that is not readable as what it claims to be is lost to every later stage",
            fail=0,
        ),
        Limit(
            "damaged_files",
            "files",
            "above",
            "files of which a part could not be read",
            "what was saved is judged by the other checks; the rest is missing without a word",
            warn=0,
        ),
        Limit(
            "damaged_tables",
            "files",
            "above",
            "binary tables of which a part could not be read",
            "Parquet and Arrow files are closed by a footer: unlike a log that is being written, "
            "a damaged one is no work in progress",
            fail=0,
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
        return Measurement(
            f"Reads whole as {read.format}",
            {"lost_files": 0.0, "damaged_files": 0.0, "damaged_tables": 0.0},
        )
    saved = "; the sound part was read" if read.salvaged else ""
    said = read.problem[:1].upper() + read.problem[1:]
    lost = list(read.lost.items())
    return Measurement(
        f"{said}{saved}",
        {
            "lost_files": float(len(lost) or not read.salvaged),
            "damaged_files": 1.0,
            "damaged_tables": float(read.format in BINARY_TABLES),
        },
        (
            Evidence("format", read.format, None, read.path),
            *(Evidence("left out", why, None, file) for file, why in lost[:4]),
        ),
        line=read.line,
        path=lost[0][0] if lost else None,
    )
