"""Where the outputs of watched commands are kept, and for how long."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from platformdirs import user_state_path

MOST = 20
"""Outputs that are kept; the oldest go first."""

_NAME = re.compile(r"[^A-Za-z0-9_.-]+")
_OWN = "????-??-??T??????Z-*.log"


def new_log(command: Sequence[str], folder: Path | None = None) -> Path:
    """A path for the output of a command, in a folder with room for it.

    Raises OSError when the folder cannot be made.
    """
    folder = folder or user_state_path("diagnostic") / "monitored"
    folder.mkdir(parents=True, exist_ok=True)
    for old in sorted(folder.glob(_OWN))[: -(MOST - 1)]:
        old.unlink(missing_ok=True)
    script = next((word for word in command if word.endswith((".py", ".sh"))), command[0])
    name = _NAME.sub("_", Path(script).stem)[:40]
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ")
    path = folder / f"{stamp}-{name}.log"
    number = 2
    while path.exists():
        path = folder / f"{stamp}-{name}-{number}.log"
        number += 1
    return path
