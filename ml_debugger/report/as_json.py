"""The report as one JSON document."""

from __future__ import annotations

import json

from ml_debugger.runtime.report import Report


def render(report: Report) -> str:
    """The document of `--format json`, with a final newline."""
    return json.dumps(report.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
