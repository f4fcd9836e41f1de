"""Running the command line as a person does: in a process of its own, without a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

LAUNCH = "from ml_debugger.launch import main; main()"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as the one JSON document that it must be."""
        document: dict[str, Any] = json.loads(self.out)
        return document

    @property
    def found(self) -> dict[str, str]:
        """Statuses of warnings and failures by name."""
        return {
            result["name"]: result["status"]
            for result in self.document["results"]
            if result["status"] in ("warn", "fail")
        }


Diagnostic = Callable[..., Ended]


@pytest.fixture
def diagnostic(own_home: Path, tmp_path: Path) -> Diagnostic:
    """Run `diagnostic` with arguments, in a folder, with further environment variables."""

    def run(*arguments: str | Path, cwd: Path | None = None, **environment: str) -> Ended:
        command: Sequence[str] = [sys.executable, "-P", "-c", LAUNCH, *map(str, arguments)]
        done = subprocess.run(
            command,
            cwd=cwd or tmp_path,
            env={**os.environ, "HOME": str(own_home), **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return run
