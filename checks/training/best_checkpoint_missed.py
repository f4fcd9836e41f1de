"""TRN009: the training went on past its best validation, and the best model is not kept."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from statistics import median

from ml_debugger.artifacts import Checkpoint, CheckpointSeries, TrainingRun, Workspace
from ml_debugger.contract import (
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    Setting,
    Settings,
    check,
)
from ml_debugger.curves.noise import relative_scatter
from ml_debugger.curves.points import Points, finite
from ml_debugger.runs.kept_saves import Save, has_unknown, kept_saves
from ml_debugger.runs.metric_names import kind_of, on_validation

_FEWEST = 4
_SCATTERS = 2.0
_BETTER = frozenset(
    {"accuracy", "direction", "auc", "f1", "agreement", "information coefficient",
     "correlation", "R2", "Sharpe ratio"}
)  # fmt: skip


@check(
    code="TRN009",
    name="best-checkpoint-missed",
    component="training",
    playbook="disk-and-checkpoints",
    limits=[
        Limit(
            name="above_the_best",
            unit="share of the best level",
            direction="above",
            warn=0.02,
            fail=0.20,
            meaning="validation loss of the best kept checkpoint over the best stretch of the "
            "run, where that is beyond the noise of the curve",
            source="design choice: 2 % of the loss is what a good model of returns gains at all; "
            "20 % is overfitting by the public logs that overfitting was measured on",
        )
    ],
    settings=[
        Setting("well_past", "share of checks", 0.05,
                "distance from the best validation to the kept one that counts, at least 2 checks",
                "a save that is a check late is no miss"),
    ],
    explained_by=("checkpoint-flood", "disk-near-full", "no-space-left", "unreadable-checkpoint"),
    profiles=("pre-train", "full"),
)  # fmt: skip
def best_checkpoint_missed(
    run: TrainingRun,
    series: CheckpointSeries | None,
    checkpoint: Checkpoint | None,
    workspace: Workspace | None,
    settings: Settings,
) -> Outcome:
    """The training went on past its best validation, and the best model is not kept.

    What it measures:
        The validation loss at the kept checkpoints against the best stretch of the run. Step,
        epoch and loss come from the files, their index or their names. The best of the kept
        ones counts. It is a miss only where it lies several checks away from the best, its own
        loss and the level around it are above the best stretch by more than the curve's noise
        (twice and once its scatter), and it is not the best by another validation metric.
        Where a file beside them does not say from when it is, nothing is judged.

    Why it matters:
        The model that goes into the backtest or into service is a worse one than the run had
        found, often an overfitted one. The better one cannot be had back without training
        again.

    What to do:
        Save by the validation loss: ModelCheckpoint(monitor="val_loss", save_top_k=3) in
        Lightning, save_best_only in Keras, load_best_model_at_end in Transformers. Keep the
        best three and the last one. Stop early: the epochs past the best were paid for too.

    Sources:
        Prechelt, Early Stopping - But When?, 1998. The project's record (top 3 checkpoints by
        validation loss). The documentation of the named callbacks.
    """
    validation = run.curve("val_loss")
    if validation is None or len(finite(validation)) < _FEWEST:
        return NotMeasured(f"fewer than {_FEWEST} validation losses in this log")
    saves = kept_saves(run, series, checkpoint, workspace)
    if not saves:
        return NotMeasured("no checkpoint is linked to this run")
    unknown = has_unknown(saves)
    if unknown is not None:
        return NotMeasured(f"{unknown.name} does not say from which step or epoch it is")
    points = finite(validation)
    placed = {save: at for save in saves if (at := _place(run, points, save)) is not None}
    if not placed:
        return NotMeasured("the kept checkpoints cannot be found among the steps of this log")
    if len(placed) < len(saves):
        other = next(save for save in saves if save not in placed)
        return NotMeasured(f"{other.name} cannot be found among the steps of this log")
    start, width = _best_stretch(points.values)
    reference = median(points.values[start : start + width])
    kept, at = min(placed.items(), key=lambda one: points.values[one[1]])
    best = min(range(len(points)), key=points.values.__getitem__)
    above = _relative(points.values, reference, points.values[at])
    away = abs(at - best) >= max(2, settings["well_past"] * len(points))
    by_other = _best_by_another(run, points, placed)
    missed = away and by_other is None and _beyond_noise(points.values, at, width, reference)
    value = max(above, 0.0) if missed else 0.0
    evidence = [
        Evidence("best_loss", points.values[best], None, _where(run, points, best)),
        Evidence("kept_loss", points.values[at], None, f"{kept.name}, {_where(run, points, at)}"),
        Evidence("kept", len(saves), "checkpoints", kept.path),
        Evidence("past_the_best", at - best, "checks"),
    ]
    if value > 0.02:
        title = (f"The kept {kept.name} is {value:.0%} above the best, "
                 f"{_where(run, points, best)}")  # fmt: skip
        return Measurement(title, {"above_the_best": value}, tuple(evidence), points.lines[best])
    why = (
        f"best by {by_other}" if by_other else "within noise of the best" if at != best else "best"
    )
    return Measurement(f"{kept.name} is kept: {why}", {"above_the_best": value}, tuple(evidence))


def _place(run: TrainingRun, points: Points, save: Save) -> int | None:
    """The check that a save belongs to: that of its step or epoch, else of its own loss."""
    if save.last:
        return len(points) - 1
    if run.step_unit == "epoch":
        counts = [n for n in (save.epoch, save.step) if n is not None][:1]
    else:
        counts = [n for n in (save.step,) if n is not None]
    if counts:
        at = _nearest(points.steps, counts[0], slack=1 if run.step_unit == "epoch" else 0)
        if at is not None:
            # names count from 1 where logs count from 0
            near = [at, at - 1] if run.step_unit == "epoch" else [at]
            return min((i for i in near if i >= 0), key=points.values.__getitem__)
        return None
    return _of_loss(points, save.val_loss) if save.val_loss is not None else None


def _of_loss(points: Points, loss: float) -> int | None:
    """The check with this loss, as a name rounds it to two decimals or more."""
    nearest = min(range(len(points)), key=lambda i: abs(points.values[i] - loss))
    rounding = 0.006 if loss > 1 else 0.0
    close = abs(points.values[nearest] - loss) <= max(0.005 * abs(loss), rounding)
    return nearest if close else None


def _nearest(steps: Sequence[float], wanted: float, slack: float) -> int | None:
    """The check at or next to a step; None for a step that the run never came near."""
    if list(steps) != sorted(steps):
        return None
    gap = (steps[-1] - steps[0]) / max(1, len(steps) - 1)
    if not steps[0] - gap - slack <= wanted <= steps[-1] + gap + slack:
        return None
    at = min(bisect_left(steps, wanted), len(steps) - 1)
    if at > 0 and wanted - steps[at - 1] < steps[at] - wanted:
        at -= 1
    return at


def _best_stretch(values: Sequence[float]) -> tuple[int, int]:
    width = max(1, min(len(values) // 5, 9))
    starts = range(len(values) - width + 1)
    return min(starts, key=lambda i: median(values[i : i + width])), width


def _beyond_noise(values: Sequence[float], at: int, width: int, reference: float) -> bool:
    noise = relative_scatter(values, reference)
    around = median(values[max(0, at - width // 2) : at + width // 2 + 1])
    return values[at] - reference > _SCATTERS * noise and around - reference > noise


def _relative(values: Sequence[float], reference: float, kept: float) -> float:
    if min(values) > 0:
        return kept / reference - 1
    scale = abs(reference) + max(values[0] - reference, 0.0)
    return (kept - reference) / scale if scale > 0 else 0.0


def _best_by_another(run: TrainingRun, points: Points, placed: dict[Save, int]) -> str | None:
    """The metric by which a kept checkpoint is the best of the run, where it is not the loss."""
    # an epoch was taken for the better of the two that its number may mean
    reach = 2 if run.step_unit == "epoch" else 1
    steps = {step for at in placed.values() for step in points.steps[at : at + reach]}
    for curve in run.curves.values():
        if kind_of(curve) in _BETTER and on_validation(curve):
            known = [(v, s) for v, s in zip(curve.values, curve.steps, strict=True)
                     if math.isfinite(v)]  # fmt: skip
            values = [value for value, _ in known]
            if len(set(values)) > 1 and any(v == max(values) and s in steps for v, s in known):
                return curve.original
    return None


def _where(run: TrainingRun, points: Points, at: int) -> str:
    return f"{run.step_unit} {points.steps[at]:g}"
