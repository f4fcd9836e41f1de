"""TRN017: after a resume the loss or the rate does not go on where it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ml_debugger.artifacts import TrainingRun
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.curves.noise import scatter
from ml_debugger.curves.points import Points, finite
from ml_debugger.curves.significance import rank_sum_p
from ml_debugger.runs.resumes import Resume, clock_resumes, counter_resumes, rate_resumes

_FEWEST = 5
_WIDTH = 10


@check(
    code="TRN017",
    name="resume-discontinuity",
    component="training",
    playbook="training-run",
    limits=[
        Limit(
            name="loss_jump",
            unit="share of what had been gained",
            direction="above",
            warn=0.1,
            fail=0.5,
            meaning="rise of the loss after a resume over that at the same step before it, beyond "
            "the noise, over what had been gained and 5 % of its level",
            source="1 is a training that begins anew: the weights were not restored; a tenth is "
            "a lost optimizer state",
        ),
        Limit(
            name="loss_drop",
            unit="share of what had been gained",
            direction="above",
            warn=0.1,
            meaning="the same where the loss goes on lower: the counter was set back, not the "
            "weights, or another run was appended",
            source="a training that is taken up again repeats its losses within their noise",
        ),
        Limit(
            name="rate_factor",
            unit="times",
            direction="above",
            warn=1.5,
            meaning="factor between the rate after a resume and that at the same step before it",
            source="a schedule whose state was restored goes on at the same rate",
        ),
    ],
    profiles=("pre-train", "full"),
)  # fmt: skip
def resume_discontinuity(run: TrainingRun) -> Outcome:
    """After a resume the loss or the rate does not go on where it was.

    What it measures:
        A resume shows by a counter that goes back or counts a step twice, by a long gap in the
        clock, or by a rate that leaves its height and repeats the beginning of the run. There
        the loss after it is held against the loss at the same steps before it, and the rate
        likewise. A jump counts beyond the scatter of the loss; down as well as up, for a loss
        that goes on lower at a lower step shows that the counter was reset and not the weights.
        Equal values at repeated steps are a log that was written twice. Several runs in one
        file are judged on their own.

    Why it matters:
        What was trained before the resume is lost in whole or in part, while the curve looks
        like one training. A schedule that begins anew throws the weights out of the optimum.

    What to do:
        Save and load the weights, the optimizer, the schedule, the loss scale, the counter and
        the state of the random generators together. Compare the loss of the first step after
        the resume with that before it.

    Sources:
        PyTorch, Saving and loading a general checkpoint. Hugging Face Transformers,
        Trainer.train(resume_from_checkpoint).
    """
    loss = run.curve("train_loss", "val_loss")
    points = finite(loss) if loss is not None else None
    if loss is None or points is None or len(points) < _FEWEST:
        return NotMeasured(f"fewer than {_FEWEST} points of a loss")
    rate = run.curve("learning_rate")
    rates = finite(rate) if rate is not None else None
    clock = run.curve("timestamp")
    resumes = counter_resumes(points)
    if clock is not None:
        resumes += clock_resumes(finite(clock))
    if rates is not None:
        resumes += rate_resumes(rates)
    if not resumes:
        return Measurement(
            "The counter and the rate go on without a break",
            {"loss_jump": 0.0, "loss_drop": 0.0, "rate_factor": 1.0},
        )
    seams = [_seam(resume, points, rates) for resume in resumes]
    worst = max(seams, key=lambda seam: (seam.jump > 0.1, seam.factor > 1.5, seam.jump))
    evidence = [
        Evidence("resume", worst.resume.reason, None, f"line {worst.resume.line}"),
        Evidence("loss_before", worst.before, None, loss.original),
        Evidence("loss_after", worst.after, None, loss.original),
        Evidence("resumes", len(resumes)),
    ]
    if worst.factor > 1:
        evidence.insert(3, Evidence("rate_factor", round(worst.factor, 3), "times"))
    change = f"{loss.original} {worst.before:.3g} to {worst.after:.3g}"
    if worst.jump > 0.1:
        title = f"After a resume {change}"
    elif worst.factor > 1.5:
        title = f"After a resume the rate is {worst.factor:.3g} times off its course"
    else:
        times = "once" if len(resumes) == 1 else f"{len(resumes)} times"
        title = f"Resumed {times}; the loss goes on within its noise"
    found = worst.jump > 0.1 or worst.factor > 1.5
    return Measurement(
        title,
        {
            "loss_jump": max((s.jump for s in seams if s.after > s.before), default=0.0),
            "loss_drop": max((s.jump for s in seams if s.after <= s.before), default=0.0),
            "rate_factor": max(s.factor for s in seams),
        },
        tuple(evidence),
        worst.resume.line if found else None,
    )


@dataclass(frozen=True, slots=True)
class _Seam:
    resume: Resume
    before: float
    after: float
    jump: float
    factor: float


def _seam(resume: Resume, points: Points, rates: Points | None) -> _Seam:
    """The two sides of a resume; no jump where they agree within the noise."""
    old, new = _sides(resume, points)
    before = median(old) if old else points.values[0]
    after = median(new) if new else before
    jump = 0.0
    if old and new and _beyond_noise(resume, points, old, new):
        gained = max(median(points.values[:3]) - before, 0.0)
        jump = abs(after - before) / (gained + 0.05 * abs(before))
    factor = 1.0
    # after a mere pause a schedule may rightly be at a restart or a milestone
    if rates is not None and not resume.pause:
        rates_old, rates_new = _sides(resume, rates, width=3)
        if rates_old and rates_new and min(*rates_old, *rates_new) > 0:
            ratio = median(rates_new) / median(rates_old)
            factor = max(ratio, 1 / ratio)
    return _Seam(resume, before, after, jump, factor)


def _sides(
    resume: Resume, points: Points, width: int = _WIDTH
) -> tuple[Sequence[float], Sequence[float]]:
    """Values before and after the resume, at the same steps where the counter went back."""
    cut = next((i for i, line in enumerate(points.lines) if line >= resume.line), len(points))
    first, second = points.between(0, cut), points.between(cut, min(cut + width, len(points)))
    if resume.back_to is None or not len(second):
        return first.values[-width:], second.values
    again = dict(zip(first.steps, first.values, strict=True))
    pairs = [(again[s], v) for s, v in zip(second.steps, second.values, strict=True) if s in again]
    if pairs:
        return [old for old, _ in pairs], [new for _, new in pairs]
    around = sorted(range(len(first)), key=lambda i: abs(first.steps[i] - second.steps[0]))
    near = sorted(around[:3])
    return [first.values[i] for i in near], second.values[:3]


def _beyond_noise(
    resume: Resume, points: Points, old: Sequence[float], new: Sequence[float]
) -> bool:
    if list(old) == list(new):
        return False
    cut = next((i for i, line in enumerate(points.lines) if line >= resume.line), len(points))
    noise = max(scatter(points.values[max(0, cut - 100) : cut]), scatter(points.values[cut:]))
    distance = median(new) - median(old)
    few = min(len(old), len(new))
    # eight against eight is the least that can reach the level below
    if few < 8:
        around = points.values[max(0, cut - 2 * _WIDTH) : cut]
        slope = median([abs(b - a) for a, b in pairwise(around)] or [0.0])
        return abs(distance) > 5 * noise + 2 * slope
    if resume.back_to is None:
        # between two stretches a loss may rightly have fallen, and risen as elsewhere
        usual = _usual_rises(points, cut)
        start, lost = median(points.values[:3]), median(new)
        # weights that were lost bring back the first loss, new data any other
        anew = not resume.pause or lost < start + 0.1 * abs(start) + noise
        return anew and rank_sum_p(new, old) < 1e-3 and distance > max(noise, 2 * usual)
    apart = rank_sum_p(new, old) if distance > 0 else rank_sum_p(old, new)
    return apart < 1e-3 and abs(distance) > noise


def _usual_rises(points: Points, cut: int) -> float:
    """The highest rise between two neighbouring stretches elsewhere in the run."""
    values = points.values
    seams = [
        at for at in range(_WIDTH, len(values) - _WIDTH, _WIDTH // 2) if abs(at - cut) > _WIDTH
    ]
    return max(
        (median(values[at : at + _WIDTH]) - median(values[at - _WIDTH : at]) for at in seams),
        default=0.0,
    )
