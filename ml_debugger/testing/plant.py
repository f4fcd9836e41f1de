"""Planted faults: how each is written into a workspace so that its check must fire.

A fault is a function that changes files of a workspace in the layout of `ml_debugger.testing.twin`
and returns one sentence that says what it did. The same functions serve `selftest`,
`demo --plant` and the tests.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from ml_debugger.errors import ContractError

if TYPE_CHECKING:
    import numpy as np

Plant = Callable[[Path, "np.random.Generator"], str]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault by its catalogue name, and the function that plants it in a workspace."""

    name: str
    plant: Plant


_FAULTS: dict[str, Fault] = {}


def fault(name: str) -> Callable[[Plant], Plant]:
    """Register the function that plants the fault `name`."""

    def register(plant: Plant) -> Plant:
        if name in _FAULTS and _FAULTS[name].plant is not plant:
            raise ContractError(f"fault {name} is planted by two functions")
        _FAULTS[name] = Fault(name, plant)
        return plant

    return register


def faults() -> dict[str, Fault]:
    """All planted faults by name: the built-in ones and those of entry points.

    Third parties name a module of theirs under the entry-point group `ml_debugger.faults`.
    """
    package = importlib.import_module("ml_debugger.testing.faults")
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
    for point in entry_points(group="ml_debugger.faults"):
        point.load()
    return dict(sorted(_FAULTS.items()))
