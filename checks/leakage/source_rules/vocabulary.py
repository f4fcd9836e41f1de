"""Lists of words, written as text."""

from __future__ import annotations


def vocabulary(*texts: str) -> frozenset[str]:
    """The words of texts in which blanks separate them."""
    return frozenset(word for text in texts for word in text.split())
