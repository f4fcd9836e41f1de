"""How long work tells its caller how far it is."""

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with the stage's name, the units done and the units in total."""


def silent(_stage: str, _done: int, _total: int) -> None:
    """The progress of a caller who does not want any."""
