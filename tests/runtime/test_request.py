"""What may be asked: a path on a mount that never answers is told, and waited for no longer."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from commands.inspect import Place
from ml_debugger.errors import UsageError
from ml_debugger.runtime import request
from ml_debugger.runtime.request import check_request, inspect_request


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Questions for anything called "hung" are answered after the test."""
    over = threading.Event()
    exists = Path.exists

    def hangs(path: Path) -> bool:
        if path.name == "hung":
            over.wait()
        return exists(path)

    monkeypatch.setattr(Path, "exists", hangs)
    monkeypatch.setattr(request._there, "__defaults__", (0.05,))
    yield
    over.set()


@pytest.mark.usefixtures("silent")
def test_a_path_on_a_silent_mount_is_told(tmp_path: Path) -> None:
    (tmp_path / "diagnostic.toml").write_text('[workspace]\npaths = ["hung"]\n')
    with pytest.raises(UsageError, match="hung: its mount gave no answer within"):
        inspect_request([str(tmp_path), str(tmp_path / "hung")])
    with pytest.raises(UsageError, match="hung: its mount gave no answer within"):
        check_request(tmp_path)


def test_a_path_that_cannot_be_asked_for_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(path: Path) -> bool:
        raise OSError(107, "Transport endpoint is not connected", str(path))

    monkeypatch.setattr(Path, "exists", gone)
    with pytest.raises(UsageError, match="Transport endpoint is not connected"):
        inspect_request([str(tmp_path)])


def test_the_command_line_asks_no_mount(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    stat = os.stat

    def recorded(path: str, *more: Any, **named: Any) -> os.stat_result:
        asked.append(path)
        return stat(path, *more, **named)

    monkeypatch.setattr(os, "stat", recorded)
    assert Place().convert("/hung/x.pt", None, None) == "/hung/x.pt"
    assert "/hung/x.pt" not in asked
