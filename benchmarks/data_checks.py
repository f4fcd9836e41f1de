"""All table checks of prices, features, labels and leakage against reading the same bytes.

`python benchmarks/data_checks.py [FACTOR]`: a panel of 500 tickers x 7,000 sessions and a feature
table of 150 float32 columns x 3 million rows, both FACTOR times as long in tickers (default 1).
Each side runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

SESSIONS, TICKERS, COLUMNS, FEATURE_ROWS, ROUNDS = 7_000, 500, 150, 3_000_000, 3
PREFIXES = ("PRC", "FEA", "LAB", "LEK")


def days(count: int) -> list[date]:
    """Weekdays without the holidays of the New York Stock Exchange, from 1996 on."""
    from ml_debugger.data import nyse

    found: list[date] = []
    day = date(1996, 1, 2)
    while len(found) < count:
        if day.weekday() < 5 and day not in nyse.closures(day.year):
            found.append(day)
        day += timedelta(days=1)
    return found


def write_prices(path: Path, tickers: int) -> None:
    """Random walks with a range and volumes, in files of 500 tickers, sorted by ticker."""
    path.mkdir()
    sessions = days(SESSIONS)
    for part in range(tickers // TICKERS):
        rng = np.random.default_rng(part)
        shape = (TICKERS, SESSIONS)
        close = 50 * np.exp(np.cumsum(rng.normal(0.0003, 0.02, shape), axis=1))
        opening = close * np.exp(rng.normal(0, 0.005, shape))
        bars = {
            "open": opening,
            "high": np.maximum(opening, close) * np.exp(np.abs(rng.normal(0, 0.006, shape))),
            "low": np.minimum(opening, close) * np.exp(-np.abs(rng.normal(0, 0.006, shape))),
            "close": close,
        }
        names = [f"T{part:02}{n:03}" for n in range(TICKERS)]
        pl.DataFrame(
            {
                "ticker": np.repeat(names, SESSIONS),
                "date": sessions * TICKERS,
                **{name: np.round(values, 2).ravel() for name, values in bars.items()},
                "volume": rng.integers(100_000, 9_000_000, shape).ravel(),
            }
        ).write_parquet(path / f"prices-{part:02}.parquet")


def write_features(path: Path, rows: int) -> None:
    """Float32 columns of autocorrelated noise and one label, in files of 250,000 rows."""
    path.mkdir()
    chunk, tickers = 250_000, 50
    sessions = days(chunk // tickers)
    for part in range(rows // chunk):
        rng = np.random.default_rng(1000 + part)
        noise = rng.normal(0, 1, (chunk, COLUMNS)).astype(np.float32)
        noise[1:] += 0.8 * noise[:-1]
        names = [f"T{part:03}{n:02}" for n in range(tickers)]
        pl.DataFrame(noise, schema=[f"feature_{n:03}" for n in range(COLUMNS)]).with_columns(
            pl.Series("ticker", np.repeat(names, len(sessions))),
            pl.Series("date", sessions * tickers),
            pl.Series("label_5", rng.normal(0, 0.03, chunk).astype(np.float32)),
        ).write_parquet(path / f"features-{part:03}.parquet")


def read(folder: Path) -> str:
    """Decode every column of every file and throw it away."""
    for kind in ("prices", "features"):
        pl.scan_parquet(folder / kind / "*.parquet").sink_batches(lambda _batch: None)
    return "polars"


def judge(folder: Path) -> str:
    """What a run does: open, scan, walk and judge."""
    from ml_debugger.launch import use_own_packages
    from ml_debugger.runtime.job import Job
    from ml_debugger.runtime.registry import registry
    from ml_debugger.runtime.worker import work

    use_own_packages()
    codes = tuple(c.code for c in registry().values() if c.prefix in PREFIXES)
    messages: list[dict[str, object]] = []
    paths = (str(folder / "prices"), str(folder / "features"))
    job = Job(paths, codes, configured=False, machine=False, whole_workspace=False)
    work(job, lambda message: messages.append(dict(message)))
    results = [m["result"] for m in messages if m["event"] == "check_finished"]
    counts: dict[str, int] = {}
    for result in results:
        status = str(result["status"])  # type: ignore[index]
        counts[status] = counts.get(status, 0) + 1
    return f"{len(codes)} checks: " + ", ".join(f"{n} {s}" for s, n in sorted(counts.items()))


def child(side: str, folder: Path) -> None:
    """Run one side; print its seconds, peak memory (MB) and what it did."""
    begun = time.perf_counter()
    said = {"read": read, "judge": judge}[side](folder)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([seconds, peak, said]))


def measure(side: str, folder: Path, rounds: int) -> tuple[float, float, str]:
    """Best seconds and largest peak memory of several processes."""
    command = [sys.executable, __file__, side, str(folder)]
    runs = []
    for _ in range(rounds):
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    return min(r[0] for r in runs), max(r[1] for r in runs), runs[0][2]


def main() -> None:
    """Write the tables, then measure both sides in turn."""
    if len(sys.argv) == 3:
        child(sys.argv[1], Path(sys.argv[2]))
        return
    factor = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_prices(folder / "prices", TICKERS * factor)
        write_features(folder / "features", FEATURE_ROWS * factor)
        size = sum(file.stat().st_size for file in folder.rglob("*.parquet"))
        bars, rows = TICKERS * SESSIONS * factor, FEATURE_ROWS * factor
        print(f"{bars:,} bars and {rows:,} x {COLUMNS} features, {size / 1e9:.2f} GB of Parquet")
        base = None
        for side in ("read", "judge"):
            seconds, peak, said = measure(side, folder, ROUNDS if factor == 1 else 1)
            base = base or seconds
            print(f"{side:<6} {seconds:7.2f} s  {seconds / base:5.2f} x  {peak:6,.0f} MB  {said}")


if __name__ == "__main__":
    main()
