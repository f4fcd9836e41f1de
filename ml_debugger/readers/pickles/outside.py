"""What loaders run or reach for outside pickles: Keras layers with code, ONNX files beside.

Keras: a Lambda layer stores the function's code marshalled in base64 (`func_dump` in
`keras/src/utils/python_utils.py` of Keras 3); reading CVE-2024-3660. A layer of another module is
imported by its name. ONNX: `TensorProto.external_data` with the key `location`
(onnx/onnx.proto); reading CVE-2022-25882 and CVE-2024-27318.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from ml_debugger.artifacts import EmbeddedCode
from ml_debugger.readers.pickles.parts import Part
from ml_debugger.readers.pickles.record import Record

_LOCATION = re.compile(rb"\x0a\x08location\x12([\x01-\x7f])")
_LAMBDA = re.compile(rb'"class_name":\s*"(Lambda|__lambda__|TFOpLambda)"')
_MODULE = re.compile(rb'"module":\s*"([\w.]{1,200})"(?:,\s*"class_name":\s*"([\w.>]{1,200})")?')
_CODE = re.compile(rb'"4w[A-Za-z0-9+/=\\\n]{20,}|"function_type":\s*"lambda"')
_CHUNK = 1 << 20
_OVERLAP = 4_096
MAX_SEARCHED = 1 << 30
_MAX_FOUND = 100
MAX_DOCUMENT = 16 << 20

Found = tuple[str, str]
Find = Callable[[bytes], list[Found]]


def is_onnx(start: bytes) -> bool:
    """A model message begins with its version, then the producer's name."""
    return len(start) > 3 and start[0] == 8 and 1 <= start[1] <= 30 and start[2] in (0x12, 0x3A)


def look(form: str, part: Part, record: Record) -> None:
    """Search the bytes of a part for what its format can make a loader do."""
    found = _of_document(part) if form == "keras-json" else None
    if found is None:
        found = _searched(part, record, _locations if form == "onnx" else _layers)
    for kind, text in list(dict.fromkeys(found))[:_MAX_FOUND]:
        record.carries(EmbeddedCode(kind, text, part.name))


def _searched(part: Part, record: Record, find: Find) -> list[Found]:
    seen: dict[Found, None] = {}
    stream = part.open()
    searched, kept = 0, b""
    try:
        while data := stream.read(_CHUNK):
            searched += len(data)
            window = kept + data
            seen.update(dict.fromkeys(find(window)))
            kept = window[-_OVERLAP:]
            if searched >= MAX_SEARCHED:
                record.left_out(part.name, f"only its first {MAX_SEARCHED >> 30} GiB were searched")
                break
    finally:
        stream.close()
    return list(seen)


def _of_document(part: Part) -> list[Found] | None:
    """Layers by the JSON of a configuration; None where it is none or too large."""
    text = part.start(MAX_DOCUMENT + 1)
    if len(text) > MAX_DOCUMENT:
        return None
    try:
        todo = [json.loads(text)]
    except (ValueError, RecursionError):
        return None
    found: list[Found] = []
    while todo:
        one = todo.pop()
        if isinstance(one, list):
            todo.extend(one)
        elif isinstance(one, dict):
            todo.extend(one.values())
            module, name = one.get("module"), one.get("class_name")
            if isinstance(module, str) and module:
                found.append(("keras-reference", f"{module}.{_of_function(one) or name}"))
            if name == "__lambda__" or one.get("function_type") == "lambda":
                found.append(("keras-lambda", "lambda"))
    return found


def _of_function(layer: dict[str, Any]) -> str | None:
    """The name of a function, which stands in the place of a configuration."""
    config = layer.get("config")
    return config if layer.get("class_name") == "function" and isinstance(config, str) else None


def _locations(window: bytes) -> list[Found]:
    found = []
    for match in _LOCATION.finditer(window):
        path = window[match.end() : match.end() + match[1][0]]
        found.append(("onnx-external", path.decode("utf-8", "replace")))
    return found


def _layers(window: bytes) -> list[Found]:
    found = []
    for match in _LAMBDA.finditer(window):
        code = _CODE.search(window, match.end(), match.end() + _OVERLAP)
        if code is not None:
            found.append(("keras-lambda", match[1].decode()))
    for match in _MODULE.finditer(window):
        found.append(("keras-reference", f"{match[1].decode()}.{(match[2] or b'').decode()}"))
    return found
