"""Clock readings of past runs: kept in the history, so that a clock that was set is noticed."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

from ml_debugger.artifacts import HostSnapshot
from ml_debugger.artifacts.host import ClockReading

SCHEMA = """
CREATE TABLE IF NOT EXISTS clocks (
    run TEXT PRIMARY KEY,
    boot TEXT NOT NULL,
    realtime REAL NOT NULL,
    boottime REAL NOT NULL
);
"""

MOST = 100
"""Readings that are looked at and kept."""


def keep_clock(database: sqlite3.Connection, run: str, host: HostSnapshot) -> None:
    """Keep the clock reading of a run; those of earlier starts of the machine go."""
    if host.clock is None or host.clock.reading.boot is None:
        return
    reading = host.clock.reading
    database.execute(
        "INSERT OR REPLACE INTO clocks VALUES (?, ?, ?, ?)",
        (run, reading.boot, reading.realtime, reading.boottime),
    )
    database.execute("DELETE FROM clocks WHERE boot != ?", (reading.boot,))
    database.execute(
        "DELETE FROM clocks WHERE run NOT IN"
        " (SELECT run FROM clocks ORDER BY boottime DESC LIMIT ?)",
        (MOST,),
    )


def with_past_clocks(host: HostSnapshot, history: Path) -> HostSnapshot:
    """The snapshot with the readings of past runs since the machine was started.

    A history that is missing or cannot be read costs the comparison alone: whoever stores the run
    reports it.
    """
    if host.clock is None or host.clock.reading.boot is None:
        return host
    try:
        database = sqlite3.connect(f"{history.absolute().as_uri()}?mode=ro", uri=True, timeout=1.0)
        try:
            rows = database.execute(
                "SELECT realtime, boottime, boot FROM clocks WHERE boot = ? AND boottime < ?"
                " ORDER BY boottime DESC LIMIT ?",
                (host.clock.reading.boot, host.clock.reading.boottime, MOST),
            ).fetchall()
        finally:
            database.close()
    except sqlite3.Error:
        return host
    past = tuple(ClockReading(*row) for row in reversed(rows))
    return replace(host, clock=replace(host.clock, past=past))
