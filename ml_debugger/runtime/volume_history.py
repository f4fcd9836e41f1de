"""Free space of volumes over past runs: kept in the history, read before a volume is judged."""

from __future__ import annotations

import socket
import sqlite3
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from ml_debugger.artifacts import StorageSnapshot, Volume, VolumeSample

SCHEMA = """
CREATE TABLE IF NOT EXISTS volumes (
    run TEXT NOT NULL,
    host TEXT NOT NULL,
    mount TEXT NOT NULL,
    device TEXT NOT NULL,
    taken TEXT NOT NULL,
    total INTEGER NOT NULL,
    free INTEGER NOT NULL,
    PRIMARY KEY (run, mount)
);
CREATE INDEX IF NOT EXISTS volumes_by_mount ON volumes (host, mount, taken);
"""

MOST = 500
"""Samples that are looked at: a watch of weeks needs no more, and a run is kept short."""
KEPT = "-90 days"
SAME_SIZE = 0.01
"""Share by which the size of a volume may differ and it still counts as the same one."""


def keep_volumes(database: sqlite3.Connection, run: str, storage: StorageSnapshot) -> None:
    """Keep the free space of each volume that holds something of ours; old samples go."""
    rows = [
        (run, socket.gethostname(), v.mount, v.device or "", storage.taken, v.total, v.free)
        for v in storage.volumes
        if v.holds and v.total and v.free is not None and storage.taken is not None
    ]
    database.executemany("INSERT OR REPLACE INTO volumes VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    database.execute("DELETE FROM volumes WHERE taken < datetime('now', ?)", (KEPT,))


def with_past(storage: StorageSnapshot, history: Path) -> StorageSnapshot:
    """The snapshot with the samples of this machine's past runs; without any where none are.

    A history that is missing or cannot be read costs the trend alone: whoever stores the run
    reports it.
    """
    try:
        database = sqlite3.connect(f"{history.absolute().as_uri()}?mode=ro", uri=True, timeout=1.0)
        try:
            past = _past(database)
        finally:
            database.close()
    except sqlite3.Error:
        return storage
    volumes = tuple(replace(v, past=_of(v, past.get(v.mount, []))) for v in storage.volumes)
    return replace(storage, volumes=volumes)


def _past(database: sqlite3.Connection) -> dict[str, list[tuple[str, str, int, int]]]:
    found: dict[str, list[tuple[str, str, int, int]]] = defaultdict(list)
    rows = database.execute(
        "SELECT mount, device, taken, total, free FROM volumes WHERE host = ?"
        " ORDER BY taken DESC LIMIT ?",
        (socket.gethostname(), MOST),
    )
    for mount, *sample in rows:
        found[mount].append((sample[0], sample[1], sample[2], sample[3]))
    return found


def _of(volume: Volume, rows: list[tuple[str, str, int, int]]) -> tuple[VolumeSample, ...]:
    size = volume.total or 0
    return tuple(
        VolumeSample(taken, free)
        for device, taken, total, free in reversed(rows)
        if device == (volume.device or "") and abs(total - size) <= SAME_SIZE * size
    )
