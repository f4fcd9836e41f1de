"""Reading the models of a workspace and judging them, for tests of their checks."""

from __future__ import annotations

import math
from pathlib import Path

from ml_debugger.artifacts import Artifact, Checkpoint, CheckpointSeries
from ml_debugger.contract import Check, Measurement, NotMeasured, Outcome, Settings, Status
from ml_debugger.readers.checkpoints import READERS
from ml_debugger.readers.head import read_head
from ml_debugger.workspace.series import series


def read(file: Path, shown: str | None = None) -> list[Artifact]:
    """What the first reader that recognises the file makes of it."""
    head = read_head(file, shown or file.name)
    for reader in READERS:
        if (kind := reader.recognise(head)) is not None:
            return list(reader.read(head, kind).artifacts)
    raise AssertionError(f"no reader takes {file.name}")


def read_series(workspace: Path) -> CheckpointSeries:
    """The checkpoints of runs/tcn."""
    files = sorted(workspace.glob("runs/tcn/checkpoints/*.ckpt"))
    found = [one for file in files for one in read(file, str(file.relative_to(workspace)))]
    (one,) = series([c for c in found if isinstance(c, Checkpoint)])
    return one


def measured(check: Check, *subjects: Artifact | None) -> Outcome:
    given = [*subjects, *[None] * (len(check.needs) - len(subjects))]
    return check.run(given, Settings({s.name: s.default for s in check.settings}))


def status(check: Check, *subjects: Artifact | None) -> Status:
    """Status of the gravest value; skip where nothing was measured."""
    outcome = measured(check, *subjects)
    if isinstance(outcome, NotMeasured):
        return Status.SKIP
    assert isinstance(outcome, Measurement)
    limits = {limit.name: limit for limit in check.limits}
    judged = [limits[n].judge(v) for n, v in outcome.values.items() if not math.isnan(v)]
    return max(judged, key=lambda one: one.gravity, default=Status.SKIP)
