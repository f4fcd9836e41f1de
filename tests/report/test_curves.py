"""The picture of a training run: panels, marks and what they say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import pytest

from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.contract import Result, ResultEvidence, Status
from ml_debugger.report.curves import curves
from ml_debugger.report.figure import figure
from ml_debugger.report.style import Style


def run(**values: Sequence[float]) -> TrainingRun:
    """A run whose curves have these values at epochs 0, 1, 2 ..."""
    made = {
        name: Curve(
            name, name, [float(i) for i in range(len(of))], list(of), list(range(1, len(of) + 1))
        )
        for name, of in values.items()
    }
    return TrainingRun("lstm.csv", "lstm.csv", format="csv", step_unit="epoch", curves=made)


def finding(step: int, status: Status = Status.FAIL, code: str = "TRN001") -> Result:
    """A finding that begins at an epoch."""
    return Result(
        code, "non-finite-loss", "training", status, "lstm.csv", "Loss is NaN", "lstm.csv",
        evidence=(ResultEvidence("first_step", step, "epoch"),),
    )  # fmt: skip


FALLING = [1 / (i + 1) + 0.2 for i in range(40)]


def test_each_quantity_has_its_panel_and_its_range() -> None:
    drawn = curves(
        run(
            train_loss=FALLING, val_loss=[x + 0.1 for x in FALLING], learning_rate=[0.001] * 40,
            grad_norm=FALLING, prediction_std=FALLING, share_positive=FALLING,
        ), [], Style(),
    )  # fmt: skip
    titles = ["loss, validation o", "learning rate", "gradient norm", "prediction std"]
    assert [line for line in drawn if line in (*titles, "share positive")] == [
        *titles,
        "share positive",
    ]
    assert any(line.startswith("       1.3 |") for line in drawn)
    assert sum(line.strip().startswith("0.001 |") for line in drawn) == 1


def test_a_finding_stands_under_its_step() -> None:
    drawn = curves(run(train_loss=FALLING), [finding(0), finding(39)], Style(width=80))
    marks = next(line for line in drawn if line.strip().startswith("findings"))
    assert marks.index("a") == 12
    assert marks.index("b") == 78
    assert any("a  FAIL TRN001 non-finite-loss, epoch 0" in line for line in drawn)


def test_findings_of_one_step_stand_side_by_side() -> None:
    drawn = curves(run(train_loss=FALLING), [finding(20), finding(20)], Style())
    marks = next(line for line in drawn if line.strip().startswith("findings"))
    assert "ab" in marks


def test_nan_is_marked_where_it_stands() -> None:
    drawn = curves(run(train_loss=[*FALLING, math.nan, math.nan]), [], Style(width=80))
    bottom = next(line for line in reversed(drawn) if "|" in line)
    assert bottom.endswith("x")


def test_a_wide_range_is_drawn_logarithmic() -> None:
    drawn = curves(run(train_loss=[10.0**-i for i in range(6)]), [], Style())
    assert "loss, logarithmic" in drawn


@pytest.mark.parametrize("values", [[], [math.nan] * 3, [1.0], [1e308, -1e308, 5.0], [0.0] * 9])
def test_odd_curves_are_drawn_or_left_out(values: list[float]) -> None:
    drawn = curves(run(train_loss=values), [finding(0)], Style(width=80))
    assert all(len(line) <= 80 for line in drawn)
    assert bool(drawn) == bool(values)


@pytest.mark.parametrize("unicode", [True, False])
def test_no_line_is_wider_than_the_terminal(unicode: bool) -> None:
    style = Style(width=60, unicode=unicode)
    drawn = curves(run(train_loss=FALLING, val_loss=FALLING), [finding(3)], style)
    assert max(map(len, drawn)) <= 60
    assert unicode or all(line.isascii() for line in drawn)


@pytest.mark.parametrize(("form", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_a_figure_is_a_file_of_its_format(form: str, start: bytes) -> None:
    whole = figure([run(train_loss=FALLING, val_loss=FALLING)], [finding(5)], form)
    assert whole.startswith(start)
    if form == "svg":
        assert b"TRN001 non-finite-loss" in whole


def test_all_panels_of_a_figure_show_the_same_steps() -> None:
    lost = [*FALLING[:20], *[math.nan] * 61]
    whole = figure([run(train_loss=lost, learning_rate=[0.001] * 81)], [], "svg")
    assert whole.count(b">80</text>") == 2


def test_the_scale_keeps_the_order_of_the_values() -> None:
    from ml_debugger.report.panels import panels

    (panel,) = panels(run(train_loss=[1e-3, 1e-2, 0.5, 7.0]))
    assert panel.line is not None
    heights = [panel.height(value) for value in panel.line.values]
    assert all(low < high for low, high in pairwise(heights))
    assert heights[0] == 0.0
    assert heights[-1] == pytest.approx(1.0)
