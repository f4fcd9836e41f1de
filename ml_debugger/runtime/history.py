"""The history of runs, in SQLite: every result is committed as it comes.

The standard library's sqlite3 is enough for four tables; importing sqlite-utils would cost a
run more time than all its writing. Write-ahead logging keeps what was committed when the
process is killed; a run that never finished stays visible as such.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from platformdirs import user_state_path

from ml_debugger.contract import Result, Status
from ml_debugger.errors import UsageError
from ml_debugger.runtime.clock_history import SCHEMA as CLOCKS
from ml_debugger.runtime.clock_history import keep_clock
from ml_debugger.runtime.events import CheckFinished, Event, RunFinished, RunStarted
from ml_debugger.runtime.report import Report
from ml_debugger.runtime.volume_history import SCHEMA as VOLUMES
from ml_debugger.runtime.volume_history import keep_volumes

VERSION = 2
"""Version 2 added the volumes and the clocks; what version 1 wrote stays as it is."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY,
    workspace TEXT NOT NULL,
    command TEXT NOT NULL,
    profile TEXT NOT NULL,
    started TEXT NOT NULL,
    seconds REAL,
    exit_code INTEGER,
    summary TEXT
);
CREATE INDEX IF NOT EXISTS runs_by_workspace ON runs (workspace, started);
CREATE TABLE IF NOT EXISTS results (
    run TEXT NOT NULL REFERENCES runs (id),
    position INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    status TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (run, position)
);
"""


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run as the list of past runs shows it; `exit_code` is None for an unfinished one."""

    run: str
    workspace: str
    command: str
    profile: str
    started: str
    seconds: float | None
    exit_code: int | None
    summary: Mapping[str, object] | None


class History:
    """The store of past runs. Safe for several processes at once."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path, timeout=10.0, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        found = self._database.execute("PRAGMA user_version").fetchone()[0]
        if found > VERSION:
            self._database.close()
            raise UsageError(f"{path}: written by a newer version of diagnostic; update it")
        self._database.executescript(SCHEMA + VOLUMES + CLOCKS)
        self._database.execute(f"PRAGMA user_version={VERSION}")

    def record(self, events: Iterable[Event]) -> Iterator[Event]:
        """Pass events on, storing them on the way; the last report is stored folded."""
        run, position = "", 0
        for event in events:
            match event:
                case RunStarted():
                    run = event.run
                    self._start(event)
                case CheckFinished():
                    self._store(run, position, event.result)
                    position += 1
                case RunFinished():
                    self._finish(event.report)
            yield event

    def compare(self, report: Report) -> Report:
        """The report, completed by what is new and what is gone since the last run like it."""
        before = self._last_like(report)
        if before is None:
            return report
        old = {r.fingerprint: r for r in self.results(before) if r.status.is_finding}
        now = {r.fingerprint: r for r in report.results}
        new = frozenset(
            key for key, result in now.items() if result.status.is_finding and key not in old
        )
        # what could not be looked at this time is not gone
        gone = [
            f"{result.code} {result.name} ({result.subject})"
            for key, result in old.items()
            if key in now and now[key].status in (Status.PASS, Status.NOTE)
        ]
        return replace(report, new=new, gone=tuple(gone))

    def runs(self, limit: int = 20, workspace: str | None = None) -> list[PastRun]:
        """Past runs, the newest first."""
        where = "WHERE workspace = ?" if workspace is not None else ""
        values: Sequence[object] = (workspace, limit) if workspace is not None else (limit,)
        rows = self._database.execute(
            "SELECT id, workspace, command, profile, started, seconds, exit_code, summary"
            f" FROM runs {where} ORDER BY started DESC, rowid DESC LIMIT ?",
            values,
        )
        return [
            PastRun(
                run, place, command, profile, started, seconds, code, json.loads(text or "null")
            )
            for run, place, command, profile, started, seconds, code, text in rows
        ]

    def results(self, run: str) -> list[Result]:
        """The results of a run, in their order; empty for an unknown one."""
        rows = self._database.execute(
            "SELECT document FROM results WHERE run = ? ORDER BY position", (run,)
        )
        return [Result.from_dict(json.loads(row[0])) for row in rows]

    def find(self, word: str) -> PastRun:
        """A run by its id or the beginning of it; UsageError when none or several fit."""
        rows = [past for past in self.runs(limit=100_000) if past.run.startswith(word)]
        if len(rows) != 1:
            found = "no run" if not rows else f"{len(rows)} runs"
            raise UsageError(f"{found} in the history begins with '{word}'; see 'history'")
        return rows[0]

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _start(self, event: RunStarted) -> None:
        self._database.execute(
            "INSERT INTO runs (id, workspace, command, profile, started) VALUES (?, ?, ?, ?, ?)",
            (event.run, event.workspace, event.command, event.profile, event.started),
        )

    def _store(self, run: str, position: int, result: Result) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?)",
            (
                run,
                position,
                result.fingerprint,
                result.status.value,
                json.dumps(result.to_dict()),
            ),
        )

    def _finish(self, report: Report) -> None:
        self._database.execute("BEGIN")
        for position, result in enumerate(report.results):
            self._store(report.run, position, result)
        self._database.execute(
            "UPDATE runs SET seconds = ?, exit_code = ?, summary = ? WHERE id = ?",
            (
                report.seconds,
                report.exit_code,
                json.dumps(report.summary.to_dict()),
                report.run,
            ),
        )
        storage = report.picture.storage
        # a snapshot that was only read from a file is older than the run
        if storage is not None and (storage.taken or "")[:19] >= report.started[:19]:
            keep_volumes(self._database, report.run, storage)
        host = report.picture.host
        if host is not None and (host.taken or "")[:19] >= report.started[:19]:
            keep_clock(self._database, report.run, host)
        self._database.execute("COMMIT")

    def _last_like(self, report: Report) -> str | None:
        row = self._database.execute(
            "SELECT id FROM runs WHERE workspace = ? AND command = ? AND profile = ?"
            " AND exit_code IS NOT NULL AND exit_code != 130 AND id != ?"
            " ORDER BY started DESC, rowid DESC LIMIT 1",
            (report.workspace, report.command, report.profile, report.run),
        ).fetchone()
        return None if row is None else str(row[0])


def history_path(environment: Mapping[str, str] = os.environ) -> Path:
    """`DIAGNOSTIC_HISTORY`, else `history.db` in the user's state folder."""
    named = environment.get("DIAGNOSTIC_HISTORY")
    return Path(named) if named else user_state_path("diagnostic") / "history.db"
