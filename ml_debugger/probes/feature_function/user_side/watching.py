"""Which files and services the function reads itself: what comes from there is not cut off."""

from __future__ import annotations

import functools
import os
import sys
from typing import Any

DATA = (
    *(".csv", ".tsv", ".txt", ".gz", ".zip", ".parquet", ".pq", ".feather", ".arrow", ".ipc"),
    *(".json", ".jsonl", ".ndjson", ".xlsx", ".xls", ".h5", ".hdf5", ".npy", ".npz"),
    *(".pkl", ".pickle", ".joblib", ".db", ".sqlite", ".duckdb"),
)
NATIVE = (
    *("read_csv", "read_parquet", "read_feather", "read_ipc", "read_json", "read_ndjson"),
    *("scan_csv", "scan_parquet", "scan_ipc", "scan_ndjson", "read_database", "read_sql"),
)
"""Readers of pandas and polars that open files without telling the interpreter."""

_seen: dict[str, None] = {}
_active = False
_wrapped: set[str] = set()


def watch() -> None:
    """Note from now on what is opened."""
    global _active
    if not _active:
        _active = True
        sys.addaudithook(_hook)


def watch_libraries() -> None:
    """Note what readers of the loaded table libraries are given."""
    for library in ("pandas", "polars"):
        module = sys.modules.get(library)
        if module is None or library in _wrapped:
            continue
        _wrapped.add(library)
        for name in NATIVE:
            if hasattr(module, name):
                setattr(module, name, _noting(getattr(module, name)))


def read_itself() -> list[str]:
    """What was read so far, by name."""
    return list(_seen)


def _noting(reader: Any) -> Any:
    @functools.wraps(reader)
    def read(*arguments: Any, **options: Any) -> Any:
        for given in arguments[:1]:
            if isinstance(given, (str, os.PathLike)):
                _note(os.fspath(given))
        return reader(*arguments, **options)

    return read


def _hook(event: str, arguments: Any) -> None:
    if event == "open" and isinstance(arguments[0], (str, os.PathLike)):
        mode = arguments[1]
        if mode is None or "r" in mode:
            _note(os.fspath(arguments[0]))
    elif event == "sqlite3.connect":
        _seen.setdefault("a database")
    elif event == "socket.connect":
        _seen.setdefault("the network")


def _note(path: Any) -> None:
    if not isinstance(path, str) or not path.lower().endswith(DATA):
        return
    # what libraries bring along (time zones, certificates) is no data of the function
    if "site-packages" in path or path.startswith((sys.prefix, sys.base_prefix)):
        return
    near = os.path.relpath(path)
    _seen.setdefault(path if near.startswith(os.pardir) else near)
