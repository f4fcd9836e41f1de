"""The status line changes no byte of the output above it and gives its row back."""

from __future__ import annotations

from commands.monitoring.status_line import StatusLine
from commands.monitoring.status_text import status_text
from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.monitor.wrapped.following import Look


def _line(rows: int = 24, columns: int = 80) -> tuple[StatusLine, list[str]]:
    written: list[str] = []
    line = StatusLine(written.append, rows, columns)
    written.clear()
    return line, written


def test_it_is_cut_to_the_terminal_and_drawn_only_when_it_changes() -> None:
    line, written = _line(columns=20)
    line.show("x" * 50)
    line.show("x" * 50)
    (drawn,) = written
    assert "x" * 19 in drawn
    assert "x" * 20 not in drawn


def test_it_never_breaks_a_control_sequence_of_the_command() -> None:
    line, written = _line()
    line.seen(b"loss \x1b[3")
    line.show("one")
    assert written == []
    line.seen(b"2m0.5\n")
    line.show("one")
    assert written


def test_it_stays_away_from_a_full_screen_program() -> None:
    line, written = _line()
    line.seen(b"\x1b[?1049h")
    line.show("one")
    assert written == []
    line.seen(b"\x1b[?1049l")
    line.show("one")
    assert written


def test_a_finding_begins_on_a_line_of_its_own() -> None:
    line, written = _line()
    line.seen(b"\repoch 3: 40%|####")
    line.above("finding")
    assert written == ["\nfinding\n"]


def test_the_text_names_place_and_figures() -> None:
    curves = {
        name: Curve(name, name, [1.0, 2.0], [0.5, value], [1, 2])
        for name, value in (("train_loss", 0.25), ("val_loss", float("nan")))
    }
    run = TrainingRun("run", None, format="x", step_unit="epoch", curves=curves, planned_steps=9)
    text = status_text(Look((run,), ()), 3723)
    assert text == "diagnostic | no finding | epoch 2/9 | loss 0.25 | val nan | 1:02:03"
