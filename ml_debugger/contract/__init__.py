"""What the author of a check imports; the standard library is all that it needs."""

from ml_debugger.contract.check import Check, check
from ml_debugger.contract.gathered import Gathered
from ml_debugger.contract.limit import Limit, Setting, Settings
from ml_debugger.contract.measurement import Evidence, Measurement, NotMeasured, Outcome
from ml_debugger.contract.result import Result, ResultEvidence
from ml_debugger.contract.sample import Sample
from ml_debugger.contract.scan import Scan
from ml_debugger.contract.shortening import short_end, short_start
from ml_debugger.contract.status import Status

__all__ = [
    "Check",
    "Evidence",
    "Gathered",
    "Limit",
    "Measurement",
    "NotMeasured",
    "Outcome",
    "Result",
    "ResultEvidence",
    "Sample",
    "Scan",
    "Setting",
    "Settings",
    "Status",
    "check",
    "short_end",
    "short_start",
]
