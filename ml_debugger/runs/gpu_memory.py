"""Messages of memory that ran out on a GPU: which they are, and their amounts in GiB."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from ml_debugger.artifacts import Passage

RAN_OUT = re.compile(
    r"CUDA out of memory|CUDA error: out of memory|CUDA driver error: out of memory|"
    r"HIP out of memory|HIP error: out of memory|torch\.(?:cuda\.)?OutOfMemoryError|"
    r"\bOutOfMemoryError: (?:CUDA|HIP|XPU|Allocation on device)|Allocation on device \d|"
    r"CUDA_ERROR_OUT_OF_MEMORY|cudaErrorMemoryAllocation|XPU out of memory|"
    r"MPS backend out of memory|"
    r"CU(?:BLAS|DNN|SOLVER|SPARSE|FFT)_STATUS_ALLOC_FAILED|OOM when allocating tensor|"
    r"RESOURCE_EXHAUSTED: (?:Out of memory|Allocator|Failed to allocate|XLA:TPU|Ran out)|"
    r"RESOURCE_EXHAUSTED.*(?:HBM|GPU|CUDA|device memory)|"
    r"Allocator \(GPU_\d_bfc\) ran out of memory|"
    r"cupy\.cuda\.memory\.OutOfMemoryError|Out of memory allocating [\d,]+ bytes|"
    r"rmm\S*: ?(?:std::)?(?:bad_alloc|out_of_memory)|out_of_memory: CUDA error|"
    r"\[LightGBM\] \[Fatal\] \[CUDA\] out of memory|CL_MEM_OBJECT_ALLOCATION_FAILURE|"
    r"CL_OUT_OF_RESOURCES|"
    r"NCCL.*Cuda failure '?out of memory|Failed to allocate request for .* on (?:GPU|device)|"
    r"failed to allocate \S+ \(\d+ bytes\) from device|No available memory for the cache blocks|"
    r"Not enough (?:GPU |CUDA |device )memory|GPU memory allocation error|"
    r"Memory allocation error on worker"
)
_HOST = re.compile(
    r"DefaultCPUAllocator|CPUAllocator|Unable to allocate|by allocator cpu|/device:CPU|"
    r"MemoryError$|"
    r"Cannot allocate memory|Java heap"
)
_UNITS = {
    "": 2.0**-30, "b": 2.0**-30, "bytes": 2.0**-30, "kib": 2.0**-20, "kb": 2.0**-20,
    "mib": 2.0**-10, "mb": 2.0**-10, "m": 2.0**-10, "gib": 1.0, "gb": 1.0, "g": 1.0,
    "tib": 2.0**10, "tb": 2.0**10,
}  # fmt: skip
_AMOUNT = r"((?>[\d,]*\d(?:\.\d+)?))[ ]?((?>[KMGT]i?B|bytes|B|M|G)?)(?!\w)"
_READ = (
    ("requested", rf"[Tt]ried to allocate (?:more than )?{_AMOUNT}"),
    ("requested", rf"[Rr]equested(?: memory)?:? *(?:(?:for )?an allocation of )?{_AMOUNT}"),
    (
        "requested",
        rf"[Oo]ut of memory[^\n]{{0,40}}? (?:(?:while )?trying to allocate|allocating) {_AMOUNT}",
    ),
    ("requested", rf"[Ff]ailed to allocate (?:request for )?{_AMOUNT}"),
    ("requested", rf"Attempting to allocate {_AMOUNT}"),
    ("requested", rf"ran out of memory trying to allocate {_AMOUNT}"),
    ("free", rf"of which {_AMOUNT} is free"),
    ("free", rf"; {_AMOUNT} (?:free|cached)(?:;|\))"),
    ("free", rf"[Ff]ree(?: memory)?:? *{_AMOUNT}"),
    ("capacity", rf"total capacity of {_AMOUNT}"),
    ("capacity", rf"{_AMOUNT} total capacity"),
    ("allocated", rf"; {_AMOUNT} already allocated"),
    ("allocated", rf"allocated memory {_AMOUNT} is allocated by PyTorch"),
    ("allocated", rf"allocated so far: {_AMOUNT}"),
    ("reserved", rf"; {_AMOUNT} reserved in total"),
    ("reserved", rf"{_AMOUNT} is reserved by PyTorch but unallocated"),
    ("in_use", rf"this process has {_AMOUNT} memory in use"),
)  # fmt: skip
_OTHERS = re.compile(rf"Process \d+ has {_AMOUNT} memory in use")
_SHAPE = re.compile(r"shape ?\[([\d, ]+)\] and type (\w+)")
_BYTES = {
    **{"float": 4, "float32": 4, "half": 2, "float16": 2, "bfloat16": 2, "double": 8},
    **{"float64": 8, "int32": 4, "int64": 8, "bool": 1, "int8": 1, "uint8": 1},
}


def ran_out(passage: Passage) -> bool:
    """Whether the passage says that memory of a GPU ran out; host memory is another matter."""
    return message_of(passage) is not None


def message_of(passage: Passage) -> str | None:
    """The text that says so, with what follows it; None where the passage says no such thing."""
    for at, text in enumerate(passage.lines):
        if text.startswith(("    ", "  File")):
            continue
        if RAN_OUT.search(text) and not _HOST.search(text):
            return " ".join(part.strip() for part in passage.lines[at : at + 6])
    return None


def amounts(message: str) -> dict[str, float]:
    """The amounts of a message in GiB: requested, free, capacity, allocated, reserved, in_use and
    others (what further processes hold). Numbers without a unit are bytes."""
    found: dict[str, float] = {}
    for name, pattern in _READ:
        if name not in found and (match := re.search(pattern, message)):
            value = _gib(match.group(1), match.group(2))
            if value is not None:
                found[name] = value
    others = [_gib(*match.groups()) or 0.0 for match in _OTHERS.finditer(message)]
    if others:
        found["others"] = math.fsum(others)
    if "requested" not in found and (shape := _SHAPE.search(message)):
        width = _BYTES.get(shape.group(2))
        sides = [int(side) for side in shape.group(1).replace(" ", "").split(",") if side]
        if width is not None:
            found["requested"] = math.prod(sides) * width / 2**30
    return found


def device_of(message: str) -> str | None:
    """The number of the GPU that the message names."""
    match = re.search(r"\(?GPU[ _:](\d+)|cuda:(\d+)|device:GPU:(\d+)|GPU_(\d+)_bfc", message)
    return next(group for group in match.groups() if group) if match else None


def shown(gib: float) -> str:
    """An amount for a person: GiB, or MiB where it is small."""
    return f"{gib:.2f} GiB" if gib >= 1 else f"{gib * 1024:.0f} MiB"


def greatest(passages: Sequence[Passage]) -> tuple[Passage, dict[str, float]]:
    """The passage that tells most of amounts, the last of equals."""
    best = max(passages, key=lambda passage: len(amounts(message_of(passage) or "")))
    return best, amounts(message_of(best) or "")


def _gib(number: str, unit: str | None) -> float | None:
    factor = _UNITS.get((unit or "").lower())
    return None if factor is None else float(number.replace(",", "")) * factor
