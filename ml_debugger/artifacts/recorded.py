"""Snapshots of the machine as JSON objects, and back; each names its schema."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any

from ml_debugger.artifacts.base import Artifact
from ml_debugger.artifacts.environment import Environment
from ml_debugger.artifacts.gpu import GpuSnapshot
from ml_debugger.artifacts.host import HostSnapshot
from ml_debugger.artifacts.kernel_log import KernelLog
from ml_debugger.artifacts.storage import StorageSnapshot

SCHEMAS: Mapping[str, type[Artifact]] = {
    "ml-debugger/gpu-snapshot/1": GpuSnapshot,
    "ml-debugger/host-snapshot/1": HostSnapshot,
    "ml-debugger/storage-snapshot/1": StorageSnapshot,
    "ml-debugger/environment/1": Environment,
    "ml-debugger/kernel-log/1": KernelLog,
}
"""The artifact of each schema."""

SUBJECTS: Mapping[type[Artifact], str] = {
    GpuSnapshot: "gpu",
    HostSnapshot: "host",
    StorageSnapshot: "storage",
    Environment: "environment",
    KernelLog: "kernel log",
}
"""What the snapshots of this machine are called."""

_NAMES = {kind: schema for schema, kind in SCHEMAS.items()}
_ORIGIN = ("subject", "path")


class RecordError(ValueError):
    """A recorded snapshot lacks a field or holds a value of the wrong type; names the field."""


def to_record(snapshot: Artifact) -> dict[str, Any]:
    """The JSON form of a snapshot, without subject and path."""
    fields = dataclasses.asdict(snapshot)
    return {
        "schema": _NAMES[type(snapshot)],
        **{name: value for name, value in fields.items() if name not in _ORIGIN},
    }


def from_record(record: Any, path: str | None = None) -> Artifact:
    """The snapshot of a JSON form; `path` is the file it came from, None for this machine.

    Fields that this version does not know are left out. Raises RecordError.
    """
    kind = SCHEMAS.get(record.get("schema", "")) if isinstance(record, dict) else None
    if kind is None:
        raise RecordError("names no known schema")
    fields = _fields(kind, record, "")
    return kind(subject=path or SUBJECTS[kind], path=path, **fields)


def _fields(kind: type[Any], record: Mapping[str, Any], where: str) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    given: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        if field.name in _ORIGIN and issubclass(kind, Artifact):
            continue
        if field.name in record:
            name = f"{where}{field.name}"
            given[field.name] = _value(hints[field.name], record[field.name], name)
        elif field.default is dataclasses.MISSING:
            raise RecordError(f"lacks the field {where}{field.name}")
    return given


def _value(hint: Any, raw: Any, name: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if raw is None and type(None) in arguments:
            return None
        return _value(next(a for a in arguments if a is not type(None)), raw, name)
    if origin is tuple and isinstance(raw, list | tuple):
        return tuple(_value(arguments[0], item, f"{name}[{i}]") for i, item in enumerate(raw))
    if origin in (dict, Mapping) and isinstance(raw, dict):
        return {str(key): _value(arguments[1], item, f"{name}.{key}") for key, item in raw.items()}
    if dataclasses.is_dataclass(hint) and isinstance(hint, type) and isinstance(raw, dict):
        return hint(**_fields(hint, raw, f"{name}."))
    if hint is float and isinstance(raw, int | float) and not isinstance(raw, bool):
        return float(raw)
    if hint in (int, str, bool) and type(raw) is hint:
        return raw
    raise RecordError(f"the field {name} holds {type(raw).__name__}, not {hint}")
