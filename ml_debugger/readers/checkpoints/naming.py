"""What the name of a checkpoint says: epoch, step and validation loss."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

_EPOCH = re.compile(r"(?:^|[^a-z])(?:epoch|ep)s?[=_\-.]?(\d{1,9})(?!\d)")
_STEP = re.compile(
    r"(?:^|[^a-z])(?:global[_-]?step|step|iter|iteration|checkpoint|ckpt|round)s?[=_\-.]?"
    r"(\d{1,12})(?!\d)"
)
_LOSS = re.compile(r"val(?:id|idation)?[_-]?loss[=_\-]?(\d+\.\d+(?:e-?\d+)?|\d+)")


@dataclass(frozen=True, slots=True)
class NameFacts:
    """Numbers found in a name; None where it has none."""

    epoch: int | None
    step: int | None
    val_loss: float | None


def facts_of(path: str) -> NameFacts:
    """Read the numbers in a file's name, or in its folder's (`checkpoint-500/model.bin`)."""
    pure = PurePath(path)
    name, folder = pure.name.lower(), pure.parent.name.lower()
    return NameFacts(
        epoch=_whole(_EPOCH, name) if _EPOCH.search(name) else _whole(_EPOCH, folder),
        step=_whole(_STEP, name) if _STEP.search(name) else _whole(_STEP, folder),
        val_loss=float(found[1]) if (found := _LOSS.search(name)) else None,
    )


def _whole(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    return int(found[1]) if found else None
