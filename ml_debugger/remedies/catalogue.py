"""The remedies by name; a check names the one for its findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ml_debugger.contract import Result
from ml_debugger.remedies import clear_temporary, recompress, rotate_checkpoints
from ml_debugger.remedies.plan import Plan

Planner = Callable[[Path, Sequence[Result]], Plan]

REMEDIES: Mapping[str, Planner] = {
    module.ID: module.plan for module in (rotate_checkpoints, clear_temporary, recompress)
}
"""A remedy plans what it would do below a folder about findings of its check."""
