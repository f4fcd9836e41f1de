"""The six ways in which a check run on one subject can end."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Status of one result. `error` and `skip` mean "not looked at" and are never a pass."""

    PASS = "pass"
    NOTE = "note"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"
    ERROR = "error"

    @property
    def is_finding(self) -> bool:
        """True for warn and fail."""
        return self in (Status.WARN, Status.FAIL)

    @property
    def gravity(self) -> int:
        """Order from harmless to grave, for sorting and for `--fail-on`."""
        return _GRAVITY[self]


_GRAVITY = {
    Status.PASS: 0,
    Status.NOTE: 1,
    Status.SKIP: 2,
    Status.ERROR: 3,
    Status.WARN: 4,
    Status.FAIL: 5,
}
