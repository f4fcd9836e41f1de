"""The fused scan of the table checks against reading the same bytes, time and memory.

Each side runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from ml_debugger.launch import use_own_packages

COLUMNS, ROWS, CHUNK, ROUNDS = 150, 3_000_000, 250_000, 3


def write(path: Path) -> None:
    """A feature table of float32 columns with ticker, date and a label, in row groups."""
    rng = np.random.default_rng(7)
    days = pl.date_range(pl.date(1998, 1, 1), pl.date(2022, 1, 1), eager=True)[: CHUNK // 50]

    parts = []
    for number in range(ROWS // CHUNK):
        noise = rng.normal(0, 1, (CHUNK, COLUMNS)).astype(np.float32)
        part = pl.DataFrame(noise, schema=[f"feature_{n:03}" for n in range(COLUMNS)])
        keys = pl.DataFrame(
            {
                "ticker": np.repeat([f"T{number:02}{n:02}" for n in range(50)], CHUNK // 50),
                "date": pl.concat([days] * 50),
            }
        )
        label = pl.Series("label_5", rng.normal(0, 0.03, CHUNK).astype(np.float32))
        file = path / f"part-{number:02}.parquet"
        keys.hstack(part).with_columns(label).write_parquet(file)
        parts.append(file)


def read(path: Path) -> None:
    """Decode every column and throw it away."""
    pl.scan_parquet(path / "*.parquet").sink_batches(lambda _batch: None)


def scan(path: Path) -> None:
    """What a run does: ask all checks of feature tables, fuse, evaluate."""
    from ml_debugger.artifacts import FeatureTable
    from ml_debugger.runtime.registry import registry
    from ml_debugger.runtime.scan import fuse

    use_own_packages()
    frame = pl.scan_parquet(path / "*.parquet")
    names = frame.collect_schema().names()
    table = FeatureTable(
        subject="panel",
        path=None,
        frame=frame,
        features=tuple(name for name in names if name.startswith("feature_")),
        labels=("label_5",),
        ticker="ticker",
        time="date",
        rows=ROWS,
        label_horizons={"label_5": 5},
    )
    checks = [c for c in registry().values() if c.judges is FeatureTable and c.ask is not None]
    scans, _ = fuse(frame, {c.code: c.ask(table) for c in checks if c.ask is not None})
    print(f"{len(checks)} checks, {sum(map(len, scans.values()))} aggregations", file=sys.stderr)


def child(side: str, path: Path) -> None:
    """Run one side and print its seconds and peak memory in MB."""
    begun = time.perf_counter()
    {"read": read, "scan": scan}[side](path)
    took = time.perf_counter() - begun
    print(took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def measure(side: str, path: Path) -> tuple[float, float]:
    """Best seconds and largest peak memory (MB) of several processes."""
    command = [sys.executable, __file__, side, str(path)]
    runs = [
        tuple(
            map(float, subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.split())
        )
        for _ in range(ROUNDS)
    ]
    return min(run[0] for run in runs), max(run[1] for run in runs)


def main() -> None:
    """Write the table, then measure both sides in turn."""
    if len(sys.argv) == 3:
        child(sys.argv[1], Path(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        write(path)
        size = sum(file.stat().st_size for file in path.iterdir())
        print(f"{ROWS:,} rows x {COLUMNS} float32 columns, {size / 1e9:.2f} GB of Parquet")
        base, _ = measure("read", path)
        for side, label in (("read", "polars reads the bytes"), ("scan", "fused scan")):
            seconds, memory = measure(side, path)
            ratio = seconds / base
            print(f"{label:<24} {seconds:6.2f} s  {ratio:5.2f} x  peak {memory:,.0f} MB")


if __name__ == "__main__":
    main()
