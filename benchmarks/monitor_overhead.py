"""What the live monitor costs: a small LSTM and XGBoost with it, without it, and anomaly mode.

The variants run in turns and the ratios are those of the medians within one run, of processor
time and of wall-clock time. Beside them stands what the calls of the monitor took of their own
thread's time, which a busy machine blurs less. The monitor is the default one, with its log and
all checks.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xgboost

from ml_debugger.monitor import TrainingMonitor

Block = Callable[[], None]


class Stopwatch:
    """A clock that stands still while other variants run, so that they lend no time to looks."""

    def __init__(self) -> None:
        self._gone = 0.0
        self._since: float | None = None

    def __call__(self) -> float:
        running = time.perf_counter() - self._since if self._since is not None else 0.0
        return self._gone + running

    def __enter__(self) -> None:
        self._since = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._gone, self._since = self(), None


def in_turns(blocks: dict[str, Block], turns: int) -> dict[str, tuple[float, float]]:
    """Median seconds of each block: processor and wall clock. The first two turns warm up."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in blocks}
    for turn in range(turns + 2):
        for name, block in blocks.items():
            processor, wall = time.process_time(), time.perf_counter()
            block()
            if turn > 1:
                taken[name].append((time.process_time() - processor, time.perf_counter() - wall))
    return {
        name: (statistics.median(p for p, _ in own), statistics.median(w for _, w in own))
        for name, own in taken.items()
    }


def lstm(hidden: int, batch: int, steps: int, folder: Path) -> tuple[dict[str, Block], list[str]]:
    """Blocks of training steps of an LSTM over 30 days of 32 features, one model a variant."""
    said: list[str] = []

    def block(anomalies: bool, monitor: TrainingMonitor | None, clock: Stopwatch) -> Block:
        torch.manual_seed(0)
        layer, head = torch.nn.LSTM(32, hidden, batch_first=True), torch.nn.Linear(hidden, 1)
        model = torch.nn.ModuleDict({"lstm": layer, "head": head})
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        shares: list[float] = []
        batches = torch.randn(32, batch, 30, 32)
        targets = batches[:, :, -5:, 0].mean(dim=2, keepdim=True)
        targets += torch.randn_like(targets)

        def run() -> None:
            watching = torch.autograd.set_detect_anomaly(True) if anomalies else nullcontext()
            inside, begun = 0.0, time.thread_time()
            with clock, watching:
                for number in range(steps):
                    x, y = batches[number % 32], targets[number % 32]
                    out, _state = layer(x)
                    predictions = head(out[:, -1])
                    loss = (predictions - y).square().mean()
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                    if monitor is not None:
                        before = time.thread_time()
                        monitor.step(
                            loss, model=model, optimizer=optimizer, predictions=predictions
                        )
                        inside += time.thread_time() - before
            if monitor is not None:
                shares.append(inside / (time.thread_time() - begun - inside))
                said[:] = [
                    f"sampled every {monitor.interval} steps;",
                    f"calls took {statistics.mean(shares[2:] or shares):.2%} of the training",
                ]

        return run

    clock = Stopwatch()
    monitor = TrainingMonitor(log=folder / f"lstm{hidden}.jsonl", folder=folder, clock=clock)
    blocks = {
        "no monitor": block(False, None, Stopwatch()),
        "monitor": block(False, monitor, clock),
        "anomaly mode": block(True, None, Stopwatch()),
    }
    return blocks, said


def boosting(rows: int, rounds: int, folder: Path) -> tuple[dict[str, Block], list[str]]:
    """Whole trainings, the opening and the last look of the monitor included."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 40)).astype(np.float32)
    y = x[:, :8].sum(axis=1) + rng.normal(size=rows)
    cut = rows * 4 // 5
    train, valid = xgboost.DMatrix(x[:cut], y[:cut]), xgboost.DMatrix(x[cut:], y[cut:])

    said: list[str] = []
    shares: list[float] = []

    def block(monitored: bool) -> Block:
        def run() -> None:
            inside = [0.0]
            callbacks = []
            if monitored:
                monitor = TrainingMonitor(log=folder / "xgboost.jsonl", folder=folder)
                callbacks = [timed(monitor.callback("xgboost"), inside)]
            begun = time.thread_time()
            xgboost.train(
                {"eta": 0.05, "max_depth": 6, "nthread": 1},
                train,
                rounds,
                evals=[(train, "train"), (valid, "valid")],
                callbacks=callbacks,
                verbose_eval=False,
            )
            if monitored:
                shares.append(inside[0] / (time.thread_time() - begun - inside[0]))
                said[:] = [f"calls took {statistics.mean(shares[1:] or shares):.2%} of it"]

        return run

    return {"no monitor": block(False), "monitor": block(True)}, said


def timed(callback: Any, inside: list[float]) -> Any:
    """The callback, adding up in `inside` what its calls take of the thread's time."""

    def measured(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            before = time.thread_time()
            answer = method(*given, **named)
            inside[0] += time.thread_time() - before
            return answer

        return call

    for name in ("before_training", "after_iteration", "after_training"):
        setattr(callback, name, measured(getattr(callback, name)))
    return callback


def show(title: str, times: dict[str, tuple[float, float]], each: int, said: list[str]) -> None:
    """One table of ratios."""
    processor, wall = times["no monitor"]
    print(f"{title}: {wall / each * 1e3:.2f} ms each; {' '.join(said)}")
    for name, (own_processor, own_wall) in times.items():
        ratios = f"{own_processor / processor:7.3f} x processor  {own_wall / wall:7.3f} x wall"
        print(f"  {name:<13}{ratios}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=25)
    turns = parser.parse_args().turns
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for hidden, batch, steps in ((16, 16, 600), (64, 64, 200), (128, 256, 30)):
            blocks, said = lstm(hidden, batch, steps, folder)
            times = in_turns(blocks, turns)
            show(f"LSTM of {hidden} units, batches of {batch}", times, steps, said)
        blocks, said = boosting(40_000, 150, folder)
        show("XGBoost, 40,000 rows, depth 6", in_turns(blocks, max(turns // 3, 3)), 150, said)


if __name__ == "__main__":
    main()
