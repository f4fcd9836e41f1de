"""Changing a file of a workspace without changing when it was written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def same_time(*files: Path) -> Iterator[None]:
    """Give files their modification times back, so that a planted fault plants no other one."""
    times = {file: file.stat().st_mtime_ns for file in files}
    yield
    for file, moment in times.items():
        os.utime(file, ns=(moment, moment))
