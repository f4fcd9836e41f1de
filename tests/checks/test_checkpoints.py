"""Unreadable checkpoints and floods of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from checks.checkpoints.checkpoint_flood import checkpoint_flood
from checks.checkpoints.unreadable_checkpoint import unreadable_checkpoint
from ml_debugger.artifacts import Checkpoint, CheckpointSeries
from ml_debugger.contract import Check, Measurement, NotMeasured, Settings, Status
from ml_debugger.readers.checkpoints import READERS
from ml_debugger.readers.head import read_head
from ml_debugger.testing.plant import faults
from ml_debugger.workspace.series import series

GIB = 2**30


def judge(check: Check, *subjects: object) -> Status:
    """Status of the gravest value; skip where nothing was measured."""
    defaults = Settings({setting.name: setting.default for setting in check.settings})
    outcome = check.run(subjects, defaults)  # type: ignore[arg-type]
    if isinstance(outcome, NotMeasured):
        return Status.SKIP
    assert isinstance(outcome, Measurement)
    limits = {limit.name: limit for limit in check.limits}
    judged = [limits[name].judge(value) for name, value in outcome.values.items()]
    return max(judged, key=lambda status: status.gravity)


def read_all(workspace: Path) -> list[Checkpoint]:
    found: list[Checkpoint] = []
    for file in sorted(workspace.glob("runs/*/checkpoints/*")):
        head = read_head(file, str(file.relative_to(workspace)))
        reader = next(reader for reader in READERS if reader.recognise(head))
        artifacts = reader.read(head, reader.recognise(head) or "").artifacts
        found += [artifact for artifact in artifacts if isinstance(artifact, Checkpoint)]
    return found


def run_of(
    count: int,
    *,
    name: Callable[[int], str] = "epoch={:03d}.ckpt".format,
    size: int = 1000,
    free: int | None = 500 * GIB,
    rotation: int | None = None,
    known: bool = True,
) -> CheckpointSeries:
    members = tuple(
        Checkpoint(
            name(number), f"r/{name(number)}", "torch-zip", size, float(number),
            epoch=number if known else None,
        )
        for number in range(count)
    )  # fmt: skip
    return CheckpointSeries("r", "r", members, rotation=rotation, free_bytes=free)


def test_the_clean_twin_passes(twin: Path) -> None:
    checkpoints = read_all(twin)
    assert len(checkpoints) == 10
    assert {judge(unreadable_checkpoint, c) for c in checkpoints} == {Status.PASS}
    neural = [s for s in series(checkpoints) if "lstm" in s.subject]
    assert [judge(checkpoint_flood, s) for s in neural] == [Status.PASS]


def test_the_planted_cut_fails(twin: Path) -> None:
    faults()["unreadable-checkpoint"].plant(twin, np.random.default_rng(1))
    statuses = [judge(unreadable_checkpoint, c) for c in read_all(twin)]
    assert statuses.count(Status.FAIL) == 1
    assert statuses.count(Status.PASS) == 9


def test_the_planted_flood_is_found(twin: Path) -> None:
    faults()["checkpoint-flood"].plant(twin, np.random.default_rng(1))
    checkpoints = read_all(twin)
    assert {judge(unreadable_checkpoint, c) for c in checkpoints} == {Status.PASS}
    statuses = {s.subject: judge(checkpoint_flood, s) for s in series(checkpoints)}
    assert statuses["runs/lstm/checkpoints/epoch_*.safetensors"] is Status.FAIL
    assert list(statuses.values()).count(Status.FAIL) == 1


def test_the_title_says_why_it_cannot_be_opened() -> None:
    broken = Checkpoint("a.pt", "a.pt", "torch", 9, 0.0, problem="is an HTML page, not a model")
    outcome = unreadable_checkpoint.run((broken,), Settings({}))
    assert isinstance(outcome, Measurement)
    assert outcome.title == "Cannot be opened: is an HTML page, not a model"


@pytest.mark.parametrize(
    ("kept", "status"), [(2, Status.PASS), (15, Status.PASS), (16, Status.WARN), (61, Status.FAIL)]
)
def test_the_number_kept_is_judged_against_the_policy(kept: int, status: Status) -> None:
    assert judge(checkpoint_flood, run_of(kept)) is status


def test_a_promised_rotation_replaces_the_policy() -> None:
    assert judge(checkpoint_flood, run_of(40, rotation=40)) is Status.PASS
    assert judge(checkpoint_flood, run_of(6, rotation=1)) is Status.WARN


def test_few_but_huge_checkpoints_are_judged_by_the_free_space() -> None:
    assert judge(checkpoint_flood, run_of(8, size=10 * GIB, free=2000 * GIB)) is Status.PASS
    assert judge(checkpoint_flood, run_of(8, size=10 * GIB, free=80 * GIB)) is Status.WARN
    assert judge(checkpoint_flood, run_of(8, size=10 * GIB, free=20 * GIB)) is Status.FAIL
    assert judge(checkpoint_flood, run_of(3, size=10 * GIB, free=GIB)) is Status.PASS
    assert judge(checkpoint_flood, run_of(8, size=10 * GIB, free=None)) is Status.PASS


@pytest.mark.parametrize("name", ["fold-{}.ubj", "seed_{}.pt", "model_cv{}.pkl", "trial={}.ckpt"])
def test_one_model_of_each_fold_or_seed_is_no_flood(name: str) -> None:
    series = run_of(100, name=name.format, size=GIB, free=GIB)
    assert judge(checkpoint_flood, series) is Status.PASS


def test_saves_are_counted_for_each_fold() -> None:
    def name(number: int) -> str:
        return f"fold-{number % 4}-epoch={number // 4}.ckpt"

    assert judge(checkpoint_flood, run_of(40, name=name)) is Status.PASS
    assert judge(checkpoint_flood, run_of(80, name=name)) is Status.WARN
    outcome = checkpoint_flood.run((run_of(80, name=name),), Settings({"policy": 3}))
    assert isinstance(outcome, Measurement)
    assert outcome.title.startswith("20 kept each of 4 folds")


def test_models_of_numbered_tickers_are_no_saves_of_one_run() -> None:
    tickers = run_of(80, name=lambda n: f"{600000 + n * n * 7}.pkl", known=False)
    assert judge(checkpoint_flood, tickers) is Status.SKIP


def test_evenly_numbered_models_are_saves_of_one_run() -> None:
    saves = run_of(80, name=lambda n: f"G_{n * 1000}.pth", known=False)
    assert judge(checkpoint_flood, saves) is Status.FAIL
