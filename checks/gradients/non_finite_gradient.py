"""GRD003: gradient norms are NaN or infinite, before or without a NaN loss."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import median

from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.runs.learning import loss_of


@check(
    code="GRD003",
    name="non-finite-gradient",
    component="training",
    playbook="nan-loss",
    limits=[
        Limit(
            name="non_finite_share",
            unit="share of logged norms",
            direction="above",
            warn=0.02,
            fail=0.10,
            meaning="norms that are NaN or infinite after the first 2 % of the log, before the "
            "loss is",
            source="PyTorch, torch.amp.GradScaler: in the steady state one step in 2,000 "
            "overflows (growth_interval) and is skipped; 2 % is forty times that",
        ),
        Limit(
            name="last_in_a_row",
            unit="logged norms",
            direction="above",
            fail=2,
            meaning="norms that are NaN or infinite one after another up to the end of the log, "
            "or up to a NaN loss",
            source="one or two may be skipped steps; a skipped step is followed by a finite one "
            "as soon as the scale is low enough",
        ),
    ],
    explained_by=("non-finite-feature", "unscaled-feature", "exploding-gradient",
                  "loss-scale-collapse", "learning-rate-too-high"),
    profiles=("quick", "pre-train", "full"),
)  # fmt: skip
def non_finite_gradient(run: TrainingRun) -> Outcome:
    """Gradient norms are NaN or infinite, before or without a NaN loss.

    What it measures:
        How many gradient norms, of the model and of its layers, are NaN or infinite before the
        loss is, without the first 2 % of the log; and how many stand in a row at the end. In
        mixed precision single infinite norms are how the loss scale finds its height: the step
        is skipped and no harm is done, so the rate decides. Norms that are NaN only from the
        first NaN loss on are its consequence, not its cause. NaN in a regular rhythm is the
        filler of a column that is computed now and then.

    Why it matters:
        Without a scaler the step is taken and all weights are NaN after it. With one it is
        skipped: many such steps are a training that stands still.

    What to do:
        Look at the batch of the first such step. Take the square root and the logarithm of
        values with a small constant added, divide by a variance with one, mask before the
        softmax with a finite number. Prefer bfloat16 to float16.

    Sources:
        PyTorch, Automatic Mixed Precision (GradScaler: growth interval 2000, backoff 0.5).
        Micikevicius et al., Mixed Precision Training, 2018.
    """
    norms = [
        curve
        for name, curve in run.curves.items()
        if (name == "grad_norm" or name.startswith("grad_norm/")) and len(curve)
    ]
    norms = [curve for curve in norms if not _filler(curve)]
    if not norms:
        return NotMeasured("no gradient norm in this log")
    loss = loss_of(run)
    until = _first_bad_loss(loss)
    found = {curve.original: _bad(curve, until) for curve in norms}
    curve = max(norms, key=lambda one: (_share(one, found[one.original]), one.name == "grad_norm"))
    bad = found[curve.original]
    in_a_row = _at_the_end(curve, until)
    share = _share(curve, bad)
    values = {"non_finite_share": share, "last_in_a_row": float(in_a_row)}
    if not bad:
        after = any(not math.isfinite(value) for one in norms for value in one.values)
        word = "before the loss is NaN" if until < math.inf and after else "throughout"
        return Measurement(f"Gradient norms are finite {word}", values)
    first = bad[0]
    what = "NaN" if math.isnan(curve.values[first]) else "infinite"
    where = f"{run.step_unit} {curve.steps[first]:g}"
    evidence = [
        Evidence("first_step", curve.steps[first], run.step_unit, f"line {curve.lines[first]}"),
        Evidence("non_finite_norms", len(bad), None, f"of {len(curve)} of {curve.original}"),
    ]
    last = next((i for i in range(first - 1, -1, -1) if math.isfinite(curve.values[i])), None)
    if last is not None:
        evidence.append(Evidence("last_finite", curve.values[last], None,
                                 f"{run.step_unit} {curve.steps[last]:g}"))  # fmt: skip
    if loss is not None and until < math.inf:
        evidence.append(Evidence("loss_follows", True, None, f"{loss.original}, line {until:g}"))
    grave = share > 0.02 or in_a_row > 2
    title = (
        f"Gradient norm is {what} from {where}, in {len(bad)} of {len(curve)} records"
        if grave
        else f"{len(bad)} of {len(curve)} gradient norms are {what}: steps that were skipped"
    )
    return Measurement(title, values, tuple(evidence), curve.lines[first] if grave else None)


def _bad(curve: Curve, until: float) -> list[int]:
    """Positions of norms that are no numbers, before the loss is none, after the first 2 %."""
    return [
        i
        for i in range(len(curve) // 50, len(curve))
        if not math.isfinite(curve.values[i]) and curve.lines[i] < until
    ]


def _share(curve: Curve, bad: list[int]) -> float:
    return len(bad) / len(curve) if len(bad) > 1 or len(curve) < 20 else 0.0


def _at_the_end(curve: Curve, until: float) -> int:
    count = 0
    for value, line in zip(reversed(curve.values), reversed(curve.lines), strict=True):
        if line >= until:
            continue
        if math.isfinite(value):
            break
        count += 1
    return count


def _first_bad_loss(loss: Curve | None) -> float:
    if loss is None or _filler(loss):
        return math.inf
    bad = (line for value, line in zip(loss.values, loss.lines, strict=True)
           if not math.isfinite(value))  # fmt: skip
    return min(bad, default=math.inf)


def _filler(curve: Curve) -> bool:
    """NaN is a filler: finite values come at one regular distance, and never infinite ones."""
    if any(math.isinf(value) for value in curve.values):
        return False
    finite = [i for i, value in enumerate(curve.values) if math.isfinite(value)]
    gaps = [after - before for before, after in pairwise(finite)]
    if len(gaps) < 2:
        return False
    usual = int(median(gaps))
    return usual > 1 and sum(gap == usual for gap in gaps) >= 0.9 * len(gaps)
