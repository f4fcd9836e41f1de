"""TRN006: the training loss stands still, from the start or from early on."""

from __future__ import annotations

from ml_debugger.artifacts import TrainingRun
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
from ml_debugger.curves.points import finite
from ml_debugger.runs.skill import skills
from ml_debugger.runs.standstill import FEWEST, Standstill, standstill

_SHOWS_SKILL = 0.02
"""A directional accuracy of 0.51, an AUC of 0.51: see `ml_debugger.runs.skill`."""


@check(
    code="TRN006",
    name="loss-plateau",
    component="training",
    playbook="training-run",
    limits=[
        Limit(
            name="standstill",
            unit="share of the run",
            direction="above",
            warn=0.80,
            meaning="part of the run over which the training loss surely did not fall",
            source="measured: public logs that stand still do so for 89 to 100 % of the run; "
            "none of 4,300 simulated healthy runs of 43 kinds does",
        ),
        Limit(
            name="standstill_at_guess",
            unit="share of the run",
            direction="above",
            fail=0.95,
            meaning="the same, where the level is the loss of a uniform guess within 0.1 %",
            source="ln C is the cross entropy of a uniform guess over C classes",
        ),
    ],
    settings=[
        Setting("fall", "share of the loss", 0.003,
                "a greater fall must be ruled out before a loss is said to stand still",
                "a model of returns that explains 1 % of their variance is good (Gu, Kelly and "
                "Xiu, Review of Financial Studies 33, 2020: monthly R2 of 0.4 % out of sample)"),
        Setting("fall_of_tokens", "share of the loss", 0.05,
                "the same for language models, of whose loss more than 1 % can be learnt",
                "design choice: fine-tuning from a good start gains 5 % and more"),
    ],
    explained_by=("learning-rate-too-low", "learning-rate-too-high", "learning-rate-overridden",
                  "vanishing-gradient", "dead-units", "frozen-parameters", "unscaled-feature",
                  "constant-feature"),
    profiles=("pre-train", "full"),
)  # fmt: skip
def loss_plateau(run: TrainingRun, settings: Settings) -> Outcome:
    """The training loss stands still, from the start or from early on.

    What it measures:
        The mean training loss of an early stretch against that of the last two fifths, with the
        standard error of both (means of blocks). The loss stands still only where a fall of
        more than 0.3 % can be ruled out: noise that could hide it gives no verdict. From the
        start: the first fifth is no higher than the end, nor are the first values. From early
        on: the level was reached within the first tenth and at most five points, by a fall of
        less than half, and the validation loss gained nothing after that either.
        The loss of a language model (told by a perplexity, or by Transformers' trainer state)
        stands still from the start where at least 50 values show no fall and more than 5 % can
        be ruled out.
        A loss that fell by half or more has learnt; its flat end is convergence. Near ln C or
        1, a small but sure fall is progress, and a flat end surely below 1, the variance of a
        standardised target, may be all that returns give. Above 100 the loss is that of prices,
        and 2 % must be ruled out. A run whose validation beats a guess is not judged.

    Why it matters:
        A training loss falls as long as there is anything to learn and the updates reach the
        weights; most models can at least memorise. One that does not move predicts a constant,
        or its weights do not change, and the machine's time is wasted.

    What to do:
        Train on one batch of 16 rows until its loss is near zero; if that fails, the fault is
        in the model or the loop (frozen weights, a detached graph, dead units, a missing
        optimizer step). Otherwise try ten times the learning rate, look at the scale of
        features and labels, and stop early next time.

    Sources:
        Schmeiser, Operations Research 30, 1982 (means of blocks). Gu, Kelly and Xiu, Review of
        Financial Studies 33, 2020. Karpathy, A Recipe for Training Neural Networks, 2019.
    """
    why = unsteady_objective(run)
    if why is not None:
        return NotMeasured(why)
    curve = run.curve("train_loss")
    points = finite(curve) if curve is not None else None
    if curve is None or points is None or len(points) < FEWEST:
        return NotMeasured(f"no training loss with at least {FEWEST} finite values in this log")
    if run.planned_steps and points.steps[-1] < 0.1 * run.planned_steps:
        return NotMeasured("the log ends in the first tenth of the planned run")
    if run.running and len(points) < 2 * FEWEST:
        return NotMeasured(f"the run goes on, and has logged {len(points)} losses so far")
    validation = run.curve("val_loss")
    seen = standstill(
        points,
        finite(validation) if validation is not None else None,
        settings["fall"],
        settings["fall_of_tokens"] if _of_tokens(run) else None,
    )
    if isinstance(seen, Standstill) and seen.share and not seen.frozen:
        shown = max((one for one in skills(run)), key=lambda one: one.share, default=None)
        if shown is not None and shown.share > _SHOWS_SKILL:
            seen = f"the loss moves little, but {shown.name} ({shown.value:.3g}) beats a guess"
    if isinstance(seen, str):
        return NotMeasured(seen)
    return _measurement(run, curve.original, seen)


def _of_tokens(run: TrainingRun) -> bool:
    return run.format.startswith("Hugging Face") or any(
        "ppl" in name.split("_") or "perplexity" in name for name in run.curves
    )


def _measurement(run: TrainingRun, name: str, seen: Standstill) -> Measurement:
    evidence = (
        Evidence("first_value", seen.first, None, f"line {seen.first_line}"),
        Evidence("level_before", seen.before, None, "mean of the earlier stretch"),
        Evidence("level_at_the_end", seen.after, None, "mean of the last two fifths"),
        Evidence("fall", round(seen.fall, 5), "share"),
        Evidence("fall_at_most", round(seen.at_most, 5), "share", "two standard errors above"),
    )
    where = f"{run.step_unit} {seen.step:g}"
    if seen.share == 0:
        title = f"{name} does not stand still: {seen.first:.4g} to {seen.after:.4g}"
    elif seen.share == 1:
        title = f"{name} never falls: {seen.before:.4g} at the start, {seen.after:.4g} at the end"
    else:
        title = f"{name} stands still from {where} on: {seen.before:.5g}, {seen.after:.5g}"
    if seen.classes:
        title += f" (ln {seen.classes})"
    return Measurement(
        title,
        {"standstill": seen.share, "standstill_at_guess": seen.share if seen.frozen else 0.0},
        evidence,
        line=seen.line if seen.share else None,
    )
