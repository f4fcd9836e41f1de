"""safetensors: a JSON header with the place of every tensor, then the raw values.

Format and its limit of 100 MB for the header: the README of huggingface/safetensors.
"""

from __future__ import annotations

import json
import math
from typing import Any

from ml_debugger.artifacts import Tensor
from ml_debugger.readers.checkpoints.describing import describe
from ml_debugger.readers.checkpoints.spans import Span, View, look
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading

MAX_HEADER = 100_000_000
ITEM_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16,
    "I32": 32, "U32": 32, "F32": 32,
    "I64": 64, "U64": 64, "F64": 64, "C64": 64,
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip


def recognise(head: Head) -> str | None:
    """By the length of the header and the brace that opens it."""
    if len(head.start) < 9 or head.start[8:9] != b"{":
        return None
    plausible = 2 <= _header_length(head) <= MAX_HEADER
    known = b'"data_offsets"' in head.start or b'"__metadata__"' in head.start
    return "safetensors" if plausible and (known or head.suffix == ".safetensors") else None


def read(head: Head, kind: str) -> Reading:
    """Compare the places that the header gives with each other and with the file's size."""
    length = _header_length(head)
    if 8 + length > head.size:
        return describe(
            head, kind, f"is cut short: {8 + length - head.size:,} header bytes missing"
        )
    with head.file.open("rb") as stream:
        raw = stream.read(8 + length)[8:]
    try:
        header = json.loads(raw)
    except (ValueError, RecursionError) as error:
        return describe(head, kind, f"its header is no JSON: {error}")
    if not isinstance(header, dict):
        return describe(head, kind, "its header is no JSON object")
    metadata = header.pop("__metadata__", None)
    details = {str(k): str(v) for k, v in metadata.items()} if isinstance(metadata, dict) else {}
    tensors: list[Tensor] = []
    problem = _collect(header, head.size - 8 - length, tensors)
    looked = look(head.file, _spans(header, 8 + length, head.size))
    return describe(
        head,
        kind,
        problem,
        tensors=tensors,
        epoch=_whole(details.get("epoch")),
        step=_whole(details.get("step", details.get("global_step"))),
        val_loss=_number(details.get("val_loss", details.get("validation_loss"))),
        details={**details, **looked.details},
        figures=looked.figures,
    )


def _spans(header: dict[str, Any], begin: int, size: int) -> list[Span]:
    """The places of the tensors in the order of the file, as far as it goes."""
    spans = []
    for name, entry in header.items():
        match entry:
            case {
                "dtype": str(dtype),
                "shape": [*shape],
                "data_offsets": [int(start), int(end)],
            } if 0 <= start <= end and all(isinstance(n, int) and n >= 0 for n in shape):
                view = View(name, dtype, tuple(shape))
                length = max(0, min(end, size - begin) - start)
                spans.append(Span(begin + start, length, (view,), name=name))
    return sorted(spans, key=lambda span: span.start)


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _header_length(head: Head) -> int:
    return int.from_bytes(head.start[:8], "little")


def _collect(header: dict[str, Any], available: int, tensors: list[Tensor]) -> str | None:
    spans: list[tuple[int, int, str]] = []
    for name, entry in header.items():
        match entry:
            case {
                "dtype": str(dtype),
                "shape": [*shape],
                "data_offsets": [int(start), int(end)],
            } if all(isinstance(length, int) and length >= 0 for length in shape):
                tensors.append(Tensor(name, dtype, tuple(shape)))
                spans.append((start, end, name))
                bits = ITEM_BITS.get(dtype)
                if bits is not None and (end - start) * 8 != math.prod(shape) * bits:
                    return f"tensor {name}: {end - start:,} bytes for {dtype} {shape}"
            case _:
                return f"tensor {name}: its entry in the header is not whole"
    reached = 0
    for start, end, name in sorted(spans):
        if start != reached:
            return f"tensor {name} begins at {start:,}, the one before ends at {reached:,}"
        reached = end
    if reached > available:
        return f"is cut short: {reached - available:,} of {reached:,} bytes of values are missing"
    if reached < available:
        return f"has {available - reached:,} bytes that belong to no tensor"
    return None


READER = Reader("safetensors", recognise, read, (".safetensors",))
