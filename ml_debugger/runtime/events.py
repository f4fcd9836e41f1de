"""The six events of a run, and their JSON: what terminal, JSON, history and TUI consume."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ml_debugger.contract import Result
from ml_debugger.runtime.report import Report


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run begins. `started` is UTC, ISO 8601."""

    run: str
    command: str
    profile: str
    started: str
    workspace: str


@dataclass(frozen=True, slots=True)
class CheckStarted:
    """A check begins on a subject; it must finish within `deadline` seconds."""

    code: str
    name: str
    component: str
    subject: str
    path: str | None
    deadline: float


@dataclass(frozen=True, slots=True)
class Progress:
    """A stage moved on: `done` of `total` (0 where unknown); `what` is at work now."""

    stage: str
    done: int
    total: int
    what: str
    deadline: float


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth telling that is no result."""

    text: str


@dataclass(frozen=True, slots=True)
class CheckFinished:
    """A check ended on a subject."""

    result: Result


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The run ended; the report holds the folded results, the summary and the exit code."""

    report: Report


Event = RunStarted | CheckStarted | Progress | Note | CheckFinished | RunFinished

_NAMES: Mapping[type[Event], str] = {
    RunStarted: "run_started",
    CheckStarted: "check_started",
    Progress: "progress",
    Note: "note",
    CheckFinished: "check_finished",
    RunFinished: "run_finished",
}


def to_json(event: Event) -> dict[str, Any]:
    """The event as one JSON object, told apart by its key `event`."""
    name = {"event": _NAMES[type(event)]}
    if isinstance(event, CheckFinished):
        return {**name, "result": event.result.to_dict()}
    if isinstance(event, RunFinished):
        return {**name, "report": event.report.to_dict()}
    return {**name, **asdict(event)}


def from_json(data: Mapping[str, Any]) -> Event:
    """The inverse of `to_json`, for the events that a worker sends."""
    fields = {key: value for key, value in data.items() if key != "event"}
    match data["event"]:
        case "check_started":
            return CheckStarted(**fields)
        case "progress":
            return Progress(**fields)
        case "note":
            return Note(**fields)
        case "check_finished":
            return CheckFinished(Result.from_dict(fields["result"]))
        case "run_started":
            return RunStarted(**fields)
        case other:
            raise ValueError(f"a worker does not send the event {other!r}")
