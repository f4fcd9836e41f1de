"""GRD005: gradients of earlier steps are never cleared."""

from __future__ import annotations

from itertools import pairwise
from statistics import median

from ml_debugger.artifacts import TrainingConfig, TrainingRun
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.curves.alignment import counts_until, values_at
from ml_debugger.curves.points import Points, finite
from ml_debugger.curves.rank_correlation import rank_correlation
from ml_debugger.runs.configured_rate import as_rate
from ml_debugger.runs.gradient_accumulation import Teeth, power_law, teeth
from ml_debugger.runs.learning import loss_of

_FEWEST = 12
_ACCUMULATES = ("gradient_accumulation_steps", "accumulate_grad_batches", "grad_accum",
                "accumulation_steps", "accum_iter", "grad_accum_steps", "accumulate")  # fmt: skip
_MICRO_BATCHES = 64


@check(
    code="GRD005",
    name="missing-zero-grad",
    component="training",
    playbook="training-run",
    limits=[
        Limit(
            name="growth_in_epoch",
            unit="times",
            direction="above",
            warn=2.5,
            fail=4,
            meaning="usual growth of the gradient norm from the first steps of an epoch to its "
            "second half, where it starts again with every epoch",
            source="measured on small LSTMs and perceptrons whose gradients were cleared once an "
            "epoch: 6.7 to 26; with correct training: 0.7 to 2.1, and no resets",
        ),
        Limit(
            name="growth_from_start",
            unit="times",
            direction="above",
            warn=5,
            fail=10,
            meaning="growth of the gradient norm from the first step to the end as a smooth power "
            "of the steps between 0.35 and 1.3",
            source="a sum of n gradients grows as n where they agree and as the root of n where "
            "they do not; measured on networks whose gradients were never cleared: 12 to 203",
        ),
    ],
    profiles=("pre-train", "full"),
)  # fmt: skip
def missing_zero_grad(run: TrainingRun, config: TrainingConfig | None) -> Outcome:
    """Gradients of earlier steps are never cleared.

    What it measures:
        Whether the norm of the gradients, before clipping, is a saw-tooth: it grows inside each
        epoch and falls back to its beginning where the next one starts; or whether it grows
        from the first step on as a smooth power of the number of steps, as a sum does. Norms of
        correct training scatter from batch to batch by a quarter and more; a sum does not.
        Teeth over which the loss goes up and down as well come from the order of the data, and
        short ones from the accumulation of gradients over small batches: both are healthy.

    Why it matters:
        Each step repeats all the steps before it, like a momentum without friction. The loss
        falls at first, then swings or diverges, and no rate repairs it.

    What to do:
        Call optimizer.zero_grad() before every backward(), not once an epoch. With accumulation
        over small batches, call it after every optimizer.step().

    Sources:
        PyTorch, torch.optim.Optimizer.zero_grad, and the recipe "Zeroing out gradients".
    """
    curve = run.curve("grad_norm")
    points = finite(curve) if curve is not None else None
    if curve is None or points is None or len(points) < _FEWEST:
        return NotMeasured(f"fewer than {_FEWEST} gradient norms in this log")
    found = teeth(points.values, _epochs(run, points)) or teeth(points.values)
    saw = found if found is not None and _is_saw(found) else None
    if saw is not None and (_accumulates(saw, run, points, config) or _by_data(saw, run, points)):
        return Measurement(
            f"The norm rises and falls every {saw.length} records, as the batches do",
            {"growth_in_epoch": 1.0, "growth_from_start": 1.0},
        )
    law = power_law(points) if saw is None else None
    grows = law is not None and 0.35 <= law.exponent <= 1.3 and law.explained >= 0.85
    grows = grows and law is not None and law.later > 1.25
    values = {
        "growth_in_epoch": saw.growth if saw is not None else 1.0,
        "growth_from_start": law.growth if law is not None and grows else 1.0,
    }
    evidence = [Evidence("first_norm", points.values[0], None, curve.original)]
    if saw is not None:
        start = saw.starts[0]
        evidence += [
            Evidence("length", saw.length, "records", f"{len(saw.starts)} restarts"),
            Evidence("growth_in_epoch", round(saw.growth, 2), "times", "first to second half"),
            Evidence("left_after_restart", round(saw.reset, 3), "share"),
        ]
        title = (f"Gradient norm grows {saw.growth:.1f}-fold over {saw.length} records, again and "
                 "again")  # fmt: skip
        line = points.lines[start] if saw.growth > 2.5 else None
        return Measurement(title, values, tuple(evidence), line)
    if law is not None and grows:
        evidence += [
            Evidence("growth", round(law.growth, 2), "times", "first step to the end"),
            Evidence("power_of_steps", round(law.exponent, 2), None,
                     f"explains {law.explained:.0%} of it"),
        ]  # fmt: skip
        if law.growth > 5:
            title = f"Gradient norm grows {law.growth:.0f}-fold, as a sum of all steps does"
            return Measurement(title, values, tuple(evidence), points.lines[0])
    return Measurement("Gradient norm does not add up over steps", values, tuple(evidence))


def _is_saw(found: Teeth) -> bool:
    return found.rising >= 0.75 and found.reset < 0.5 and found.growth > 1.5


def _epochs(run: TrainingRun, points: Points) -> list[int]:
    """Positions at which epochs begin: after every validation."""
    validation = run.curve("val_loss")
    if validation is None or len(validation) < 3:
        return []
    counts = sorted(set(counts_until(points, finite(validation))))
    return [count for count in (0, *counts) if count < len(points)]


def _accumulates(
    saw: Teeth, run: TrainingRun, points: Points, config: TrainingConfig | None
) -> bool:
    """Whether the teeth are those of small batches whose gradients are added up on purpose."""
    asked = 0.0
    if config is not None:
        named = {key.lower().rsplit(".", 1)[-1]: value for key, value in config.values.items()}
        asked = max((as_rate(named.get(name)) or 0.0 for name in _ACCUMULATES), default=0.0)
    each = median(after - before for before, after in pairwise(points.steps))
    length = saw.length * each
    if asked > 1 and length <= 1.5 * asked:
        return True
    epochs = _epochs(run, points)
    gaps = [after - before for before, after in pairwise(epochs)]
    by_epoch = bool(gaps) and abs(median(gaps) - saw.length) <= max(1, saw.length // 20)
    return not by_epoch and each <= 1 and length <= _MICRO_BATCHES and saw.length < 16


def _by_data(saw: Teeth, run: TrainingRun, points: Points) -> bool:
    """Whether the loss goes with the norm inside the teeth: then the batches differ."""
    loss = loss_of(run)
    if loss is None or not len(finite(loss)):
        return False
    losses = values_at(finite(loss), points)
    together = [rank_correlation(losses[a:b], points.values[a:b]) for a, b in pairwise(saw.starts)]
    return bool(together) and median(together) > 0.6
