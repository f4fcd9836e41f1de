"""Faults of security."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ml_debugger.testing.hostile_pickles import call
from ml_debugger.testing.plant import fault


@fault("unsafe-pickle")
def plant_unsafe_pickle(workspace: Path, rng: np.random.Generator) -> str:
    """A model from elsewhere that would call the system; what it calls does nothing."""
    file = workspace / "models" / "regime.pkl"
    file.parent.mkdir(exist_ok=True)
    name = str(rng.choice(["os", "posix", "nt"]))
    file.write_bytes(call(name, "getpid"))
    return f"models/regime.pkl calls {name}.getpid when it is loaded"
