"""The output formats by name."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from ml_debugger.errors import UsageError
from ml_debugger.report import as_json, as_text
from ml_debugger.report.run_findings import drawn_runs
from ml_debugger.report.style import Style
from ml_debugger.runtime.report import Report

FORMATS: dict[str, Callable[[Report, Style, bool], str]] = {
    "text": lambda report, style, verbose: as_text.render(report, style, verbose=verbose),
    "json": lambda report, _style, _verbose: as_json.render(report),
}
PICTURES = ("svg", "png")
"""Formats of files alone: the curves of the training runs."""


def render(report: Report, form: str, style: Style | None = None, *, verbose: bool = False) -> str:
    """The report in a format; a file (no style given) is 80 columns of plain ASCII."""
    return FORMATS[form](report, style or Style(), verbose)


def require(form: str) -> None:
    """Raise UsageError for a format that does not exist or whose library is not installed."""
    if form in PICTURES and find_spec("matplotlib") is None:
        raise UsageError(f"{form} needs matplotlib: pip install 'ml-debugger[pictures]'")
    if form not in (*FORMATS, *PICTURES):
        raise UsageError(f"'{form}' is none of {', '.join((*FORMATS, *PICTURES))}")


def write(report: Report, form: str, path: Path, *, verbose: bool = False) -> None:
    """Write the report to a file. Raises UsageError for a picture where nothing can be drawn."""
    if form in PICTURES:
        from ml_debugger.report.figure import figure

        path.write_bytes(figure(drawn_runs(report), report.results, form))
    else:
        path.write_text(render(report, form, verbose=verbose), encoding="utf-8")
