"""Start-up: `diagnostic --help` against a bare `import click`, in turns, medians."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

ROUNDS = 21


def seconds(command: Sequence[str]) -> float:
    """Wall-clock time of one process."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def main() -> None:
    """Measure in turns, so that a drift of the machine meets both."""
    launch = "from ml_debugger.launch import main; main()"
    commands = {
        "import click": [sys.executable, "-c", "import click"],
        "diagnostic --help": [sys.executable, "-c", launch, "--help"],
        "diagnostic explain TRN001": [sys.executable, "-c", launch, "explain", "TRN001"],
        "diagnostic checks": [sys.executable, "-c", launch, "checks"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(ROUNDS + 1):
        for name, command in commands.items():
            took = seconds(command)
            if turn:  # the first turn warms the caches
                times[name].append(took)
    base = statistics.median(times["import click"])
    for name, taken in times.items():
        middle = statistics.median(taken)
        print(f"{name:<26} {middle * 1000:6.0f} ms  {middle / base:5.2f} x")


if __name__ == "__main__":
    main()
