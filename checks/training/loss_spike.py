"""TRN004: single points of the loss stand far above the run's own level."""

from __future__ import annotations

from ml_debugger.artifacts import Curve, TrainingRun
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
from ml_debugger.curves.objectives import unsteady_objective
from ml_debugger.curves.points import Points, finite, without_warm_up
from ml_debugger.runs.finest_loss import finest_loss
from ml_debugger.runs.isolated_peaks import FEWEST, Peak, excursion, hump, isolated_peaks


@check(
    code="TRN004",
    name="loss-spike",
    component="training",
    playbook="training-run",
    limits=[
        Limit(
            name="spike_height",
            unit="share of the level before",
            direction="above",
            warn=0.40,
            meaning="height of the greatest isolated peak above the level that it rose from",
            source="measured: a public language-model log rises by 46 % and comes back; 2 of "
            "4,300 simulated healthy runs of 43 kinds have such a peak, both by odd batches",
        )
    ],
    settings=[
        Setting("single_batch_height", "share of the level before", 2.0,
                "height that a peak of single batches must have; one odd batch is no event",
                "Lightning SpikeDetection: relative tolerance 2.0"),
    ],
    explained_by=("unscaled-feature", "learning-rate-too-high",
                  "exploding-gradient", "resume-discontinuity"),
    profiles=("pre-train", "full"),
)  # fmt: skip
def loss_spike(run: TrainingRun, settings: Settings) -> Outcome:
    """Single points of the loss stand far above the run's own level.

    What it measures:
        Every point of the training and validation loss after the first tenth, on a logarithmic
        scale, against the higher one of the medians of the five points on either side, so that
        a restart of the schedule or any other step up is no spike. A spike must be back at its
        level within four points, lie beyond eight scatters and beyond twice the greatest of the
        ordinary points, and further out than the curve's own upper tail reaches (a power law
        through its top twentieth, at one chance in a thousand for the whole run). At most one
        point in a hundred can be a spike. Where single steps are logged it must triple the loss.
        Longer peaks, up to a fifth of the run, are judged only where the learning rate is
        logged and did not move; those of any length where three points in a row exceed three
        times the loss of the start, after it had fallen by a fifth. Where the loss of the
        epochs has few points, that of the single steps is looked at.

    Why it matters:
        A spike is an update that threw the model off: a broken batch, an outlier in the labels,
        a gradient that was not clipped, or Adam's second moment out of date. Often a run comes
        back from the first ones and not from a later one.

    What to do:
        Look at the batch of that step (labels, scale, duplicates). Clip the gradient norm,
        lower the learning rate or Adam's beta2 (0.999 to 0.95), skip batches whose gradient
        norm is far beyond the usual.

    Sources:
        Hill, Annals of Statistics 3, 1975. llm-foundry, KillLossSpike. PyTorch Lightning,
        SpikeDetection. Chowdhery et al., PaLM, 2022 (spikes, and rewinding past their batches).
    """
    why = unsteady_objective(run)
    if why is not None:
        return NotMeasured(why)
    curves = [curve for curve in (finest_loss(run), run.curve("val_loss")) if curve is not None]
    seen: list[tuple[Curve, Points, list[Peak]]] = []
    for curve in curves:
        points = without_warm_up(finite(curve), 0.1, 3)
        if len(points) >= FEWEST:
            peaks = _peaks(run, curve, points, settings)
            whole = finite(curve)
            thrown = excursion(whole) if not peaks else None
            seen.append((curve, whole, [thrown]) if thrown else (curve, points, peaks))
    if not seen:
        return NotMeasured(f"no loss with at least {FEWEST} values after the warm-up")
    curve, points, peaks = max(seen, key=lambda one: max((p.height for p in one[2]), default=0.0))
    if not peaks:
        total = sum(len(points) for _, points, _ in seen)
        return Measurement(f"No isolated peak among {total:,} losses", {"spike_height": 0.0})
    peaks.sort(key=lambda peak: peak.height, reverse=True)
    evidence = tuple(
        Evidence("spike", peak.value, f"rose from {peak.before:.4g}",
                 f"{run.step_unit} {points.steps[peak.at]:g}, line {points.lines[peak.at]}")
        for peak in peaks[:5]
    )  # fmt: skip
    top = peaks[0]
    others = f", one of {len(peaks)} spikes" if len(peaks) > 1 else ""
    title = (
        f"{curve.original} jumps from {top.before:.4g} to {top.value:.4g} at {run.step_unit} "
        f"{points.steps[top.at]:g}{others}"
    )
    return Measurement(
        title, {"spike_height": top.height}, evidence, line=points.lines[min(p.at for p in peaks)]
    )


def _peaks(run: TrainingRun, curve: Curve, points: Points, settings: Settings) -> list[Peak]:
    peaks = isolated_peaks(points)
    if curve.name != "val_loss" and _single_batches(run, points):
        peaks = [peak for peak in peaks if peak.height > settings["single_batch_height"]]
    rates = run.curve("learning_rate")
    if not peaks:
        long = hump(points, finite(rates)) if rates is not None else None
        peaks = [long] if long is not None else []
    return peaks


def _single_batches(run: TrainingRun, points: Points) -> bool:
    return run.step_unit == "step" or len(set(map(int, points.steps))) < len(points)
