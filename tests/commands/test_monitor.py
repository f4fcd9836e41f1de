"""`diagnostic monitor` as its user meets it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.conftest import Diagnostic, Ended

Monitor = Callable[..., Ended]

HEALTHY = "for i in range(30): print(f'epoch {i} loss: {1 / (i + 1) + 0.5:.4f}')"


@pytest.fixture
def monitor(diagnostic: Diagnostic) -> Monitor:
    """Run `diagnostic monitor OPTIONS -- python -c PROGRAM` in an empty folder."""

    def monitor(program: str, *options: str) -> Ended:
        return diagnostic("monitor", *options, "--", sys.executable, "-c", program)

    return monitor


def test_output_passes_and_the_exit_code_is_kept(monitor: Monitor) -> None:
    done = monitor("print('step 1 loss=0.5'); import sys; print('!', file=sys.stderr); exit(7)")
    assert done.out == "step 1 loss=0.5\n"
    assert done.err.startswith("!\n")
    assert done.code == 7


def test_a_finding_is_told_and_left_in_the_history(
    monitor: Monitor, diagnostic: Diagnostic
) -> None:
    losses = "1 / (i + 1) if i < 9 else float('nan')"
    done = monitor(f"for i in range(20): print('step', i, 'loss', {losses})")
    assert done.code == 0
    assert "FAIL TRN001 non-finite-loss: loss is NaN from step 9" in done.err
    run = done.err.rpartition("diagnostic history ")[2].split("'")[0]
    past = diagnostic("history", run, "--format", "json")
    assert "non-finite-loss" in {result["name"] for result in past.document["results"]}


def test_the_output_is_kept_where_asked(monitor: Monitor, tmp_path: Path) -> None:
    done = monitor(HEALTHY, "--log", "kept.log", "--no-history")
    assert (tmp_path / "kept.log").read_text() == done.out
    assert "kept in kept.log" in done.err


def test_a_lost_training_is_ended_gently(monitor: Monitor) -> None:
    program = """
import signal, sys
def ended(number, frame):
    print("saved", flush=True)
    sys.exit(3)
signal.signal(signal.SIGINT, ended)
for i in range(20):
    print(f"step {i} loss=nan", flush=True)
i = 20
while True:
    signal.sigtimedwait([], 0.5)
    print(f"step {i} loss=nan", flush=True)
    i += 1
"""
    done = monitor(program, "--stop-on", "fail")
    assert done.code == 3
    assert done.out.endswith("saved\n")
    assert "asking it to end: TRN001 non-finite-loss" in done.err


def test_a_command_that_does_not_exist_is_named(diagnostic: Diagnostic, own_home: Path) -> None:
    done = diagnostic("monitor", "--no-history", "--", "no-such-command")
    assert done.code == 127
    assert done.err == "diagnostic: no-such-command: No such file or directory\n"
    assert not list(own_home.rglob("*.log"))


def test_options_of_the_command_are_its_own(diagnostic: Diagnostic) -> None:
    done = diagnostic("monitor", "--no-history", "--", "echo", "--log")
    assert done.out == "--log\n"


def test_a_stop_that_was_passed_on_is_no_crash(diagnostic: Diagnostic) -> None:
    program = (
        "import os, signal\n"
        "for i in range(20): print('step', i, 'loss', 1 / (i + 1), flush=True)\n"
        "os.kill(os.getppid(), signal.SIGTERM)\n"
        "signal.pause()"
    )
    done = diagnostic("monitor", "--", sys.executable, "-c", program)
    assert done.code == 128 + 15
    assert "run-crashed" not in done.err
