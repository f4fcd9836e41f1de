"""Readers of source code: Python files and Jupyter notebooks, as text."""

from ml_debugger.readers.reader import Reader
from ml_debugger.readers.sources import notebook, python

READERS: tuple[Reader, ...] = (python.READER, notebook.READER)

__all__ = ["READERS"]
