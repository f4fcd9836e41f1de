"""TensorBoard event files: our reader, TensorBoard's own loaders, and reading the bytes.

`python benchmarks/event_files.py [PYTHON]` with PYTHON an interpreter that has tensorboard. The
file holds ten scalars a step, half of them in the older encoding and half as tensors, as today's
writers do it. Starting the interpreters and importing is not counted for anyone.
"""

from __future__ import annotations

import math
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

STEPS = 160_000
PEER_STEPS = 16_000
"""The peer is given a tenth of the file: it takes minutes for the whole."""

OLD = ("train/loss", "train/grad_norm", "lr-AdamW", "train/accuracy", "epoch")
NEW = ("epoch_loss", "epoch_learning_rate", "val/loss", "prediction_std", "share_positive")


def write(path: Path, steps: int) -> None:
    """Write an event file, its checksums included."""
    from ml_debugger.readers.training.crc32c import masked_crc32c, masked_crcs

    rng = np.random.default_rng(11)
    started = 1.75e9
    records = [b"\x09" + struct.pack("<d", started) + _field(3, b"brain.Event:2")]
    for step in range(1, steps + 1):
        clock = b"\x09" + struct.pack("<d", started + 0.1 * step) + b"\x10" + _varint(step)
        level = 1 + math.exp(-step / 1e4)
        for number, value in enumerate(rng.normal(level, 0.01, len(OLD) + len(NEW))):
            content = struct.pack("<f", value)
            if number < len(OLD):
                summary = _field(1, OLD[number].encode()) + b"\x15" + content
            else:
                tensor = b"\x08\x01\x12\x00" + _field(4, content)
                plugin = _field(9, _field(1, _field(1, b"scalars")))
                tag = _field(1, NEW[number - len(OLD)].encode())
                summary = tag + _field(8, tensor) + plugin
            records.append(clock + _field(5, _field(1, summary)))
    lengths = np.array([len(record) for record in records])
    everything = np.frombuffer(b"".join(records), dtype=np.uint8)
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    sums = masked_crcs(everything, starts, lengths)
    headers = {n: struct.pack("<Q", n) for n in map(int, np.unique(lengths))}
    framed = {n: h + struct.pack("<I", masked_crc32c(h)) for n, h in headers.items()}
    with path.open("wb") as stream:
        for record, crc in zip(records, sums, strict=True):
            stream.write(framed[len(record)] + record + struct.pack("<I", int(crc)))


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def own(path: Path) -> float:
    """Seconds of our reader, from opening to the training run."""
    from ml_debugger.readers.head import read_head
    from ml_debugger.readers.training.tfevents import READER

    begun = time.perf_counter()
    head = read_head(path, path.name)
    kind = READER.recognise(head)
    reading = READER.read(head, kind or "")
    seconds = time.perf_counter() - begun
    points = sum(len(curve) for run in reading.artifacts for curve in run.curves.values())
    if reading.problem is not None or points < 11:
        raise RuntimeError(f"read {points} points: {reading.problem}")
    return seconds


def bare(path: Path) -> float:
    """Seconds of reading the bytes."""
    begun = time.perf_counter()
    path.read_bytes()
    return time.perf_counter() - begun


def peer(python: str, loader: str, path: Path) -> float:
    """Seconds that TensorBoard's loader says it took under another interpreter."""
    script = Path(__file__).parent / "peers" / "tensorboard_events.py"
    command = [python, "-W", "ignore", str(script), loader, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    """Measure all sides and print their rates."""
    python = sys.argv[1] if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory() as folder:
        whole, part = Path(folder) / "events.out.tfevents.1", Path(folder) / "events.out.tfevents.2"
        write(whole, STEPS)
        write(part, PEER_STEPS)
        sides = {
            "reading the bytes": (whole, min(bare(whole) for _ in range(3))),
            "diagnostic": (whole, min(own(whole) for _ in range(3))),
        }
        if python is not None:
            for loader in ("EventFileLoader", "EventAccumulator"):
                sides[f"tensorboard {loader}"] = (part, peer(python, loader, part))
        for name, (path, seconds) in sides.items():
            size = path.stat().st_size / 1e6
            print(f"{name:<30} {size:7.1f} MB {seconds:8.3f} s {size / seconds:9.1f} MB/s")


if __name__ == "__main__":
    main()
