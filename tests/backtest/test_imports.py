"""The rooms stay light to import and look only downward."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ml_debugger

ROOMS = ["data", "training", "inference", "sizing", "backtest"]
PACKAGE = Path(ml_debugger.__file__).parent


def test_importing_all_rooms_loads_no_heavy_library() -> None:
    code = (
        "import sys, ml_debugger.backtest, ml_debugger.inference;"
        "heavy = {'xgboost', 'yfinance', 'pandas', 'torch', 'pyarrow', 'scipy'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_before_it(room: str) -> None:
    allowed = {"artifacts", "errors", *ROOMS[: ROOMS.index(room) + 1]}
    for file in (PACKAGE / room).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ml_debugger."):
                assert (node.module or "").split(".")[1] in allowed, f"{file.name}: {node.module}"
