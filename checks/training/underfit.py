"""TRN007: the best validation result is no better than a guess."""

from __future__ import annotations

import math

from ml_debugger.artifacts import TrainingRun
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.curves.objectives import unsteady_objective
from ml_debugger.runs.skill import Skill, skills

_FEWEST = 3


@check(
    code="TRN007",
    name="underfit",
    component="training",
    playbook="training-run",
    limits=[
        Limit(
            name="skill",
            unit="share of what a guess leaves to gain",
            direction="below",
            warn=0.005,
            meaning="best lasting validation result above that of a guess, by whichever logged "
            "measure shows the most; 0 is a guess, 1 is perfect",
            source="a directional accuracy of 0.5025 or an AUC of 0.5025; the record calls 0.52 "
            "a good one, 0.04 on this scale",
        ),
        Limit(
            name="skill_beyond_doubt",
            unit="share of what a guess leaves to gain",
            direction="below",
            fail=0.005,
            meaning="the same, where the training loss too never left the loss of a guess",
            source="ln C is the cross entropy of a uniform guess over C classes",
        ),
    ],
    explained_by=("loss-plateau", "pinned-metric", "constant-feature", "learning-rate-too-high",
                  "learning-rate-too-low", "learning-rate-overridden", "variance-collapse",
                  "frozen-parameters", "dead-units"),
    profiles=("pre-train", "full"),
)  # fmt: skip
def underfit(run: TrainingRun) -> Outcome:
    """The best validation result is no better than a guess.

    What it measures:
        Every validation measure whose value for a guess is known: accuracy (1 / C, where the
        first loss is ln C; 0.5 for directions), AUC (0.5), R2, information coefficient, Matthews'
        and Cohen's coefficients (0), the loss against a logged baseline, cross entropy against
        ln C. Of each the best value that lasts for three validations is taken (the only one, if
        there are fewer), and how much of the way from a guess to perfection it covers. One
        measure that shows skill clears the run: an R2 below zero with directions right in 53 of
        100 cases is a good model of returns.
        A validation set of unknown size leaves luck possible on both sides; only results at or
        below a guess are reported, never those that are a little above it.

    Why it matters:
        A model no better than a constant still costs, trades and looks like work in progress.

    What to do:
        Compare with a constant and with the last value, on the same rows. Check that labels
        and features belong to the same rows and times, that the loss falls on a single batch,
        that features are scaled and not constant. If all that holds, there may be nothing to
        learn at this horizon: that is a finding too.

    Sources:
        The project's record: directional accuracy of 0.52 and more is good. Campbell and
        Thompson, Review of Financial Studies 21, 2008 (out-of-sample R2 against the mean).
    """
    why = unsteady_objective(run)
    if why is not None:
        return NotMeasured(why)
    found = skills(run)
    if not found:
        return NotMeasured("no validation measure whose value for a guess is known")
    best = max(found, key=lambda one: one.share)
    validated = max(one.count for one in found if not one.of_training)
    if validated < _FEWEST and _goes_on(run):
        return NotMeasured(f"the run goes on, and has validated {validated} times so far")
    evidence = tuple(
        Evidence(one.name, round(one.value, 5), f"{one.guess:.4g} for a guess",
                 f"best lasting of {one.count}")
        for one in sorted(found, key=lambda one: one.share, reverse=True)[:5]
    )  # fmt: skip
    relation = "no better than" if best.share < 0.005 else "against"
    title = f"{best.name} {best.value:.4g} {relation} {best.guess:.4g}, a guess's"
    return Measurement(
        title,
        {"skill": best.share, "skill_beyond_doubt": _beyond_doubt(found, best)},
        evidence,
        line=best.line,
    )


def _beyond_doubt(found: list[Skill], best: Skill) -> float:
    train = [one for one in found if one.of_training]
    return best.share if train and best.count >= 5 else math.nan if not train else 1.0


def _goes_on(run: TrainingRun) -> bool:
    last = max((max(curve.steps) for curve in run.curves.values() if len(curve)), default=0.0)
    return run.running or (run.planned_steps is not None and last < 0.5 * run.planned_steps)
