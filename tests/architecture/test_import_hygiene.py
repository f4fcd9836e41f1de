"""What a command loads: listing and explaining needs no table engine, no model library, no TUI."""

import json
import subprocess
import sys

import pytest

HEAVY = {"torch", "pandas", "polars", "pyarrow", "xgboost", "textual", "yfinance", "numpy"}

LOADED = """
import json, sys
from commands.main import run
from ml_debugger.launch import use_own_packages

use_own_packages()
code = run(sys.argv[1:])
json.dump([code, sorted(name for name in sys.modules if "." not in name)], sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("explain", "sign-imbalance"),
        ("explain", "future-bar-copy", "--format", "json"),
        ("checks",),
        ("checks", "--format", "json"),
        ("playbook", "list"),
        ("playbook", "show", "leakage"),
    ],
)
def test_reading_commands_load_nothing_heavy(arguments, tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", LOADED, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    code, modules = json.loads(done.stderr)
    assert code == 0
    assert HEAVY.isdisjoint(modules), HEAVY.intersection(modules)


def test_declaring_every_check_loads_nothing_heavy() -> None:
    program = (
        "import sys; from ml_debugger.runtime.registry import registry; registry();"
        "print(*sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    )
    assert HEAVY.isdisjoint(done.stdout.split())
