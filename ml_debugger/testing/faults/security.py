"""Faults of security."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import numpy as np

from ml_debugger.testing.hostile_pickles import call
from ml_debugger.testing.plant import fault
from ml_debugger.testing.times import same_time


@fault("unsafe-pickle")
def plant_unsafe_pickle(workspace: Path, rng: np.random.Generator) -> str:
    """A model from elsewhere that would call the system; what it calls does nothing."""
    file = workspace / "models" / "regime.pkl"
    file.parent.mkdir(exist_ok=True)
    name = str(rng.choice(["os", "posix", "nt"]))
    file.write_bytes(call(name, "getpid"))
    return f"models/regime.pkl calls {name}.getpid when it is loaded"


@fault("secret-in-file")
def plant_secret_in_file(workspace: Path, rng: np.random.Generator) -> str:
    """A run's log repeats the key with which it reported to a tracker."""
    file = workspace / "runs" / "gru" / "train.log"
    key = "".join(rng.choice(list("0123456789abcdef"), 40))
    lines = file.read_text().splitlines(keepends=True)
    place = len(lines) // 2
    lines.insert(place, f"wandb: WANDB_API_KEY={key}\n")
    with same_time(file):
        file.write_text("".join(lines))
    return f"line {place + 1} of runs/gru/train.log holds a key of 40 digits"


@fault("exposed-permissions")
def plant_exposed_permissions(workspace: Path, rng: np.random.Generator) -> str:
    """A private key was copied into the workspace with the bits of any other file."""
    file = workspace / "keys" / "id_ed25519"
    file.parent.mkdir(exist_ok=True)
    body = b64encode(rng.bytes(240)).decode()
    lines = [body[at : at + 70] for at in range(0, len(body), 70)]
    kind = "OPENSSH PRIVATE KEY"
    file.write_text("\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""]))
    file.chmod(0o644)
    return "keys/id_ed25519 is a private key that everyone may read (mode 0644)"
