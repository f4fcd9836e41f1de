"""Limits and encodings that a training inherits."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ml_debugger.probes.process_limits import limits, text_settings

ASK = (
    "from ml_debugger.probes.process_limits import text_settings; t = text_settings();"
    "print(t.output_encoding, t.locale)"
)


def test_limits_of_this_process() -> None:
    found = limits()
    assert found is not None
    assert found.open_files is None or found.open_files > 0


def test_variables_are_named() -> None:
    assert text_settings({"LANG": "C", "LC_ALL": ""}).locale == "LANG=C"
    assert text_settings({}).locale is None


@pytest.mark.parametrize(
    ("variables", "encoding"),
    [
        ({"LANG": "POSIX"}, "utf-8"),
        ({"LC_ALL": "C"}, "utf-8"),
        ({"PYTHONIOENCODING": "ascii"}, "ascii"),
        ({"LANG": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "ascii"),
    ],
)
def test_encodings_are_those_that_python_takes(variables: dict[str, str], encoding: str) -> None:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        env={**kept, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    said = done.stdout.split()[0]
    # CPython calls ASCII by its formal name
    assert said in (encoding, {"ascii": "ansi_x3.4-1968"}.get(encoding))
