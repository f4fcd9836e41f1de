"""Verifying a checkpoint and looking at all its values, beside `cat` and `torch.load`.

Writes files of random values, and times each way in a process of its own, the ways in turn, so
that the ratios of one run hold whatever else the machine does: first with the file out of the
page cache (cold), then with it there (warm).

    python benchmarks/checkpoint_figures.py [--gib 2] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np

from ml_debugger.testing.torch_file import torch_zip
from ml_debugger.testing.twins.checkpoints import safetensors_bytes

_MEASURED = """
import json, sys, time
from pathlib import Path
{setup}
file = Path(sys.argv[1])
begin = time.perf_counter()
{work}
seconds = time.perf_counter() - begin
status = Path("/proc/self/status").read_text()
peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
print(json.dumps([seconds, peak]))
"""
WAYS = {
    "cat": (
        "import subprocess",
        "subprocess.run(['cat', str(file)], stdout=subprocess.DEVNULL, check=True)",
    ),
    "figures": (
        "from ml_debugger.readers.checkpoints import READERS\n"
        "from ml_debugger.readers.head import read_head",
        "head = read_head(file, file.name)\n"
        "reader = next(r for r in READERS if r.recognise(head))\n"
        "read, = reader.read(head, reader.recognise(head)).artifacts\n"
        "assert read.problem is None and len(read.figures) == len(read.tensors)",
    ),
    "torch.load": ("import torch", "torch.load(file, weights_only=True)"),
    "torch.load, isfinite": (
        "import torch",
        "state = torch.load(file, weights_only=True)\n"
        "assert all(bool(torch.isfinite(t).all()) for t in state.values())",
    ),
}


def measure(file: Path, way: str) -> tuple[float, float]:
    """Seconds and MiB at most in memory."""
    setup, work = WAYS[way]
    script = _MEASURED.format(setup=setup, work=work)
    ran = subprocess.run(
        [sys.executable, "-c", script, str(file)], capture_output=True, text=True, check=True
    )
    seconds, peak = json.loads(ran.stdout)
    return seconds, peak


def out_of_cache(file: Path) -> None:
    """Write the file out, then ask the system to forget its pages."""
    with file.open("rb") as stream:
        os.fsync(stream.fileno())
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def report(file: Path, name: str, ways: list[str], rounds: int, *, cold: bool) -> None:
    """Time the ways in turn, and print the median of each beside that of `cat`."""
    times: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            if cold:
                out_of_cache(file)
            times[way].append(measure(file, way))
    base = median(seconds for seconds, _ in times["cat"])
    for way, taken in times.items():
        seconds, peak = median(s for s, _ in taken), max(p for _, p in taken)
        rate = file.stat().st_size / seconds / 2**20
        print(
            f"{name:<18}{way:<22}{seconds:7.2f} s {rate:8,.0f} MiB/s"
            f"{seconds / base:6.1f} times cat {peak:7,.0f} MiB"
        )


def main() -> None:
    """Print one line for each format and way."""
    options = argparse.ArgumentParser()
    options.add_argument("--gib", type=float, default=2.0)
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    rng = np.random.default_rng(1)
    block = rng.standard_normal((4096, 1024), dtype=np.float32)
    tensors = {f"layer.{n}.weight": block + np.float32(n) for n in range(int(given.gib * 64))}
    writers: dict[str, Callable[[dict[str, np.ndarray]], bytes]] = {
        "pt": torch_zip,
        "safetensors": safetensors_bytes,
    }
    with tempfile.TemporaryDirectory() as folder:
        for suffix, write in writers.items():
            file = Path(folder) / f"model.{suffix}"
            file.write_bytes(write(tensors))
            ways = [way for way in WAYS if suffix == "pt" or "torch" not in way]
            for state in ("cold", "warm"):
                report(file, f"{suffix} {state}", ways, given.rounds, cold=state == "cold")
            file.unlink()


if __name__ == "__main__":
    main()
