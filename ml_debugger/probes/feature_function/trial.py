"""What is to be tried: the function, the interpreter that runs it, and the bounds."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class FunctionTrial:
    """A feature function as the user named it, in plain values.

    `target` is FILE.py:FUNCTION or MODULE:FUNCTION, `folder` the folder that it is named from,
    `python` the interpreter that runs it. `frame` is "pandas", "polars" or "auto". `labels` are
    columns that look ahead by intent; `features` are none, although their names are those of
    labels. `tickers` and `sessions` bound the part of the prices that is used. `call_seconds` is
    the deadline of one call, `seconds` the time for all of them.
    """

    target: str
    folder: str
    python: str
    frame: str = "auto"
    labels: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    tickers: int = 40
    sessions: int = 1_000
    call_seconds: float = 60.0
    seconds: float = 450.0

    @property
    def file(self) -> Path | None:
        """The file that the target names; None where it names a module."""
        place = self.target.rpartition(":")[0]
        return Path(place) if place.endswith(".py") or os.sep in place else None

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> FunctionTrial:
        """The inverse of `dataclasses.asdict`, after JSON."""
        given: dict[str, Any] = dict(data)
        given.update(labels=tuple(given["labels"]), features=tuple(given["features"]))
        return cls(**given)


def active_python(environment: Mapping[str, str] = os.environ) -> str:
    """The interpreter of the active virtual or conda environment, else the present one."""
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        python = Path(environment.get(variable) or "/nowhere") / "bin" / "python"
        if python.is_file():
            return str(python)
    return sys.executable
