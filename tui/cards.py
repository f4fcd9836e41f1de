"""The card of a check by its code, from the checks that are installed."""

from __future__ import annotations

from ml_debugger.contract.card import Card
from ml_debugger.runtime.registry import registry


def card_of(code: str) -> Card | None:
    """The card; None when no check of that code is installed."""
    check = registry().get(code)
    return None if check is None else check.card
