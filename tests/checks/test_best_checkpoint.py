"""TRN009: which checkpoints were kept, and whether the best of the run is among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from checks.training.best_checkpoint_missed import best_checkpoint_missed
from ml_debugger.artifacts import Checkpoint, CheckpointSeries, Curve, TrainingRun, Workspace
from ml_debugger.artifacts.workspace import StageOutput
from ml_debugger.contract import NotMeasured, Settings, Status

SETTINGS = Settings({s.name: s.default for s in best_checkpoint_missed.settings})
EPOCHS = np.arange(40)
NOISE = 1 + 0.005 * np.random.default_rng(3).standard_normal(40)
VALLEY = (0.5 + 0.5 * np.exp(-EPOCHS / 4)) * (1 + np.maximum(0, EPOCHS - 12) / 28) * NOISE
BEST = int(np.argmin(VALLEY))
FLAT = (0.5 + 0.5 * np.exp(-EPOCHS / 4)) * NOISE


def run_of(losses: Sequence[float], unit: str = "epoch", **others: Sequence[float]) -> TrainingRun:
    curves = {
        name: Curve(name, name, list(range(len(v))), [float(x) for x in v], list(range(len(v))))
        for name, v in {"val_loss": losses, **others}.items()
    }
    return TrainingRun("run", "runs/a/log.csv", format="test", step_unit=unit, curves=curves)


def save(name: str, **facts: float | str | None) -> Checkpoint:
    return Checkpoint(name, f"runs/a/{name}", "torch-zip", 100, 0.0, **facts)  # type: ignore[arg-type]


def beside(*names: str) -> Workspace:
    outputs = tuple(StageOutput("checkpoint", f"runs/a/{name}", 0.0) for name in names)
    return Workspace("workspace", None, outputs, configured=False)


def status(run: TrainingRun, kept: Sequence[Checkpoint], *others: str) -> Status:
    series = CheckpointSeries("runs/a", "runs/a", tuple(kept)) if len(kept) > 1 else None
    space = beside(*[str(k.subject) for k in kept], *others)
    one = kept[0] if kept else None
    outcome = best_checkpoint_missed.run([run, series, one, space], SETTINGS)
    if isinstance(outcome, NotMeasured):
        return Status.SKIP
    return best_checkpoint_missed.limits[0].judge(outcome.values["above_the_best"])


LAST_THREE = [save(f"epoch={e}.ckpt", epoch=e) for e in (37, 38, 39)]


@pytest.mark.parametrize(
    ("losses", "kept", "expected"),
    [
        (VALLEY, LAST_THREE, Status.FAIL),
        (VALLEY, [save("last.ckpt")], Status.FAIL),
        (VALLEY, [save("model.pt", epoch=39)], Status.FAIL),
        (VALLEY, [save("model.pt", val_loss=round(float(VALLEY[39]), 3))], Status.FAIL),
        (VALLEY, [*LAST_THREE, save(f"epoch={BEST}.ckpt", epoch=BEST)], Status.PASS),
        # names count from 1 where the log counts from 0
        (VALLEY, [save(f"weights.{BEST + 1}.h5", epoch=BEST + 1)], Status.PASS),
        (VALLEY, [save("best.pt", val_loss=round(float(VALLEY[BEST]), 4))], Status.PASS),
        (VALLEY, [save(f"e{e}.pt", epoch=e) for e in range(0, 40, 5)], Status.PASS),
        (FLAT, LAST_THREE, Status.PASS),
        (VALLEY[:16], [save("last.ckpt", epoch=BEST + 1)], Status.PASS),
        (VALLEY, [save("model.pt")], Status.SKIP),
        (VALLEY, [save("epoch=900.ckpt", epoch=900)], Status.SKIP),
        (VALLEY, [save("epoch=39.ckpt", epoch=39, problem="cut short")], Status.SKIP),
        (VALLEY, [], Status.SKIP),
        (VALLEY[:3], LAST_THREE, Status.SKIP),
    ],
)
def test_kept_checkpoints(
    losses: np.ndarray, kept: list[Checkpoint], expected: Status
) -> None:  # fmt: skip
    assert status(run_of(losses), kept) is expected


def test_files_beside_the_series_count_by_their_names() -> None:
    run = run_of(VALLEY)
    assert status(run, LAST_THREE, f"best-epoch{BEST}.pt") is Status.PASS
    # a file that may be of any epoch, and one that is no model
    assert status(run, LAST_THREE, "model.pt") is Status.SKIP
    assert status(run, LAST_THREE, "scaler.pkl") is Status.FAIL


def test_the_best_by_another_metric_is_a_choice() -> None:
    accuracy = 0.5 + 0.001 * EPOCHS
    assert status(run_of(VALLEY, val_accuracy=accuracy), LAST_THREE) is Status.PASS


def test_folds_of_one_log_have_checkpoints_of_their_own() -> None:
    run = replace(run_of(VALLEY, "round"), segment="fold 1")
    kept = [save("fold-0.ubj", step=39), save("fold-1.ubj", step=BEST)]
    assert status(run, kept) is Status.PASS
    assert status(replace(run, segment="fold 0"), kept) is Status.FAIL
    assert status(replace(run, segment="fold 7"), kept) is Status.SKIP


def test_steps_and_their_folders() -> None:
    run = run_of(VALLEY, "step")
    names = [f"checkpoint-{step}/model.safetensors" for step in (37, 39)]
    kept = [save(name, step=step) for name, step in zip(names, (37, 39), strict=True)]
    assert status(run, kept) is Status.FAIL
    assert status(run, kept, f"checkpoint-{BEST}/model.safetensors") is Status.PASS
    # an epoch says nothing of a step
    assert status(run, [save("epoch=39.ckpt", epoch=39)]) is Status.SKIP
