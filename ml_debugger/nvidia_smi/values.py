"""Single values as nvidia-smi prints them: numbers with units, states, and words for nothing."""

from __future__ import annotations

import math
import re
from datetime import datetime

MIB = 2**20

_NOTE = re.compile(r"\s*\[deprecated[^\]]*\]\s*$", re.IGNORECASE)
_ERROR = re.compile(
    r"unknown error|err!|gpu is lost|fallen off|requires (?:a )?(?:reset|restart)|^timeout$",
    re.IGNORECASE,
)
_LOST = re.compile(r"is lost|fallen off|requires (?:a )?(?:reset|restart)", re.IGNORECASE)
_NUMBER = re.compile(r"([-+]?\d{1,18}(?:\.\d{1,9})?)\s*(%|[A-Za-z]{1,4}(?:\(s\))?)?")
_SCALES = {"b": 1, "kib": 2**10, "mib": MIB, "gib": 2**30, "kb": 2**10, "mb": MIB, "gb": 2**30}
_YES = frozenset(("enabled", "yes", "active", "on", "true", "1"))
_NO = frozenset(("disabled", "no", "not active", "off", "false", "0"))
_STAMPS = ("%Y/%m/%d %H:%M:%S.%f", "%Y/%m/%d %H:%M:%S", "%a %b %d %H:%M:%S %Y")


def bare(raw: str) -> str:
    """A value without the brackets of CSV cells and without notes of deprecation."""
    word = _NOTE.sub("", raw.strip())
    if word.startswith("[") and word.endswith("]"):
        word = word[1:-1].strip()
    return word


def is_error(raw: str) -> bool:
    """Whether a value is the driver's word for an answer that failed."""
    return _ERROR.search(raw) is not None


def is_loss(message: str) -> bool:
    """Whether an error concerns the whole card: it is lost, or wants a reset."""
    return _LOST.search(message) is not None


def number(raw: str | None) -> float | None:
    """The number of a value, whatever its unit; None where it says none."""
    found = _NUMBER.fullmatch(bare(raw)) if raw is not None else None
    return float(found[1]) if found else None


def whole(raw: str | None) -> int | None:
    """A count; None for everything that is no whole number of zero or more."""
    value = number(raw)
    return int(value) if value is not None and value >= 0 and value == int(value) else None


def amount(raw: str | None) -> int | None:
    """Memory in bytes. Without a unit it is MiB, as with `nounits`; "MB" of old drivers too."""
    found = _NUMBER.fullmatch(bare(raw)) if raw is not None else None
    if found is None or float(found[1]) < 0:
        return None
    scale = _SCALES.get((found[2] or "MiB").lower())
    return None if scale is None else int(float(found[1]) * scale)


def state(raw: str | None) -> bool | None:
    """A state such as Enabled or Not Active; None where the value is no state.

    The plain table marks a mode that changes at the next reset with a star.
    """
    word = bare(raw).rstrip("*").lower() if raw is not None else ""
    return True if word in _YES else False if word in _NO else None


def word(raw: str | None) -> str | None:
    """A name; None for what nvidia-smi prints where it has nothing to say, or an error."""
    said = bare(raw) if raw is not None else ""
    silent = ("n/a", "not supported", "not available", "unknown", "-")
    if not said or said.lower() in silent or is_error(said) or "deprecated" in said.lower():
        return None
    return said


def moment(raw: str | None) -> datetime | None:
    """The time of a sample: the local time of the machine, whose zone is not printed."""
    for form in _STAMPS:
        try:
            return datetime.strptime((raw or "").strip(), form)
        except ValueError:
            continue
    return None


def or_nan(value: float | None) -> float:
    """A value for a series: NaN where there is none."""
    return math.nan if value is None else float(value)
