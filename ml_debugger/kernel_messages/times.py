"""Time stamps of kernel logs in one form."""

from __future__ import annotations

from datetime import UTC, datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def normal(stamp: str | None) -> str | None:
    """A stamp as ISO 8601 to the second, UTC where it names a zone; seconds since boot stay.

    A stamp without a year becomes "--01-31T10:11:12" (ISO 8601:2000). None where it is no time.
    """
    if stamp is None:
        return None
    if stamp.isdigit():
        return _from_micros(int(stamp))
    if stamp.replace(".", "", 1).isdigit():
        return stamp
    if stamp[:1].isdigit():
        return _from_iso(stamp)
    words = stamp.split()
    try:
        if len(words) == 3:
            return _without_year(*words)
        month = _MONTHS.index(words[1]) + 1
        return f"{int(words[4]):04}-{month:02}-{int(words[2]):02}T{words[3]}"
    except (ValueError, IndexError):
        return None


def _from_micros(micros: int) -> str | None:
    try:
        return _text(datetime.fromtimestamp(micros / 1e6, UTC), "Z")
    except (OverflowError, ValueError, OSError):
        return None


def _from_iso(stamp: str) -> str | None:
    text, _, zone = stamp.replace(",", ".").partition(" ")
    if zone[:2].isdigit():
        # a blank between date and time, then perhaps the name of a zone
        text, _, zone = f"{text}T{zone}".partition(" ")
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if found.tzinfo is not None:
        return _text(found.astimezone(UTC), "Z")
    return _text(found, "Z" if zone in ("UTC", "GMT") else "")


def _without_year(month: str, day: str, clock: str) -> str:
    return f"--{_MONTHS.index(month) + 1:02}-{int(day):02}T{clock[:8]}"


def _text(moment: datetime, zone: str) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + zone
