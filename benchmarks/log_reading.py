"""Reading text logs of training against counting their lines with `wc -l`.

Writes a log of each shape (200 MB, or as many as the argument says) to a temporary folder and
reads it with the reader that recognises it, best of three, in a process of its own so that its
peak memory is its own. The log of all shapes in turn stands for one that no single print
statement wrote.
"""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ml_debugger.launch import use_own_packages

ROUNDS = 3


def _prefixed(step: int, value: float) -> str:
    second = step % 60
    return (
        f"2025-01-02 10:{step // 60 % 60:02}:{second:02},{step % 1000:03} - INFO - trainer - "
        f"Epoch {step // 50_000 + 1}/400 step {step % 50_000}/50000 loss: {value:.6f} - "
        f"lr: {1e-3 / (1 + step % 50_000):.3e} - grad_norm: {value * 2:.4f}\n"
    )


def _pairs(step: int, value: float) -> str:
    return f"step={step} loss={value} acc={value / 3} lr=0.001 grad_norm={value * 2}\n"


def _bar(step: int, value: float) -> str:
    part = step % 1000
    bar = "#" * (part // 100)
    end = "\n" if part == 999 else "\r"
    return (
        f"Epoch {step // 1000}: {part // 10:3}%|{bar:<10}| {part}/1000 "
        f"[00:{part // 60 % 60:02}<01:00, {10 + value:.2f}it/s, v_num=0, "
        f"train_loss={value:.3f}]{end}"
    )


def _keras(step: int, value: float) -> str:
    head = f"Epoch {step // 100 + 1}/90000\n" if step % 100 == 0 else ""
    done = step % 100 + 1
    return (
        f"{head}{done:3}/100 [{'=' * (done // 10)}>{'.' * (9 - done // 10)}] - ETA: 1s - "
        f"loss: {value:.4f} - accuracy: {value / 2:.4f}" + ("\n" if done == 100 else "\r")
    )


def _boosting(step: int, value: float) -> str:
    return f"[{step}]\ttrain-rmse:{value:.6f}\ttrain-mae:{value:.6f}\teval-rmse:{value:.6f}\n"


def _chatter(step: int, value: float) -> str:
    if step % 4 == 0:
        return _prefixed(step, value)
    return (
        f"2025-01-02 10:{step // 60 % 60:02}:{step % 60:02},{step % 1000:03} DEBUG "
        f"loader.py:{step % 97} worker {step % 8} fetched shard "
        f"{step * 7919 % 100_003:06} in {value * 10:.1f} units\n"
    )


SHAPES: dict[str, Callable[[int, float], str]] = {
    "time stamps": _prefixed,
    "key=value": _pairs,
    "progress bar": _bar,
    "keras": _keras,
    "xgboost": _boosting,
    "three of four lines chatter": _chatter,
}


def write(path: Path, shape: Callable[[int, float], str], size: int) -> None:
    """A log of about `size` bytes, whose loss falls with noise."""
    rng = random.Random(7)
    noise = [rng.random() for _ in range(9973)]
    written = step = 0
    with path.open("w", encoding="utf-8") as stream:
        while written < size:
            lines = [
                shape(at, 0.3 + noise[at % 9973] / (1 + at / 1e5))
                for at in range(step, step + 5000)
            ]
            step += 5000
            text = "".join(lines)
            written += len(text)
            stream.write(text)


def read(path: Path) -> None:
    """What a run does with the file."""
    from ml_debugger.artifacts import TrainingRun
    from ml_debugger.readers.opening import open_file

    use_own_packages()
    best = min(_timed(lambda: open_file(path, path.name, named=True)) for _ in range(ROUNDS))
    runs = [a for a in open_file(path, path.name, named=True) if isinstance(a, TrainingRun)]
    points = sum(len(curve) for run in runs for curve in run.curves.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(best, points, peak)


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _counted(path: Path) -> float:
    command = ["wc", "-l", str(path)]
    return _timed(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))


def main() -> None:
    """Measure every shape."""
    if len(sys.argv) == 3 and sys.argv[1] == "read":
        read(Path(sys.argv[2]))
        return
    size = int(float(sys.argv[1]) * 1e6) if len(sys.argv) > 1 else 200_000_000
    with tempfile.TemporaryDirectory() as folder:
        for name, shape in SHAPES.items():
            path = Path(folder) / "train.log"
            write(path, shape, size)
            megabytes = path.stat().st_size / 1e6
            counting = min(_counted(path) for _ in range(ROUNDS))
            done = subprocess.run(
                [sys.executable, __file__, "read", str(path)],
                check=True,
                capture_output=True,
                text=True,
            )
            seconds, points, peak = (float(part) for part in done.stdout.split())
            print(
                f"{name:<28} {megabytes / seconds:7.1f} MB/s   wc -l "
                f"{megabytes / counting:7.0f} MB/s   {seconds / counting:6.0f} x   "
                f"{points:9.0f} points   peak {peak:5.0f} MiB"
            )


if __name__ == "__main__":
    main()
