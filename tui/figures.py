"""Numbers as people read them at a glance."""

from __future__ import annotations

import math

from ml_debugger.report.style import Style

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def amount(size: float | None) -> str:
    """Bytes with the unit that leaves one to four digits; "?" where nobody knows."""
    if size is None:
        return "?"
    power = 0
    while size >= 1024 and power < len(_UNITS) - 1:
        size /= 1024
        power += 1
    return f"{size:.0f} {_UNITS[power]}" if power < 1 else f"{size:.1f} {_UNITS[power]}"


def age(seconds: float) -> str:
    """How long ago, coarser the longer it is, so that it seldom has to be repainted."""
    if seconds < 60:
        return f"{int(seconds)} s ago"
    if seconds < 3600:
        return f"{int(seconds // 60)} min ago"
    return f"{int(seconds // 3600)} h ago"


def bar(share: float | None, width: int, style: Style) -> str:
    """A bar that is full at a share of 1; blank where the share is not known."""
    if share is None or not math.isfinite(share):
        return "[" + " " * width + "]"
    full = min(width, max(0, round(share * width)))
    on, off = ("█", "░") if style.unicode else ("#", "-")
    return f"[{on * full}{off * (width - full)}]"


def clipped(text: str, width: int, *, head: bool = True) -> str:
    """The text in at most `width` columns; the head or the tail of it stays."""
    if len(text) <= width:
        return text
    if width <= 3:
        return text[: max(0, width)]
    return text[: width - 3] + "..." if head else "..." + text[len(text) - width + 3 :]
