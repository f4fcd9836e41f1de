"""Readers of kernel logs."""

from ml_debugger.readers.kernel import kernel_log
from ml_debugger.readers.reader import Reader

READERS: tuple[Reader, ...] = (kernel_log.READER,)

__all__ = ["READERS"]
