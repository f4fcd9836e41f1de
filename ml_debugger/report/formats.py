"""The output formats by name."""

from __future__ import annotations

from collections.abc import Callable

from ml_debugger.report import as_json, as_text
from ml_debugger.report.style import Style
from ml_debugger.runtime.report import Report

FORMATS: dict[str, Callable[[Report, Style, bool], str]] = {
    "text": lambda report, style, verbose: as_text.render(report, style, verbose=verbose),
    "json": lambda report, _style, _verbose: as_json.render(report),
}


def render(report: Report, form: str, style: Style | None = None, *, verbose: bool = False) -> str:
    """The report in a format; a file (no style given) is 80 columns of plain ASCII."""
    return FORMATS[form](report, style or Style(), verbose)
