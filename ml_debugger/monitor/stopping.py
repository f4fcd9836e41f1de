"""The one exception that the monitor lets through to the training."""

from __future__ import annotations

from ml_debugger.contract import Result
from ml_debugger.errors import DiagnosticError


class StopTraining(DiagnosticError):
    """The training is lost by the user's own `stop_on`; `finding` says why."""

    def __init__(self, finding: Result) -> None:
        super().__init__(f"{finding.code} {finding.name}: {finding.title}")
        self.finding = finding
