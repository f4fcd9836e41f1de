import shlex
import sys

import pytest

from ml_debugger.runtime.playbook_command import run_command, runs_by_itself
from ml_debugger.runtime.playbook_model import CommandStep


@pytest.mark.parametrize(
    ("line", "alone"),
    [
        ("diagnostic data validate", True),
        ("diagnostic data validate --rows rows.csv", False),
        ("diagnostic data fetch AAPL", False),
        ("diagnostic check --profile pre-train", True),
        ("diagnostic explain TRN001", True),
        ("diagnostic check --out json:report.json", False),
        ("diagnostic check --out=json:report.json", False),
        ("diagnostic train", False),
        ("diagnostic", False),
        ("grep -rn float16 .", True),
        ("nvidia-smi -L", True),
        ("nvidia-smi --query-gpu=name --format=csv", True),
        ("nvidia-smi -pm 1", False),
        ("nvidia-smi --gpu-reset", False),
        ("python train.py", False),
        ("rm -r data", False),
    ],
)
def test_only_commands_that_read_run_by_themselves(line, alone) -> None:
    assert runs_by_itself(shlex.split(line)) is alone


def step(*command: str, seconds: float = 30.0) -> CommandStep:
    return CommandStep("a", "A", "", command, 0, None, "", "next", seconds)


def test_output_and_exit_code_come_back(tmp_path) -> None:
    code = "import sys, os; print(os.getcwd()); print('err', file=sys.stderr); sys.exit(4)"
    ended = run_command(step(sys.executable, "-c", code), tmp_path)
    assert ended.exit == 4
    assert str(tmp_path) in ended.output
    assert "err" in ended.output


def test_our_own_commands_run_without_being_on_the_path(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert run_command(step("diagnostic", "--version"), tmp_path).exit == 0


def test_there_is_no_shell(tmp_path) -> None:
    ended = run_command(step(sys.executable, "-c", "import sys; print(sys.argv)", "; ls"), tmp_path)
    assert "; ls" in ended.output


def test_a_command_that_is_not_there_was_not_done(tmp_path) -> None:
    ended = run_command(step("no-such-program"), tmp_path)
    assert ended.exit is None
    assert ended.reason == "no-such-program: No such file or directory"


def test_a_command_that_hangs_costs_its_deadline(tmp_path) -> None:
    hanging = "import threading; threading.Event().wait()"
    ended = run_command(step(sys.executable, "-c", hanging, seconds=0.2), tmp_path)
    assert ended.exit is None
    assert "took longer" in (ended.reason or "")
