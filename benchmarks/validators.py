"""General validators of tables and the price checks on the same bars, side by side.

`python benchmarks/validators.py NAME=PYTHON ...` with NAME one of pandera, great_expectations and
deepchecks, and PYTHON an interpreter that has it, pyarrow and pandas. Imports and reading the
file are not counted for anyone. The peers know nothing of sessions, splits, copies or stuck
feeds: "same rules" are missing values, prices of zero and below, ranges, order and duplicates.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
from data_checks import days

TICKERS, SESSIONS, ROUNDS = 100, 3_000, 3
SCRIPTS = {
    "pandera": "pandera_rules.py",
    "great_expectations": "great_expectations_rules.py",
    "deepchecks": "deepchecks_suite.py",
}
SAME_RULES = ("PRC001", "PRC002", "PRC003", "PRC004", "PRC005", "PRC006")


def write(path: Path) -> None:
    """Random walks of 100 tickers over 3,000 sessions, without a fault."""
    rng = np.random.default_rng(5)
    shape = (TICKERS, SESSIONS)
    close = 50 * np.exp(np.cumsum(rng.normal(0.0003, 0.02, shape), axis=1))
    opening = close * np.exp(rng.normal(0, 0.005, shape))
    pl.DataFrame(
        {
            "ticker": np.repeat([f"T{n:03}" for n in range(TICKERS)], SESSIONS),
            "date": days(SESSIONS) * TICKERS,
            "open": opening.ravel(),
            "high": (np.maximum(opening, close) * 1.006).ravel(),
            "low": (np.minimum(opening, close) * 0.994).ravel(),
            "close": close.ravel(),
            "volume": rng.integers(100_000, 9_000_000, shape).astype(float).ravel(),
        }
    ).write_parquet(path)


def own(path: Path, codes: tuple[str, ...]) -> float:
    """Seconds of the checks on a table in memory."""
    from ml_debugger.artifacts import PriceTable
    from ml_debugger.contract import Settings
    from ml_debugger.runtime.registry import registry
    from ml_debugger.runtime.scan import look

    frame = pl.read_parquet(path).rename({"date": "time"})
    names = {name: name for name in frame.columns}
    prices = PriceTable("prices", None, frame=frame.lazy(), names=names, rows=frame.height)
    checks = [registry()[code] for code in codes]
    begun = time.perf_counter()
    shared = look(prices, checks)
    for check in checks:
        found = shared[check.code]
        if isinstance(found, Exception):
            raise found
        check.run([prices], Settings({s.name: s.default for s in check.settings}), found)
    return time.perf_counter() - begun


def alone() -> tuple[str, ...]:
    """Codes of the checks that judge a price table and nothing beside it."""
    from ml_debugger.artifacts import PriceTable
    from ml_debugger.runtime.registry import registry

    checks = registry().values()
    return tuple(c.code for c in checks if c.judges is PriceTable and len(c.needs) == 1)


def peer(python: str, script: str, path: Path) -> float:
    """Seconds that a script of `peers` says it took under another interpreter."""
    command = [python, "-W", "ignore", str(Path(__file__).parent / "peers" / script), str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    """Measure all sides in turn and print the best time of each."""
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "prices.parquet"
        write(path)
        every = alone()
        sides = {
            f"diagnostic, same rules ({len(SAME_RULES)})": lambda: own(path, SAME_RULES),
            f"diagnostic, all checks ({len(every)})": lambda: own(path, every),
            **{
                name: lambda python=python, name=name: peer(python, SCRIPTS[name], path)
                for name, python in given.items()
            },
        }
        best = {name: min(side() for _ in range(ROUNDS)) for name, side in sides.items()}
        base = next(iter(best.values()))
        print(f"{TICKERS * SESSIONS:,} bars")
        for name, seconds in best.items():
            print(f"{name:<32} {seconds:7.3f} s  {seconds / base:7.1f} x")


if __name__ == "__main__":
    main()
