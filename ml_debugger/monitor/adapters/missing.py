"""What is said where a framework is not installed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ml_debugger.errors import MissingExtraError


def module(*names: str) -> Any:
    """The first of the modules that can be imported; raises MissingExtraError in one line."""
    for name in names:
        try:
            return import_module(name)
        except ModuleNotFoundError as error:
            # a module that is there and lacks another one is a different trouble
            if error.name is None or not name.startswith(error.name):
                raise
    package = names[0].partition(".")[0].replace("_", "-")
    raise MissingExtraError(f"{package} is not installed here: pip install {package}")
