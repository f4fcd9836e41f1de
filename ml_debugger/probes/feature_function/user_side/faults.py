"""What is told when the function cannot be tried: the reason, and the line of the user's code."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

HERE = str(Path(__file__).parent)
LIBRARY = str(Path(traceback.__file__).parent)
PACKAGES = ("site-packages", "dist-packages")


class Refused(Exception):
    """The function cannot be tried, or gave something that cannot be compared."""


def problem_of(error: BaseException) -> dict[str, Any]:
    """An exception in words, and the line of the user's code that it came through last."""
    text = " ".join(str(error).split())[:300]
    said: dict[str, Any] = {"problem": f"raised {type(error).__name__}: {text}".rstrip(": ")}
    if isinstance(error, SyntaxError) and error.filename:
        return {**said, "file": error.filename, "line": error.lineno}
    frames = [
        f
        for f in traceback.extract_tb(error.__traceback__)
        if not f.filename.startswith((HERE, "<"))
    ]
    theirs = [f for f in frames if is_theirs(f.filename)] or frames
    if theirs:
        last = theirs[-1]
        said.update(file=last.filename, line=last.lineno, function=last.name, text=last.line)
    return said


def is_theirs(file: str) -> bool:
    """Whether a file is the user's own, and no library's."""
    library = file.startswith((LIBRARY, "<")) or any(name in file for name in PACKAGES)
    return not library
