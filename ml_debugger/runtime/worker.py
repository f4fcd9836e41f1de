"""The worker: a child process that reads, scans and judges, and reports events as JSON lines.

Started by the supervisor with one job on its standard input. Its standard output carries
nothing but events; whatever libraries print goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml_debugger.artifacts import Artifact, FeatureTable, PriceTable, Unrecognised
from ml_debugger.contract import Check, Measurement, Outcome, Result, Status
from ml_debugger.launch import use_own_packages
from ml_debugger.runtime.causes import feeding
from ml_debugger.runtime.description import describe_files
from ml_debugger.runtime.events import CheckFinished, CheckStarted, Event, Note, Progress, to_json
from ml_debugger.runtime.job import Job
from ml_debugger.runtime.judge import Overrides, effective, judge
from ml_debugger.runtime.machine import ALL, Machine, take_machine
from ml_debugger.runtime.picture import Picture
from ml_debugger.runtime.plan import Task, plan
from ml_debugger.runtime.registry import registry
from ml_debugger.workspace import configuration as configurations
from ml_debugger.workspace.discovery import Found
from ml_debugger.workspace.links import link_environment

if TYPE_CHECKING:
    import polars as pl

    from ml_debugger.runtime.scan import Scans
    from ml_debugger.workspace.assembly import Assembled

FILE_SECONDS = 60.0
"""Deadline of reading one file; readers are bounded, so only a hanging mount comes near."""
SCAN_SECONDS = 300.0
"""Deadline of what the checks of one table share: 100 GB at the speed of a slow network disk."""

Send = Callable[[Mapping[str, Any]], None]


def main() -> None:
    """Do the job on standard input."""
    use_own_packages()
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as stream:
        os.dup2(2, 1)

        def send(message: Mapping[str, Any]) -> None:
            stream.write(json.dumps(message) + "\n")
            stream.flush()

        work(Job.from_json(sys.stdin.readline()), send)


def work(job: Job, send: Send) -> None:
    """Do a job and send its messages; the last one is `done`."""
    configuration = configurations.load(Path(job.root)).with_flags(job.flags)
    checks = [registry()[code] for code in job.codes]
    for check in checks:
        effective(check, configuration.limits)

    def tell(event: Event) -> None:
        send(to_json(event))

    def on_progress(stage: str, done: int, total: int, what: str) -> None:
        tell(Progress(stage, done, total, what, FILE_SECONDS))

    paths = [Path(path) for path in job.paths]
    with ThreadPoolExecutor(1) as pool:
        taking = (
            pool.submit(take_machine, checks, paths, configuration, looks_only=job.looks_only)
            if job.machine
            else None
        )
        # the probes have begun: what loads the table engine comes beside them, not before
        from ml_debugger.runtime.feature_function import Tried, try_function
        from ml_debugger.workspace.assembly import assemble

        assembled = assemble(
            paths,
            configuration,
            configured=job.configured,
            given_up=[k.removeprefix("file:") for k in job.given_up if k.startswith("file:")],
            suspect=job.suspect,
            on_progress=on_progress,
        )
        machine = Machine()
        if taking is not None:
            tell(Progress("probing", 0, 0, "this machine", ALL))
            machine = taking.result()
    assembled.artifacts.extend(machine.snapshots)
    link_environment(assembled.artifacts, assembled.links)
    tried = Tried() if job.trial is None else try_function(job.trial, assembled.artifacts, tell)
    assembled.artifacts.extend(tried.columns)
    assembled.notes.extend(tried.notes)
    tasks = plan(
        checks,
        assembled.artifacts,
        assembled.links,
        whole_workspace=job.whole_workspace,
        failures=machine.failures,
    )
    if job.trial is not None:
        tasks.extend(tried.failures(job.trial, checks))
    send(_planned(tasks, checks, assembled))
    for note in _notes(assembled):
        tell(Note(note))
    if job.rows_to is not None:
        _cover(assembled.artifacts, Path(job.rows_to), job, tell)
    for result in _unlooked(assembled.artifacts, checks, job):
        send({"event": "at", "key": f"file:{result.subject}"})
        tell(CheckFinished(result))
    if _run(tasks, job, configuration.limits, send, tell):
        send({"event": "done"})


def _run(
    tasks: Sequence[Task],
    job: Job,
    overrides: Overrides,
    send: Send,
    tell: Callable[[Event], None],
) -> bool:
    """Judge what has no result yet; false when the job must begin anew over damaged files."""
    from ml_debugger.runtime.concerned import keep_rows
    from ml_debugger.runtime.scan import Scans

    scans = Scans(tasks)
    for number, task in enumerate(tasks):
        if task.key in job.done:
            continue
        table = scans.pending(task)
        gone = job.given_up.get(f"task:{task.key}")
        if table is not None and gone is None:
            gone = job.given_up.get(f"scan:{table.subject}")
            if gone is None:
                tell(Progress("scanning", number, len(tasks), table.subject, SCAN_SECONDS))
                scans.run(table)
                suspect = _suspect(table)
                if scans.damaged(table) and not set(suspect) <= set(job.suspect):
                    # another worker reads these files whole and keeps what is sound
                    send({"event": "suspect", "files": suspect})
                    return False
        send({"event": "at", "key": task.key})
        tell(_started(task))
        measuring = _Measuring(task, scans, overrides, gone)
        result = judge(task, measuring, overrides)
        tell(CheckFinished(result))
        if job.rows_to is not None and result.status.is_finding and measuring.rows is not None:
            try:
                keep_rows(Path(job.rows_to), number, result, measuring.rows)
            except Exception as error:  # noqa: BLE001  the finding stands; its rows are extra
                tell(Note(f"{result.code}: the rows could not be listed: {error}"))
    return True


def _suspect(table: Artifact) -> list[str]:
    """The files of a table, as they are shown."""
    files = table.files if isinstance(table, PriceTable | FeatureTable) else {}
    return list(files.values()) or [table.path or table.subject]


class _Measuring:
    """One measurement of a task, and the rows that it is about."""

    def __init__(self, task: Task, scans: Scans, overrides: Overrides, gone: str | None) -> None:
        self._task, self._scans, self._overrides, self._gone = task, scans, overrides, gone
        self.rows: Callable[[], pl.DataFrame] | None = None

    def __call__(self) -> Outcome:
        if self._gone is not None:
            raise RuntimeError(self._gone)
        check = self._task.check
        settings = effective(check, self._overrides)[1]
        outcome = check.run(self._task.given, settings, self._scans.of(self._task))
        if isinstance(outcome, Measurement):
            self.rows = outcome.rows
        return outcome


def _cover(
    artifacts: Sequence[Artifact], folder: Path, job: Job, tell: Callable[[Event], None]
) -> None:
    """Leave the coverage of each table in a folder; a failure is told and costs only itself."""
    from ml_debugger.runtime.concerned import keep_coverage

    tables = [a for a in artifacts if isinstance(a, PriceTable | FeatureTable)]
    for number, table in enumerate(tables):
        what = f"coverage of {table.subject}"
        if f"scan:{what}" in job.given_up:
            continue
        tell(Progress("scanning", number, len(tables), what, SCAN_SECONDS))
        try:
            keep_coverage(folder, number, table)
        except Exception as error:  # noqa: BLE001  a picture; the checks say what is wrong
            tell(Note(f"{what}: {error}"))


def _started(task: Task) -> CheckStarted:
    check = task.check
    return CheckStarted(
        check.code, check.name, check.component, task.subject, task.path, check.deadline
    )


def _planned(
    tasks: Sequence[Task], checks: Sequence[Check], assembled: Assembled
) -> Mapping[str, Any]:
    picture = Picture.of(assembled.artifacts, _modified(assembled.discovery.found))
    return {
        "event": "planned",
        "tasks": len(tasks),
        "files": describe_files(assembled.artifacts),
        "machine": picture.machine_dict(),
        "training": picture.training_dict(),
        "other_trainings": picture.others_list(),
        "explained_by": {check.name: list(check.explained_by) for check in checks},
        "upstream": feeding(assembled.artifacts, assembled.links),
    }


def _modified(found: Sequence[Found]) -> dict[str, float]:
    times = {}
    for one in found:
        with suppress(OSError):  # it was moved away since: then it is not the newest
            times[one.shown] = one.file.stat().st_mtime
    return times


def _notes(assembled: Assembled) -> list[str]:
    unknown = sum(isinstance(a, Unrecognised) and not a.named for a in assembled.artifacts)
    files = "file of no known kind was" if unknown == 1 else "files of no known kind were"
    passed_over = [f"{unknown} {files} passed over"] if unknown else []
    return [*assembled.notes, *passed_over]


def _unlooked(artifacts: Sequence[Artifact], checks: Sequence[Check], job: Job) -> list[Result]:
    """A skip for each file that the user named and no reader knows: nobody looked at it."""
    owner = next((check for check in checks if check.name == "unreadable-artifact"), None)
    if owner is None:
        return []
    return [
        Result(
            code=owner.code,
            name=owner.name,
            component=owner.component,
            status=Status.SKIP,
            subject=artifact.subject,
            title="No reader knows this file",
            path=artifact.path,
            reason=artifact.content,
            playbook=owner.playbook,
            required=artifact.named,
        )
        for artifact in artifacts
        if isinstance(artifact, Unrecognised)
        and (artifact.named or artifact.special)
        and f"file:{artifact.subject}" not in job.done
    ]


if __name__ == "__main__":
    main()
