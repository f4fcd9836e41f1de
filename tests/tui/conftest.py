"""A hand-made run, a source that replays it, and an application that shows it."""

from __future__ import annotations

import math
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from textual.pilot import Pilot

from ml_debugger.artifacts import (
    Curve,
    GpuDevice,
    GpuSnapshot,
    HostSnapshot,
    StorageSnapshot,
    TrainingRun,
    Volume,
)
from ml_debugger.contract import Result, ResultEvidence, Status
from ml_debugger.contract.card import Card
from ml_debugger.report.style import Style
from ml_debugger.runtime.events import CheckFinished, Event, Progress, RunFinished, RunStarted
from ml_debugger.runtime.picture import Picture
from ml_debugger.runtime.report import Report
from tui.app import WatchApp

GIB = 2**30

CARD = Card(
    headline="A fault.",
    measures="What it measures.",
    matters="Why it matters.",
    remedy="Lower the learning rate and clip\nthe gradient.\n\nThen train again.",
    sources="A paper.",
)


def found(code: str, status: Status, name: str, subject: str, title: str, **more: Any) -> Result:
    component = {"TRN": "training", "FEA": "data", "PRD": "performance"}.get(code[:3])
    return Result(code, name, component or "infrastructure", status, subject, title, **more)


NAN_LOSS = found(
    "TRN001",
    Status.FAIL,
    "non-finite-loss",
    "runs/lstm_07",
    "Loss is NaN from epoch 80",
    path="runs/lstm_07/log.csv",
    line=82,
    evidence=(
        ResultEvidence("first_step", 80, "epoch", None, "row 82"),
        ResultEvidence("share", 0.2, None, 0.0),
    ),
    playbook="nan-loss",
)
COLLAPSED = found(
    "PRD004",
    Status.FAIL,
    "collapsed-predictions",
    "predictions.parquet",
    "Predictions spread 0.01 % of the returns",
    path="predictions.parquet",
    caused_by=("TRN001",),
    causes=(NAN_LOSS.fingerprint,),
)
UNSCALED = found(
    "FEA002",
    Status.WARN,
    "unscaled-feature",
    "features.parquet",
    "volume spreads 4.1e9 times as wide as momentum_20",
    path="features.parquet",
)
DRIVER = found(
    "GPU001",
    Status.ERROR,
    "driver-unreachable",
    "GPU",
    "The check did not finish",
    reason="the check took longer than 20 s",
)
RESULTS = (
    NAN_LOSS,
    COLLAPSED,
    UNSCALED,
    DRIVER,
    found("HST001", Status.PASS, "memory-near-limit", "memory", "38 % of the limit is used"),
    found("STO001", Status.SKIP, "disk-near-full", "disks", "", reason="/data gave no answer"),
)


def curve(name: str, values: list[float]) -> Curve:
    count = range(len(values))
    return Curve(name, name, list(map(float, count)), values, [i + 2 for i in count])


TRAINING = TrainingRun(
    subject="runs/lstm_07",
    path="runs/lstm_07/log.csv",
    format="csv",
    step_unit="epoch",
    curves={
        "train_loss": curve(
            "train_loss", [0.1 + math.exp(-i / 30) if i < 80 else math.nan for i in range(100)]
        ),
        "val_loss": curve(
            "val_loss",
            [0.3 + math.exp(-i / 10) + i / 200 if i < 80 else math.nan for i in range(100)],
        ),
        "learning_rate": curve("learning_rate", [0.001 if i < 50 else 0.0001 for i in range(100)]),
    },
)
PICTURE = Picture(
    gpu=GpuSnapshot(
        "GPU",
        None,
        state="answered",
        devices=(
            GpuDevice(0, "NVIDIA H100 80GB HBM3", None, 80 * GIB, 61 * GIB, 93.0, 64.0, 512.0),
            GpuDevice(1, "NVIDIA H100 80GB HBM3", problem="has fallen off the bus"),
        ),
        driver_version="580.65.06",
        cuda_version="13.0",
    ),
    host=HostSnapshot(
        "memory", None, "box", 16, 8.0, 32 * GIB, 12 * GIB, 512 * GIB, 300 * GIB, "memory.max"
    ),
    storage=StorageSnapshot(
        "disks",
        None,
        (
            Volume("/", "/dev/sda1", "ext4", 100 * GIB, 9 * GIB, True, None, ("workspace",)),
            Volume("/data", problem="no answer within 5 s"),
        ),
    ),
    training=TRAINING,
)


@pytest.fixture
def report() -> Report:
    """One run with a root, its consequence, a warning, an error, a skip and a pass."""
    return Report(
        run="0123456789ab",
        command="check",
        profile="full",
        started="2026-11-21T10:00:00.000Z",
        seconds=7.4,
        workspace="/home/ann/trading",
        results=RESULTS,
        new=frozenset({NAN_LOSS.fingerprint}),
        picture=PICTURE,
    )


def events(report: Report) -> Iterator[Event]:
    """The events of a run that ended in this report."""
    yield RunStarted(report.run, report.command, report.profile, report.started, report.workspace)
    yield Progress("judging", 0, len(report.results), "", 60.0)
    for result in report.results:
        yield CheckFinished(result)
    yield RunFinished(report)


@pytest.fixture
def app(report: Report) -> Callable[..., WatchApp]:
    """Makes an application; a report or a source may be given, and its own arguments."""

    def make(source: Any = None, **more: Any) -> WatchApp:
        def replay(stop: threading.Event) -> Iterator[Event]:  # noqa: ARG001
            yield from events(source if isinstance(source, Report) else report)

        arguments: dict[str, Any] = {
            "refresh": 3600.0,
            "cards": lambda code: CARD if code == "TRN001" else None,
            "clock": lambda: 0.0,
            "style": Style(unicode=True, colour=True),
        }
        return WatchApp(source if callable(source) else replay, **{**arguments, **more})

    return make


Wait = Callable[[Pilot[None]], Awaitable[None]]


@pytest.fixture
def settle() -> Wait:
    """Wait until the feed has nothing under way, and paint."""

    async def wait(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, WatchApp)
        while (view := app.feed.view()).running or (view.age is None and view.problem is None):
            await pilot.pause()
        app.main.paint()
        await pilot.pause()

    return wait


@pytest.fixture
def history_read() -> Wait:
    """Wait for the threads that read the history."""

    async def wait(pilot: Pilot[None]) -> None:
        readers = [w for w in pilot.app.workers if w.group == "history"]
        if readers:
            await pilot.app.workers.wait_for_complete(readers)
        await pilot.pause()

    return wait


@pytest.fixture
def seen() -> Callable[[WatchApp], str]:
    """The text on the screen, as a person sees it."""

    def text(app: WatchApp) -> str:
        strips = app.screen._compositor.render_strips(app.size)
        return "\n".join(strip.text.rstrip() for strip in strips)

    return text


@pytest.fixture
def replayed() -> Callable[[Report], Iterator[Event]]:
    """The events of a run that ended in a report."""
    return events


@pytest.fixture(autouse=True)
def _colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours as on a developer's terminal, whatever the variables of this one say."""
    monkeypatch.delenv("NO_COLOR", raising=False)
