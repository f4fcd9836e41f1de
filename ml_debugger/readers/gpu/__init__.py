"""Readers of what nvidia-smi printed into a file: snapshots of cards and their history."""

from ml_debugger.readers.gpu import saved_output
from ml_debugger.readers.reader import Reader

READERS: tuple[Reader, ...] = (saved_output.READER,)

__all__ = ["READERS"]
