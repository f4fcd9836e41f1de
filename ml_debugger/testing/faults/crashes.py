"""Ends of runs that nobody wants, planted in the text log of the twin."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import numpy as np

from ml_debugger.readers.training.time_stamps import stamp_of
from ml_debugger.testing.plant import fault
from ml_debugger.testing.twins.logs import EPOCHS, LOG, write_lines

_HEAD = ["Traceback (most recent call last):"]
_OWN = [
    '  File "/srv/bot/train.py", line 118, in <module>',
    "    main()",
    '  File "/srv/bot/train.py", line 97, in main',
    "    loss = model.training_step(batch)",
]
_LIBRARY = [
    '  File "/srv/venv/lib/python3.11/site-packages/torch/nn/modules/module.py", line 15, in _call',
    "    return forward_call(*args, **kwargs)",
]


@fault("run-crashed")
def plant_run_crashed(workspace: Path, rng: np.random.Generator) -> str:
    """The log ends in a traceback whose last lines lie in a library."""
    epoch = _cut(workspace, rng)
    _append(workspace, [*_HEAD, *_OWN, *_LIBRARY, "KeyError: 'volume_ratio_20'"])
    return f"runs/gru ends after epoch {epoch} in a KeyError raised by train.py, line 97"


@fault("cuda-out-of-memory")
def plant_cuda_out_of_memory(workspace: Path, rng: np.random.Generator) -> str:
    """The run ends because an allocation on the GPU failed."""
    epoch = _cut(workspace, rng)
    asked = int(rng.integers(1, 9))
    message = (
        f"torch.OutOfMemoryError: CUDA out of memory. Tried to allocate {asked}.00 GiB. GPU 0 "
        f"has a "
        "total capacity of 23.64 GiB of which 301.81 MiB is free. Process 4711 has 11.20 GiB "
        "memory "
        "in use. Of the allocated memory 10.90 GiB is allocated by PyTorch, and 612.00 MiB is "
        "reserved by PyTorch but unallocated."
    )
    _append(workspace, [*_HEAD, *_OWN, *_LIBRARY, message])
    return f"runs/gru ends after epoch {epoch}: {asked} GiB of GPU memory were not to be had"


@fault("no-space-left")
def plant_no_space_left(workspace: Path, rng: np.random.Generator) -> str:
    """The run ends while it writes a checkpoint."""
    epoch = _cut(workspace, rng)
    where = f"/srv/bot/checkpoints/epoch_{epoch}.pt"
    message = f"OSError: [Errno 28] No space left on device: '{where}'"
    _append(workspace, [*_HEAD, *_OWN, message])
    return f"runs/gru ends after epoch {epoch}, the disk was full"


@fault("nccl-timeout")
def plant_nccl_timeout(workspace: Path, rng: np.random.Generator) -> str:
    """All ranks but one report a collective that never came."""
    epoch = _cut(workspace, rng)
    slow = int(rng.integers(0, 4))
    lines = [
        f"[rank{rank}]:[E603 07:01:0{rank}.40 ProcessGroupNCCL.cpp:607] [Rank {rank}] Watchdog "
        f"caught "
        f"collective operation timeout: WorkNCCL(SeqNum={8800 if rank != slow else 8791}, "
        "OpType=ALLREDUCE, NumelIn=4660, NumelOut=4660, Timeout(ms)=600000) ran for "
        f"60003{rank} milliseconds before timing out."
        for rank in range(4)
    ]
    _append(workspace, [*lines, "Aborted (core dumped)"])
    return f"runs/gru ends after epoch {epoch}: rank {slow} did not come to an all-reduce"


@fault("incomplete-run")
def plant_incomplete_run(workspace: Path, rng: np.random.Generator) -> str:
    """The log stops in the middle, while both losses still improve, with half a line."""
    epoch = _cut(workspace, rng)
    lines = _lines(workspace)
    last = re.sub(
        r"train_loss: [\d.]+ val_loss: [\d.]+", "train_loss: 0.90121 val_loss: 0.95340", lines[-1]
    )
    file = workspace / LOG
    file.write_text("\n".join([*lines[:-1], last, last[:31]]), encoding="utf-8")
    return f"runs/gru stops after epoch {epoch} of {EPOCHS} with no word why"


@fault("stalled-run")
def plant_stalled_run(workspace: Path, rng: np.random.Generator) -> str:
    """The records of the second half come many hours later."""
    lines = _lines(workspace)
    hours = float(rng.uniform(9, 14))
    middle = len(lines) // 2
    late = [_later(line, timedelta(hours=hours)) for line in lines[middle:]]
    write_lines(workspace, lines[:middle] + late)
    return f"runs/gru writes nothing for {hours:.1f} hours in the middle of a run of three hours"


def _lines(workspace: Path) -> list[str]:
    return (workspace / LOG).read_text(encoding="utf-8").splitlines()


def _cut(workspace: Path, rng: np.random.Generator) -> int:
    """Keep the log up to some epoch in the middle."""
    epoch = int(rng.integers(6, 9))
    lines = _lines(workspace)
    end = next(at for at, line in enumerate(lines) if f"Epoch {epoch + 1}/" in line)
    write_lines(workspace, lines[:end])
    return epoch


def _append(workspace: Path, lines: list[str]) -> None:
    write_lines(workspace, [*_lines(workspace), *lines])


def _later(line: str, by: timedelta) -> str:
    when = stamp_of(line)
    if when is None:
        return line
    return (when + by).strftime("%Y-%m-%d %H:%M:%S") + line[19:]
