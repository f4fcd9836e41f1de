"""The supervisor: runs a job in a worker, enforces deadlines, survives a worker's death.

A worker that crashes or overruns a deadline costs what it was at: that becomes an `error`
result, and another worker takes over with the rest.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import IO, Any

from ml_debugger.contract import Result, Status
from ml_debugger.runtime.causes import distinct, fold
from ml_debugger.runtime.events import (
    CheckFinished,
    CheckStarted,
    Event,
    Note,
    Progress,
    RunFinished,
    RunStarted,
    from_json,
)
from ml_debugger.runtime.job import Job
from ml_debugger.runtime.picture import Picture
from ml_debugger.runtime.report import Report

START_SECONDS = 60.0
"""Deadline of a worker's first word; imports from a cold network disk take many seconds."""
MAX_WORKERS = 25
"""After so many dead workers in one run the rest is not tried."""
GRACE_SECONDS = 2.0
STOP_SECONDS = 0.1
"""How long a run goes on after it was told to stop."""

_ONE_BLAS_THREAD = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Polars has threads of its own; those of BLAS spin for seconds on a machine that is busy."""

Finish = Callable[[Report], Report]


@dataclass(frozen=True)
class Request:
    """A run as a front end asks for it; `required` are the codes that must be judged."""

    job: Job
    command: str
    profile: str
    workspace: str
    fail_on: Status = Status.FAIL
    min_score: float | None = None
    required: frozenset[str] = frozenset()
    seconds: float = 600.0


@dataclass
class _State:
    """What the supervisor knows of the run so far."""

    results: list[Result] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    explained_by: Mapping[str, list[str]] = field(default_factory=dict)
    upstream: Mapping[str, list[str]] = field(default_factory=dict)
    at: str | None = None
    started: CheckStarted | None = None
    finished: bool = False
    suspect: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    picture: Picture = field(default_factory=Picture)


class _StoppedError(Exception):
    """The caller set its stop event."""


def run(
    request: Request,
    finish: Finish = lambda report: report,
    stop: threading.Event | None = None,
) -> Iterator[Event]:
    """Run a job and yield its events; the last one is always `RunFinished`.

    `finish` may complete the report (the history adds what is new) before it is yielded.
    Closing the iterator or interrupting it kills the worker; so does `stop`, which another
    thread may set. A run that was stopped is reported as interrupted.
    """
    identity = uuid.uuid4().hex[:12]
    started, begun = datetime.now(UTC), time.monotonic()
    stamp = started.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    yield RunStarted(identity, request.command, request.profile, stamp, request.workspace)
    state = _State()
    broken: str | None = None
    interrupted = False
    try:
        for item in _work(request, state, begun + request.seconds, stop):
            if isinstance(item, str):
                broken = item
            else:
                yield item
    except (KeyboardInterrupt, _StoppedError):
        interrupted = True
    report = Report(
        run=identity,
        command=request.command,
        profile=request.profile,
        started=stamp,
        seconds=time.monotonic() - begun,
        workspace=request.workspace,
        results=fold(distinct(state.results), state.explained_by, state.upstream),
        notes=tuple(dict.fromkeys(state.notes)),
        fail_on=request.fail_on,
        min_score=request.min_score,
        required=request.required,
        interrupted=interrupted,
        broken=broken,
        files=state.files,
        picture=state.picture,
    )
    yield RunFinished(finish(report))


def _work(
    request: Request, state: _State, end: float, stop: threading.Event | None
) -> Iterator[Event | str]:
    """Events of the workers, one after the other; a text when the run had to be given up."""
    job = request.job
    for _ in range(MAX_WORKERS):
        with _Worker(job) as worker:
            state.at, state.started = None, None
            death: str | None = None
            deadline = START_SECONDS
            while True:
                left = end - time.monotonic()
                if left <= 0:
                    yield f"the run took longer than {request.seconds:.0f} s (run.seconds)"
                    return
                message = worker.next(min(deadline, left), stop)
                if message is None:
                    death = worker.death or f"took longer than {deadline:.0f} s"
                    break
                event = _take(message, state)
                if state.finished:
                    return
                if state.suspect:
                    break
                if event is not None:
                    deadline = getattr(event, "deadline", deadline)
                    yield event
        if state.suspect:
            suspect = (*job.suspect, *state.suspect)
            job = replace(job, done=tuple(state.done), suspect=suspect)
            state.suspect = ()
            continue
        if state.at is None or state.at.startswith("stage:"):
            stage = state.at.removeprefix("stage:") if state.at else "starting"
            yield f"the worker failed while {stage}: {death}"
            return
        if state.started is not None:
            result = _error(state.started, death)
            state.results.append(result)
            state.done.append(state.at)
            yield CheckFinished(result)
            job = job.after(state.done, f"task:{state.at}", death)
        else:
            job = job.after(state.done, state.at, f"{state.at.partition(':')[2]}: {death}")
    yield f"gave up after {MAX_WORKERS} workers had died"


def _take(message: Mapping[str, Any], state: _State) -> Event | None:
    match message["event"]:
        case "planned":
            state.explained_by = message["explained_by"]
            state.upstream = message["upstream"]
            state.files = message["files"]
            state.picture = Picture.from_dicts(
                message["machine"], message["training"], message["other_trainings"]
            )
            return Progress("judging", 0, message["tasks"], "", START_SECONDS)
        case "at":
            state.at = message["key"]
            return None
        case "suspect":
            state.suspect = tuple(message["files"])
            return None
        case "done":
            state.finished = True
            return None
    event = from_json(message)
    match event:
        case Progress(stage="reading", what=what):
            state.at = f"file:{what}"
        case Progress(stage="scanning", what=what):
            state.at = f"scan:{what}"
        case Progress(stage=stage):
            state.at = f"stage:{stage}"
        case Note(text=text):
            state.notes.append(text)
        case CheckStarted():
            state.started = event
        case CheckFinished(result=result):
            state.results.append(result)
            state.done.append(state.at or "")
            state.started = None
    return event


def _error(started: CheckStarted, reason: str) -> Result:
    return Result(
        code=started.code,
        name=started.name,
        component=started.component,
        status=Status.ERROR,
        subject=started.subject,
        path=started.path,
        title="The check did not finish",
        reason=f"the check {reason}" if reason.startswith("took") else f"the check died: {reason}",
        seconds=started.deadline if reason.startswith("took") else 0.0,
    )


class _Worker:
    """A worker process whose messages are read with a deadline."""

    def __init__(self, job: Job) -> None:
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed in __exit__
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "ml_debugger.runtime.worker"],
            env=_ONE_BLAS_THREAD | os.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            encoding="utf-8",
        )
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        assert self._process.stdin is not None
        self._send(job)
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def death(self) -> str | None:
        """Why the process ended, None while it lives."""
        code = self._process.poll()
        if code is None:
            return None
        self._log.seek(0)
        said = self._log.read()[-4000:].decode("utf-8", "replace").strip().splitlines()
        how = f"killed by signal {-code}" if code < 0 else f"ended with code {code}"
        return f"{how}: {said[-1][:300]}" if said else how

    def next(self, seconds: float, stop: threading.Event | None) -> Mapping[str, Any] | None:
        """The next message, None when the process ended or the seconds ran out."""
        end = time.monotonic() + seconds
        line: str | None
        while True:
            if stop is not None and stop.is_set():
                raise _StoppedError
            left = max(0.0, end - time.monotonic())
            try:
                line = self._lines.get(timeout=left if stop is None else min(left, STOP_SECONDS))
                break
            except queue.Empty:
                if time.monotonic() >= end:
                    return None
        if line is None:
            self._process.wait()
            return None
        message: Mapping[str, Any] = json.loads(line)
        return message

    def _send(self, job: Job) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(job.to_json() + "\n")
            self._process.stdin.close()
        except BrokenPipeError:
            return  # it died at once; reading its messages says why

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._lines.put(line)
        self._lines.put(None)

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                # the worker never stands inside a GPU driver, so it may be killed; one that
                # hangs in a dead mount cannot be, and is left behind
                self._process.kill()
        self._log.close()
