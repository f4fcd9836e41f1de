"""TRN005: the loss goes up and down in large steps and gets nowhere."""

from __future__ import annotations

from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.curves.objectives import unsteady_objective
from ml_debugger.curves.points import Points, finite, without_warm_up
from ml_debugger.runs.oscillation import FEWEST, Swing, of_training, of_validation


@check(
    code="TRN005",
    name="oscillating-loss",
    component="training",
    playbook="training-run",
    limits=[
        Limit(
            name="swing",
            unit="share of the level",
            direction="above",
            warn=0.10,
            meaning="typical swing of a loss to either side, where it is a lasting oscillation "
            "and not noise",
            source="measured: two healthy public logs scatter by 2 and 5 %, one labelled unstable "
            "swings tenfold; none of 4,300 simulated healthy runs of 43 kinds is beyond it",
        )
    ],
    explained_by=("learning-rate-too-high", "unscaled-feature", "exploding-gradient"),
    profiles=("pre-train", "full"),
)  # fmt: skip
def oscillating_loss(run: TrainingRun) -> Outcome:
    """The loss goes up and down in large steps and gets nowhere.

    What it measures:
        The loss without its first fifth, on a logarithmic scale, in runs that log at most one
        point an epoch. Three shapes count, and each only where the level moves by less than the
        swings do. A rhythm: one period of at most a quarter of the run explains half of the
        variance (Fisher's test at one in ten thousand). Alternation: each step takes back the
        one before, beyond what independent noise gives by four standard errors. Noise without
        end: training averages that scatter by more than 30 %, or a validation loss of at least
        20 checks that scatters by more than 50 %, three times as much as the training loss, as
        much as half of what the run has gained.
        A rhythm that the learning rate shares (cycles, restarts), or that could be a schedule's
        because it rises fast and falls slowly, is none. Single batches are never judged by
        their noise.

    Why it matters:
        Steps as large as the valley is wide: the model jumps from one wall to the other. Which
        checkpoint is kept is then a matter of luck, and so is the validation result.

    What to do:
        Lower the learning rate or let it decay, enlarge the batch, clip the gradient norm. If
        only the validation loss swings, its set is too small or its loss draws random numbers
        (diffusion times, dropout left on): fix the seed or average several draws.

    Sources:
        Fisher, Proc. R. Soc. A 125, 1929. Bartlett, JRSS Supplement 8, 1946. Zhang et al.,
        AUTOTRAINER, ICSE 2021 (oscillating loss).
    """
    why = unsteady_objective(run)
    if why is not None:
        return NotMeasured(why)
    seen: list[tuple[Curve, Points, Swing]] = []
    for name in ("train_loss", "val_loss"):
        curve = run.curve(name)
        if curve is None:
            continue
        points = without_warm_up(finite(curve), 0.2, 2)
        if len(points) < FEWEST or min(points.values) <= 0:
            continue
        judge = of_training if name == "train_loss" else of_validation
        swing = judge(run, curve, points)
        if swing is not None:
            seen.append((curve, points, swing))
    if not seen:
        return NotMeasured(
            f"no loss with {FEWEST} averages of epochs, or {FEWEST} validations, above zero"
        )
    curve, points, swing = max(seen, key=lambda one: (one[2].counts, one[2].size))
    evidence = (
        Evidence("low", swing.low, None, "a tenth of the values lie below"),
        Evidence("high", swing.high, None, "a tenth of the values lie above"),
        Evidence("period", swing.period or None, "points", f"{len(points)} points judged"),
        Evidence("gain_meanwhile", round(swing.gain, 4), "share", "first to second half"),
    )
    if not swing.counts:
        return Measurement(f"{curve.original} scatters by {swing.size:.1%}, without oscillation",
                           {"swing": 0.0}, evidence)  # fmt: skip
    manner = f"every {swing.period} points" if swing.period else "without end"
    return Measurement(
        f"{curve.original} swings between {swing.low:.3g} and {swing.high:.3g} {manner}",
        {"swing": swing.size},
        evidence,
        line=points.lines[0],
    )
