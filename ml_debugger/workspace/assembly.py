"""From paths to artifacts: reading, grouping, expectations, links."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from ml_debugger.artifacts import (
    Artifact,
    Backtest,
    Checkpoint,
    CheckpointIndex,
    Coverage,
    Expectations,
    FeatureTable,
    FileRead,
    Positions,
    Predictions,
    PriceTable,
    StageOutput,
    TrainingRun,
    Unrecognised,
    Workspace,
)
from ml_debugger.artifacts.workspace import STAGES
from ml_debugger.readers.opening import open_folder, open_whole
from ml_debugger.workspace.access import access_rights
from ml_debugger.workspace.configuration import Configuration
from ml_debugger.workspace.contents import contents
from ml_debugger.workspace.discovery import Discovery, Found, discover
from ml_debugger.workspace.links import Links, link
from ml_debugger.workspace.model_folders import model_folders
from ml_debugger.workspace.one_table import in_one_table
from ml_debugger.workspace.parquet_stores import parquet_stores
from ml_debugger.workspace.part_files import part_files
from ml_debugger.workspace.run_history import run_histories
from ml_debugger.workspace.same_runs import each_run_once
from ml_debugger.workspace.save_leftovers import save_leftovers, without_leftovers
from ml_debugger.workspace.series import indexed, series

STAGE_OF: dict[type[Artifact], str] = {
    PriceTable: "data",
    FeatureTable: "features",
    TrainingRun: "training",
    Checkpoint: "checkpoint",
    Predictions: "predictions",
    Positions: "positions",
    Backtest: "backtest",
}

OnProgress = Callable[[str, int, int, str], None]
"""Told the stage, how much of how much is done, and what is at work."""


@dataclass
class Assembled:
    """All artifacts of a run, how they are linked, and what was left out."""

    artifacts: list[Artifact]
    links: Links
    discovery: Discovery
    notes: list[str] = field(default_factory=list)


def assemble(
    paths: Sequence[Path],
    configuration: Configuration,
    *,
    configured: bool,
    given_up: Collection[str] = (),
    suspect: Collection[str] = (),
    on_progress: OnProgress = lambda *_: None,
) -> Assembled:
    """Read everything below the paths and link it.

    `configured` is true when the paths come from the workspace's own configuration.
    `given_up` names files whose reading crashed or hung before; they become unreadable files.
    `suspect` names files in which a check met damage; they are looked at whole.
    """
    root = configuration.root if configured else None
    discovery = discover(paths, configuration["workspace.ignore"], root)
    artifacts: list[Artifact] = []
    for number, found in enumerate(discovery.found):
        on_progress("reading", number, len(discovery.found), found.shown)
        artifacts.extend(_open(found, given_up, suspect=found.shown in suspect))
    on_progress("linking", 0, 0, "what belongs together")
    artifacts.extend(
        Unrecognised(shown, shown, reason, named, special=True)
        for shown, reason, named in discovery.left_out
    )
    artifacts = in_one_table(artifacts, [f.shown for f in discovery.found if f.named])
    artifacts = each_run_once(artifacts)
    indexes = [a for a in artifacts if isinstance(a, CheckpointIndex)]
    leftovers = save_leftovers(artifacts, discovery.found)
    artifacts = _with_series(without_leftovers(artifacts, discovery.found), root)
    artifacts += [*leftovers, *model_folders(artifacts, indexes, discovery.found, leftovers)]
    artifacts += part_files(artifacts)
    artifacts += run_histories(artifacts)
    artifacts += access_rights(discovery, artifacts)
    artifacts += parquet_stores(discovery.found, paths)
    artifacts.append(expectations(configuration, _today()))
    artifacts.append(_workspace(artifacts, discovery, configuration, configured=configured))
    links = link(artifacts, configuration["workspace.links"])
    notes = [discovery.truncated] if discovery.truncated else []
    return Assembled(artifacts, links, discovery, notes)


def _with_series(artifacts: Sequence[Artifact], root: Path | None) -> list[Artifact]:
    """The artifacts, checkpoints completed by their indexes, and the series they form."""
    indexes = [a for a in artifacts if isinstance(a, CheckpointIndex)]
    checkpoints = indexed([a for a in artifacts if isinstance(a, Checkpoint)], indexes)
    others = [a for a in artifacts if not isinstance(a, Checkpoint | CheckpointIndex)]

    def free_bytes(folder: str) -> int | None:
        # files named on the command line may be copies from another machine: its disk counts
        return shutil.disk_usage(root / folder).free if root is not None else None

    return [*others, *checkpoints, *series(checkpoints, indexes, free_bytes)]


def expectations(configuration: Configuration, today: date) -> Expectations:
    """The section `[expect]` as an artifact; "latest" becomes the last weekday before today."""
    through = configuration["expect.data_through"]
    if through == "latest":
        through = today - timedelta(days=1)
        while through.weekday() >= 5:
            through -= timedelta(days=1)
    return Expectations(
        subject="configuration",
        path=str(configuration.file) if configuration.file else None,
        today=today,
        data_through=through,
        tickers=tuple(configuration["expect.tickers"]),
        horizons=tuple(configuration["expect.horizons"]),
        gpus=configuration["expect.gpus"],
        gpu_training=configuration["expect.gpu_training"],
        universe=configuration["expect.universe"],
        max_long=configuration["expect.max_long"],
        max_short=configuration["expect.max_short"],
        members=tuple(configuration["expect.members"]),
        years=configuration["expect.years"],
        lookback=configuration["expect.lookback"],
        features=configuration["expect.features"],
        gpu_memory_gb=configuration["expect.gpu_memory_gb"],
        gpu_name=configuration["expect.gpu_name"],
        gpu_mig=configuration["expect.gpu_mig"],
        gpu_persistence=configuration["expect.gpu_persistence"],
    )


def _open(found: Found, given_up: Collection[str], *, suspect: bool) -> Sequence[Artifact]:
    if found.shown in given_up:
        problem = "reading it crashed or took too long"
        return (FileRead(found.shown, found.shown, "file", problem),)
    if found.is_folder:
        return open_folder(found.file, found.shown, suspect=suspect)
    return open_whole(found.file, found.shown, named=found.named, suspect=suspect)


def _workspace(
    artifacts: Sequence[Artifact],
    discovery: Discovery,
    configuration: Configuration,
    *,
    configured: bool,
) -> Workspace:
    modified = {f.shown: f.file.stat().st_mtime for f in discovery.found if f.file.exists()}
    outputs = [
        StageOutput(
            STAGE_OF[type(artifact)],
            artifact.path,
            modified[artifact.path],
            contents(artifact).end,
        )
        for artifact in artifacts
        if type(artifact) in STAGE_OF and artifact.path is not None and artifact.path in modified
    ]
    stages = configuration["workspace.stages"]
    return Workspace(
        subject="workspace",
        path=str(configuration.file) if configuration.file else None,
        outputs=tuple(outputs),
        configured=configured and configuration.file is not None,
        stages=STAGES if stages is None else tuple(stages),
        prices=tuple(_coverage(a) for a in artifacts if isinstance(a, PriceTable)),
    )


def _coverage(prices: PriceTable) -> Coverage:
    held = contents(prices)
    dated = "time" in prices.names
    return Coverage(
        prices.path or prices.subject,
        held.tickers,
        held.start if dated else None,
        held.end if dated else None,
        prices.rows,
    )


def _today() -> date:
    return datetime.now(UTC).date()
