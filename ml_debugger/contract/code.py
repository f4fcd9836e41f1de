"""The grammar of fault codes: three capital letters and three digits, given once, never reused."""

from __future__ import annotations

import re

CODE = re.compile(r"[A-Z]{3}[0-9]{3}")
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

PREFIXES = {
    "PRC": "prices",
    "FEA": "features",
    "LAB": "labels",
    "LEK": "leakage",
    "TRN": "training runs",
    "GRD": "gradients",
    "WGT": "weights",
    "BST": "boosters",
    "CKP": "checkpoints",
    "SEC": "security",
    "PRD": "predictions",
    "VAL": "validation records",
    "BKT": "backtests",
    "SIZ": "position sizes",
    "INT": "integration",
    "GPU": "GPUs",
    "HST": "host",
    "STO": "storage",
    "ENV": "environment",
    "SRC": "data sources",
    "OPS": "operations",
}
"""Prefixes of the built-in catalogue and the subject each one judges."""
