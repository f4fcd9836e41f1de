"""Every artifact is found under the name of the package, and only when it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ml_debugger import artifacts


def test_every_name_is_there() -> None:
    assert {
        name for name in artifacts.__all__ if getattr(artifacts, name).__name__ != name
    } == set()


def test_a_wrong_name_is_said() -> None:
    with pytest.raises(AttributeError, match="NoSuchArtifact"):
        artifacts.NoSuchArtifact  # noqa: B018


def test_one_family_brings_no_other() -> None:
    code = (
        "import sys; from ml_debugger.artifacts import HostSnapshot;"
        "print(*sorted(m for m in sys.modules if m.startswith('ml_debugger.artifacts.')))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["ml_debugger.artifacts.base", "ml_debugger.artifacts.host"]
