"""The commented `diagnostic.toml` that `init` writes, made from the known keys."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

from ml_debugger.workspace.configuration import KEYS

EXAMPLES: dict[str, Any] = {
    "run.min_score": 80,
    "workspace.ignore": ["archive"],
    "workspace.links": [["predictions/a.parquet", "runs/a/validation.json"]],
    "workspace.stages": ["data", "training", "predictions"],
    "workspace.python": ".venv/bin/python",
    "expect.data_through": "latest",
    "expect.tickers": ["AAPL", "MSFT"],
    "expect.universe": 500,
    "expect.members": ["AAPL", "MSFT"],
    "expect.years": 25,
    "expect.lookback": 60,
    "expect.features": 154,
    "expect.horizons": [1, 5, 20, 60],
    "expect.gpus": 8,
    "expect.gpu_training": True,
    "expect.gpu_memory_gb": 640,
    "expect.gpu_name": "H100",
    "expect.gpu_mig": False,
    "expect.gpu_persistence": True,
    "expect.max_long": 1.8,
    "expect.max_short": 0.1,
}
"""A plausible value for each key whose default says nothing."""


def template() -> str:
    """All keys by section, each commented out with its meaning."""
    lines = ["# Configuration of diagnostic. Flags and DIAGNOSTIC_... variables win over it."]
    for section, keys in groupby(KEYS.values(), key=lambda key: key.name.partition(".")[0]):
        lines += ["", f"[{section}]"]
        for key in keys:
            value = EXAMPLES.get(key.name, key.default)
            lines.append(f"# {key.name.partition('.')[2]} = {json.dumps(value)}  # {key.meaning}")
    lines += [
        "",
        "# Limits of single checks; 'diagnostic explain CHECK' names them.",
        "# [limits.overfitting]",
        "# gap = { warn = 0.15, fail = 0.25 }",
    ]
    return "\n".join(lines) + "\n"
