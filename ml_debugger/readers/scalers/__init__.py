"""Saved scalers: what they are made of, and those that somebody wrote as JSON."""

from ml_debugger.readers.scalers.document import READER

__all__ = ["READER"]
