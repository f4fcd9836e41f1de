"""The same curves as a figure for a report, in SVG or PNG, drawn by matplotlib."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from ml_debugger.artifacts import TrainingRun
from ml_debugger.contract import Result, Status
from ml_debugger.errors import UsageError
from ml_debugger.report.panels import panels, steps
from ml_debugger.report.run_findings import findings

_COLOURS = {Status.WARN: "tab:orange", Status.FAIL: "tab:red"}


def figure(runs: Sequence[TrainingRun], results: Sequence[Result], form: str) -> bytes:
    """The file of a figure with one column for each run; `form` is "svg" or "png".

    Raises UsageError where there is no curve.
    """
    drawn = [run for run in runs if steps(run) is not None]
    if not drawn:
        raise UsageError(f"{form}: there is no training run to draw")
    import matplotlib as mpl
    from matplotlib.figure import Figure

    most = max(len(list(panels(run))) for run in drawn)
    # text stays text, so that an SVG can be searched
    with mpl.rc_context({"svg.fonttype": "none", "font.size": 8}):
        picture = Figure(figsize=(7 * len(drawn), 1 + 1.6 * most), layout="constrained")
        grid = picture.subplots(most, len(drawn), squeeze=False)
        for column, run in enumerate(drawn):
            _draw(run, results, [row[column] for row in grid])
        file = io.BytesIO()
        picture.savefig(
            file, format=form, dpi=150, metadata={"Date": None} if form == "svg" else {}
        )
    return file.getvalue()


def _draw(run: TrainingRun, results: Sequence[Result], axes: Sequence[Any]) -> None:
    found = [(result, step) for result, step in findings(run, results) if step is not None]
    shown, span = list(panels(run)), steps(run)
    for axis, panel in zip(axes, shown, strict=False):
        if panel.line is not None:
            axis.plot(panel.line.steps, panel.line.values, linewidth=0.8, label="training")
        if panel.points is not None:
            axis.plot(
                panel.points.steps, panel.points.values, marker=".", linewidth=0.8,
                label="validation",
            )  # fmt: skip
        if panel.line is not None and panel.points is not None:
            axis.legend(loc="best")
        if panel.logarithmic:
            axis.set_yscale("log")
        axis.set_ylabel(panel.title)
        # NaN values have no point, and yet the panels must show the same steps
        if span is not None and span[0] < span[1]:
            margin = 0.02 * (span[1] - span[0])
            axis.set_xlim(span[0] - margin, span[1] + margin)
        for result, step in found:
            axis.axvline(step, color=_COLOURS[result.status], linewidth=0.8, linestyle="--")
    for result, step in found:
        axes[0].annotate(
            f"{result.code} {result.name} ", (step, 1.0), xycoords=("data", "axes fraction"),
            rotation=90, verticalalignment="top", horizontalalignment="right",
            color=_COLOURS[result.status],
        )  # fmt: skip
    for axis in axes[len(shown) :]:
        axis.set_axis_off()
    title = "  ".join(part for part in (run.path or run.subject, run.segment) if part)
    axes[0].set_title(title, loc="left")
    axes[len(shown) - 1].set_xlabel(run.step_unit)
