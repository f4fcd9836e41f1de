"""The settings of a training that event files keep beside their scalars.

Transformers writes its arguments as JSON text; TensorBoard's HParams plugin keeps a message
(fields of its plugin_data.proto, values as in protobuf's struct.proto).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from ml_debugger.readers.configurations.flattening import Plain, flatten
from ml_debugger.readers.training.protobuf import Malformed, fields, float64

_SESSION_STARTED, _HPARAMS = 3, 1
_NUMBER, _TEXT, _TRUTH = 2, 3, 4


def settings(found: Mapping[str, bytes]) -> dict[str, Plain]:
    """All settings, flattened; what cannot be read is left out."""
    values: dict[str, Plain] = {}
    for tag, content in found.items():
        if tag.endswith("text_summary"):
            values.update(_arguments(content))
        else:
            try:
                values.update(_hparams(content))
            except Malformed:
                # a damaged note beside the scalars; they are what the file is read for
                continue
    return values


def _arguments(content: bytes) -> dict[str, Plain]:
    try:
        document = json.loads(content.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return {}
    return flatten(document) if isinstance(document, dict) else {}


def _hparams(content: bytes) -> dict[str, Plain]:
    values: dict[str, Plain] = {}
    for number, session in fields(content):
        if number != _SESSION_STARTED or not isinstance(session, bytes):
            continue
        for inner, entry in fields(session):
            if inner == _HPARAMS and isinstance(entry, bytes):
                parts = dict(fields(entry))
                key, value = parts.get(1), parts.get(2)
                if isinstance(key, bytes) and isinstance(value, bytes):
                    values[key.decode("utf-8", "replace")[:200]] = _value(value)
    return values


def _value(message: bytes) -> Plain:
    for number, value in fields(message):
        if number == _NUMBER and isinstance(value, bytes):
            found = float64(value)
            return int(found) if found.is_integer() and abs(found) < 1e15 else found
        if number == _TEXT and isinstance(value, bytes):
            return value.decode("utf-8", "replace")[:500]
        if number == _TRUTH:
            return bool(value)
    return None
