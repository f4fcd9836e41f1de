"""Finds what is wrong with an ML trading system, proves it, and leads to a verified repair."""

__version__ = "0.1.0"
