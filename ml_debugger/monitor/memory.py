"""How much memory the training uses."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/statm")


def in_use() -> float:
    """Bytes: the peak that torch allocated on the present CUDA device, else resident memory."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return float(torch.cuda.max_memory_allocated())
    if _STATUS.exists():
        return float(int(_STATUS.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
    # the peak, in bytes, where there is no /proc: macOS
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
