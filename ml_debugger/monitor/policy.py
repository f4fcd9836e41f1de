"""What is done about a finding: tell, save, stop."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from ml_debugger.contract import Result, Status
from ml_debugger.errors import UsageError

LOGGER = logging.getLogger("ml_debugger.monitor")


def line_of(finding: Result) -> str:
    """A finding in one line."""
    because = f" (because of {', '.join(finding.caused_by)})" if finding.caused_by else ""
    return (
        f"{finding.status.value.upper()} {finding.code} {finding.name}: {finding.title}{because}; "
        f"see 'diagnostic explain {finding.code}'"
    )


def to_log(finding: Result) -> None:
    """Tell a finding to the logger "ml_debugger.monitor", a failure as an error."""
    level = logging.ERROR if finding.status is Status.FAIL else logging.WARNING
    LOGGER.log(level, line_of(finding))


def level(name: str | None, asked: str) -> Status | None:
    """The status that "warn" or "fail" names; raises UsageError for another word."""
    if name is None:
        return None
    if name not in ("warn", "fail"):
        raise UsageError(f"{asked} is '{name}'; it can be 'warn', 'fail' or None")
    return Status(name)


@dataclass(slots=True)
class Policy:
    """Tells each finding once; saves once, and asks to stop, at or above the given levels.

    A function of the user's that raises is reported, and goes on being called.
    """

    on_finding: Callable[[Result], object] = to_log
    stop_on: Status | None = None
    save: Callable[[], object] | None = None
    save_on: Status | None = Status.FAIL
    stop: Result | None = None
    _saved: bool = False

    def act(self, finding: Result) -> None:
        """Tell a finding that is new, and do what was asked for at its level."""
        self._call(lambda: self.on_finding(finding), "on_finding")
        gravity = finding.status.gravity
        if self.stop_on is not None and gravity >= self.stop_on.gravity and self.stop is None:
            self.stop = finding
        if self.save is None or self.save_on is None or self._saved:
            return
        if gravity >= self.save_on.gravity:
            self._saved = True
            self._call(self.save, "save")

    def _call(self, function: Callable[[], object], name: str) -> None:
        try:
            function()
        except Exception as error:  # noqa: BLE001  the boundary: the user's own function failed
            LOGGER.error("%s failed: %s: %s", name, type(error).__name__, error)
