"""Whether a file belongs to one fold, trial or rank of a run, by its path."""

from __future__ import annotations

import re


def names_segment(segment: str, path: str) -> bool:
    """Whether a path names the segment: "fold 2" is in models/fold-2.ubj, not in fold-21.ubj."""
    parts = re.findall(r"[a-z]+|\d+", segment.lower())
    pattern = r"[^a-z0-9]*".join(re.escape(part) for part in parts)
    return re.search(rf"(?<![a-z]){pattern}(?!\d)", path.lower()) is not None


def names_another(segment: str, path: str) -> bool:
    """Whether a path names another segment of the same kind: fold-1.ubj for "fold 2"."""
    kinds = re.findall(r"[a-z]+", segment.lower())
    numbered = any(
        re.search(rf"(?<![a-z]){re.escape(kind)}[^a-z0-9]*\d", path.lower()) for kind in kinds
    )
    return numbered and not names_segment(segment, path)
