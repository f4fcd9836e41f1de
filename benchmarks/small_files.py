"""A market in 12,500 small partition files against the same market in one file, time and memory.

Each side runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from ml_debugger.launch import use_own_packages

TICKERS, YEARS, ROUNDS = 500, range(2000, 2025), 3
ONE, MANY = "market.parquet", "market"
SIDES = {
    "read": "polars reads the bytes",
    "open": "reader: a price table",
    "judge": "reader and all checks",
}


def write(folder: Path) -> None:
    """Daily bars of random walks, in one file and partitioned by ticker and year."""
    one, many = folder / ONE, folder / MANY
    rng = np.random.default_rng(7)
    days = pl.date_range(date(YEARS[0], 1, 1), date(YEARS[-1], 12, 31), eager=True)
    days = days.filter(days.dt.weekday() <= 5)
    years = days.dt.year()
    parts = []
    for number in range(TICKERS):
        close = 100 * np.exp(np.cumsum(rng.normal(0, 0.015, len(days))))
        opening = close * np.exp(rng.normal(0, 0.005, len(days)))
        spread = np.exp(np.abs(rng.normal(0, 0.006, (2, len(days)))))
        bars = pl.DataFrame(
            {
                "date": days,
                "open": opening.round(2),
                "high": (np.maximum(opening, close) * spread[0]).round(2),
                "low": (np.minimum(opening, close) / spread[1]).round(2),
                "close": close.round(2),
                "volume": rng.integers(100_000, 9_000_000, len(days)),
            }
        )
        for year in YEARS:
            place = many / f"ticker=T{number:03}" / f"year={year}"
            place.mkdir(parents=True)
            bars.filter(years == year).write_parquet(place / "part-0.parquet")
        parts.append(bars.select(pl.lit(f"T{number:03}").alias("ticker"), pl.all()))
    pl.concat(parts).write_parquet(one)


def read(path: Path) -> None:
    """Decode every column and throw it away."""
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else path
    pl.scan_parquet(files, hive_partitioning=False).sink_batches(lambda _batch: None)


def opened(path: Path, *, judged: bool) -> None:
    """What `inspect` does: read into a price table, then ask and gather for all checks."""
    from ml_debugger.artifacts import PriceTable
    from ml_debugger.readers.opening import open_file, open_folder
    from ml_debugger.runtime.registry import registry
    from ml_debugger.runtime.scan import look

    use_own_packages()
    if path.is_dir():
        artifacts = open_folder(path, path.name)
    else:
        artifacts = open_file(path, path.name, named=True)
    prices = next(a for a in artifacts if isinstance(a, PriceTable))
    if judged:
        checks = [c for c in registry().values() if c.judges is PriceTable]
        failed = [found for found in look(prices, checks).values() if isinstance(found, Exception)]
        assert not failed, failed


def child(side: str, path: Path) -> None:
    """Run one side and print its seconds and peak memory in MB."""
    begun = time.perf_counter()
    if side == "write":
        write(path)
    elif side == "read":
        read(path)
    else:
        opened(path, judged=side == "judge")
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
    """Write the market in both forms, then measure all sides in turn."""
    if len(sys.argv) == 3:
        child(sys.argv[1], Path(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        one, many = Path(folder) / ONE, Path(folder) / MANY
        # in a process of its own: a child's peak begins at the size of its parent
        subprocess.run(
            [sys.executable, __file__, "write", folder], check=True, stdout=subprocess.DEVNULL
        )
        sizes = [sum(f.stat().st_size for f in p) / 1e6 for p in ([one], many.rglob("*.parquet"))]
        print(f"{sizes[0]:.0f} MB in one file, {TICKERS * len(YEARS):,} files of {sizes[1]:.0f} MB")
        for side, label in SIDES.items():
            (alone, held), (parts, held_parts) = measure(side, one), measure(side, many)
            print(
                f"{label:<24} one {alone:5.2f} s {held:5,.0f} MB   "
                f"many {parts:5.2f} s {held_parts:5,.0f} MB   {parts / alone:5.2f} x"
            )


if __name__ == "__main__":
    main()
