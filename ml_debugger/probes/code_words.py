"""Where the code of a workspace says how it computes: seeds, precision, determinism. Only read."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

WORDS = (
    "allow_tf32", "set_float32_matmul_precision", "fp32_precision", "autocast", "GradScaler",
    "manual_seed", "seed_everything", "set_random_seed", "use_deterministic_algorithms",
    "enable_op_determinism", "CUBLAS_WORKSPACE_CONFIG",
)  # fmt: skip
SECONDS = 0.5
MOST_FILES = 3_000
MOST_BYTES = 1 << 20
_PASSED_OVER = frozenset(
    {"site-packages", "node_modules", "venv", "env", "__pycache__", "tests", "test"}
)
_WORD = re.compile(r"\b(" + "|".join(WORDS) + r")\b")


def code_words(roots: Sequence[str], seconds: float = SECONDS) -> dict[str, str]:
    """The first place, as FILE:LINE, of each word in Python files and notebooks below folders.

    Hidden folders, Python environments and tests are passed over; comments do not count.
    """
    found: dict[str, str] = {}
    end = time.monotonic() + seconds
    files = 0
    for root in roots:
        for folder, names, entries in os.walk(root):
            names[:] = sorted(
                n for n in names if not n.startswith(".") and n not in _PASSED_OVER
                and not (Path(folder) / n / "pyvenv.cfg").exists()
            )  # fmt: skip
            for entry in sorted(entries):
                if not entry.endswith((".py", ".ipynb")):
                    continue
                files += 1
                if files > MOST_FILES or time.monotonic() > end:
                    return found
                _read(Path(folder) / entry, found)
    return found


def _read(file: Path, found: dict[str, str]) -> None:
    try:
        if not file.is_file():
            return
        with file.open("rb") as stream:
            text = stream.read(MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        # no permission, or gone by now
        return
    for number, line in enumerate(text.splitlines(), 1):
        for match in _WORD.finditer(line.partition("#")[0]):
            found.setdefault(match[1], f"{file}:{number}")
