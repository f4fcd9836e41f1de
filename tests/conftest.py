"""What all tests share: a home of their own, and the clean twin, written once a worker."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ml_debugger.testing.twin import write_twin


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, so that no test reads or writes the history and settings of a person."""
    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(home))
    for name in ("DIAGNOSTIC_HISTORY", "DIAGNOSTIC_FAIL_ON", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture(scope="session")
def written_twin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clean twin; only for reading."""
    return write_twin(tmp_path_factory.mktemp("twin") / "workspace")


@pytest.fixture
def twin(written_twin: Path, tmp_path: Path) -> Path:
    """A copy of the clean twin that a test may change."""
    return Path(shutil.copytree(written_twin, tmp_path / "workspace"))


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Write a file below the test's own folder, folders included."""

    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file
