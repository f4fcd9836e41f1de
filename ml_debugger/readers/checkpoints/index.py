"""`checkpoints.json`: what a training loop lists of the checkpoints that it keeps."""

from __future__ import annotations

import json
from typing import Any

from ml_debugger.artifacts import CheckpointEntry, CheckpointIndex
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading, Unreadable

MAX_BYTES = 8 << 20


def recognise(head: Head) -> str | None:
    """By one JSON object with a list of checkpoints that name files; JSON lines are logs."""
    text = head.text.lstrip()
    if head.suffix != ".json" or not text.startswith("{") or '"checkpoints"' not in text[:4000]:
        return None
    known = '"ml-debugger/checkpoints/' in text[:4000] or '"file"' in text[:8000]
    return "checkpoint-index" if known or head.file.name == "checkpoints.json" else None


def read(head: Head, _kind: str) -> Reading:
    """Read the entries; raises Unreadable where the JSON is not whole."""
    if head.size > MAX_BYTES:
        raise Unreadable(f"an index of {head.size:,} bytes is larger than any that is read")
    try:
        content = json.loads(head.file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"is no whole JSON: {error}") from error
    entries = content.get("checkpoints") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise Unreadable("lists no checkpoints")
    keep = content.get("keep")
    index = CheckpointIndex(
        subject=head.shown,
        path=head.shown,
        entries=tuple(_entry(entry) for entry in entries if _names_file(entry)),
        keep=keep if isinstance(keep, int) and not isinstance(keep, bool) else None,
    )
    left = len(entries) - len(index.entries)
    return Reading([index], problem=f"{left} entries name no file" if left else None)


def _names_file(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("file"), str)


def _entry(entry: dict[str, Any]) -> CheckpointEntry:
    step, loss = entry.get("step"), entry.get("val_loss", entry.get("validation_loss"))
    return CheckpointEntry(
        file=entry["file"],
        step=step if isinstance(step, int) and not isinstance(step, bool) else None,
        val_loss=float(loss) if isinstance(loss, int | float) else None,
    )


READER = Reader("checkpoint-index", recognise, read)
