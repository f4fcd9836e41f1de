"""The interpreter that trains is asked in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ml_debugger.probes.environment import take_snapshot

STUB = """#!/bin/sh
{body}
"""


@pytest.fixture
def interpreter(tmp_path: Path) -> Path:
    return tmp_path / "python"


def write(file: Path, body: str) -> str:
    file.write_text(STUB.format(body=body))
    file.chmod(0o755)
    return str(file)


def test_this_interpreter_names_its_packages() -> None:
    environment = take_snapshot(sys.executable, gpu_seen=False)
    assert environment.problem is None
    assert environment.python_version == sys.version.split()[0]
    assert "numpy" in environment.packages
    assert environment.xgboost_gpu is None


def test_words_before_the_answer_do_no_harm(interpreter: Path) -> None:
    said = '{"python_version": "3.12.1", "packages": {"xgboost": "2.0"}, "xgboost_gpu": "fails"}'
    command = write(interpreter, f"echo welcome; echo '{said}'")
    environment = take_snapshot(command, gpu_seen=True)
    assert (environment.python_version, environment.xgboost_gpu) == ("3.12.1", "fails")
    assert environment.gpu_seen is True


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("echo 'bad magic number' >&2; exit 1", "did not answer: bad magic number"),
        ("exit 3", "did not answer: exit code 3"),
        ("echo '[1, 2]'", "did not answer: exit code 0"),
    ],
)
def test_an_interpreter_that_fails_is_a_problem(body: str, said: str, interpreter: Path) -> None:
    assert take_snapshot(write(interpreter, body), gpu_seen=False).problem == said


def test_an_interpreter_that_is_missing_is_a_problem(interpreter: Path) -> None:
    problem = take_snapshot(str(interpreter), gpu_seen=False).problem
    assert problem == "No such file or directory"


def test_an_interpreter_that_hangs_costs_its_deadline(interpreter: Path) -> None:
    command = write(interpreter, "exec sleep 20")
    environment = take_snapshot(command, gpu_seen=False, deadline=0.1)
    assert environment.problem == "no answer within 0.1 s"
