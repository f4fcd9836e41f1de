"""GRD002: the gradient norm grows without bound, or jumps and takes the loss with it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from ml_debugger.artifacts import TrainingConfig, TrainingRun
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.curves.points import finite
from ml_debugger.runs.configured_rate import as_rate
from ml_debugger.runs.gradient_growth import Growth, followed_jumps, lasting_growth
from ml_debugger.runs.learning import learns, loss_movement, loss_of

_FEWEST = 6
_FEWEST_FOR_CLIP = 20
_CLIPS = ("gradient_clip_val", "max_grad_norm", "grad_clip", "clip_grad_norm", "clipnorm",
          "grad_norm_clip", "gradient_clip", "clip_grad", "gradient_clipping",
          "global_clipnorm")  # fmt: skip


@check(
    code="GRD002",
    name="exploding-gradient",
    component="training",
    playbook="nan-loss",
    limits=[
        Limit(
            name="norm_growth",
            unit="times its usual level",
            direction="above",
            warn=10,
            fail=100,
            meaning="gradient norm at the end, or before the loss becomes NaN, over its usual "
            "level after the first steps, where the loss does not fall meanwhile",
            source="warn: the catalogue of faults, ten times its level; TheDeepChecker: doubling "
            "over 5 checks; measured on 178 healthy small networks: at most 10, "
            "and there the loss fell",
        ),
        Limit(
            name="followed_jumps",
            unit="jumps",
            direction="above",
            warn=0,
            fail=2,
            meaning="norms above ten times their level after which the loss stays higher",
            source="single heavy batches raise the norm of one step only; the loss of the next "
            "ones is the evidence",
        ),
        Limit(
            name="norm_over_clip",
            unit="times the clip",
            direction="above",
            warn=30,
            meaning="usual gradient norm over the configured clip in the second half of a run "
            "whose loss does not fall",
            source="design choice: norms between 0.5 and 5 are usual where the clip is 1 (the "
            "default max_grad_norm of transformers)",
        ),
        Limit(
            name="clipped_share",
            unit="share of steps",
            direction="above",
            warn=0.9,
            meaning="share of steps that are clipped at the end of a run whose loss rises",
            source="the catalogue of faults: clipping active on most steps",
        ),
    ],
    explained_by=("unscaled-feature", "non-finite-feature", "learning-rate-too-high",
                  "missing-zero-grad"),
    profiles=("quick", "pre-train", "full"),
)  # fmt: skip
def exploding_gradient(run: TrainingRun, config: TrainingConfig | None) -> Outcome:
    """The gradient norm grows without bound, or jumps and takes the loss with it.

    What it measures:
        The norm of all gradients before clipping: its level at the end, or at the last finite
        steps before a NaN, over its usual level after the first steps; only where the loss did
        not fall meanwhile, for a network that leaves a plateau, or one whose last layer began
        at zero, raises its norm as it learns. Single steps above ten times their surroundings
        count when the loss stays higher after them. Where the loss does not fall, also how far
        the norm lies above the clip, and whether nearly all steps are clipped while it rises.
        High norms in the first steps and clipping during the warm-up are healthy.

    Why it matters:
        One such step undoes what thousands have learnt; a few of them end in NaN, and every
        checkpoint after that is worthless.

    What to do:
        Scale the features first: one column of 1e6 is enough. Then clip the norm at about
        twice its usual level, lower the rate or lengthen the warm-up, look at the batch of the
        first jump.

    Sources:
        Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks,
        2013. TheDeepChecker, 2021. The project's record of 2025-12 (features with a spread of
        1.2 million: exploding gradients, then NaN).
    """
    curve = run.curve("grad_norm")
    points = finite(curve) if curve is not None else None
    share = run.curve("clipped_share")
    if points is None or len(points) < 2:
        return NotMeasured("too few gradient norms in this log")
    loss, moved = loss_of(run), loss_movement(run)
    grown = lasting_growth(points, curve, loss)
    if grown is None:
        return NotMeasured(f"fewer than {_FEWEST} finite gradient norms, and no NaN after them")
    jumps = followed_jumps(points, finite(loss)) if loss is not None else []
    values = {"norm_growth": grown.factor, "followed_jumps": float(len(jumps))}
    evidence = _told(grown, run)
    titles: list[str] = []
    line = None
    if grown.factor > 10:
        line = grown.line
        titles.append(f"Gradient norm grows from {grown.usual:.3g} to {grown.end:.3g}, from "
                      f"{run.step_unit} {grown.step:g} on")  # fmt: skip
    if jumps:
        line = points.lines[jumps[0]] if line is None else line
        evidence.append(Evidence("first_jump", points.values[jumps[0]], None,
                                 f"{run.step_unit} {points.steps[jumps[0]]:g}"))  # fmt: skip
        titles.append(f"Gradient norm jumps {len(jumps)} times and the loss follows, first at "
                      f"{run.step_unit} {points.steps[jumps[0]]:g}")  # fmt: skip
    idle = moved is not None and not learns(moved)
    clip = _clip(config)
    if clip is not None and len(points) >= _FEWEST_FOR_CLIP:
        over = median(points.values[len(points) // 2 :]) / clip
        values["norm_over_clip"] = over if idle else 0.0
        if idle and over > 30:
            titles.append(f"Norms are usually {over:.3g} times the clip of {clip:g}")
    if share is not None and len(found := finite(share)) >= _FEWEST_FOR_CLIP:
        clipped = _at_the_end(found.values)
        rises = moved is not None and moved.rose()
        values["clipped_share"] = clipped if rises else 0.0
        if rises and clipped > 0.9:
            titles.append(f"{clipped:.0%} of the last steps are clipped and the loss rises")
    if not titles:
        titles.append(f"Gradient norm stays about {grown.end:.3g}")
    return Measurement(titles[0], values, tuple(evidence[:5]), line)


def _told(grown: Growth, run: TrainingRun) -> list[Evidence]:
    evidence = [
        Evidence("usual_norm", grown.usual, None, "after the first steps"),
        Evidence("norm_at_the_end", grown.end, None, f"{run.step_unit} {grown.last_step:g}"),
    ]
    if grown.factor > 10:
        where = f"line {grown.line}"
        evidence.insert(0, Evidence("growth_begins", grown.step, run.step_unit, where))
    return evidence


def _at_the_end(values: Sequence[float]) -> float:
    return median(values[-max(3, len(values) // 4) :])


def _clip(config: TrainingConfig | None) -> float | None:
    if config is None:
        return None
    named = {key.lower().rsplit(".", 1)[-1]: value for key, value in config.values.items()}
    found = [rate for name in _CLIPS if (rate := as_rate(named.get(name))) is not None]
    return next((clip for clip in found if clip > 0), None)
