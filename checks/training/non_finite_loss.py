"""TRN001: a train or validation loss is NaN or infinite."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.curves.fillers import is_filled, is_of_other_rows
from ml_debugger.runs.metric_names import is_loss

_GREW = 3.0
_BEFORE = 40


@check(
    code="TRN001",
    name="non-finite-loss",
    component="training",
    playbook="nan-loss",
    limits=[
        Limit(
            name="non_finite_losses",
            unit="values",
            direction="above",
            fail=0,
            meaning="losses that are NaN or infinite",
            source="PyTorch Lightning detect_nan, Keras TerminateOnNaN: both stop at the first one",
        )
    ],
    explained_by=("unscaled-feature", "non-finite-feature", "exploding-gradient", "diverging-loss",
                  "learning-rate-too-high", "missing-zero-grad", "non-finite-gradient",
                  "loss-scale-collapse"),
    profiles=("quick", "pre-train", "full"),
)  # fmt: skip
def non_finite_loss(run: TrainingRun) -> Outcome:
    """A train or validation loss is NaN or infinite.

    What it measures:
        How many logged values of any loss are NaN or infinite. It names the first such step,
        the last finite value before it, and which of loss, gradient norm and learning rate had
        grown to more than three times its usual level by then.
        A column that holds NaN in a regular rhythm, because it is computed only every few
        epochs and written by a tool that fills gaps with "nan", is no fault.

    Why it matters:
        After one NaN update all weights are NaN. The run costs its full time, and every
        checkpoint that is written from then on is worthless.

    What to do:
        Go back to the last checkpoint before the first bad step. Look for NaN, infinite or
        unscaled features first, then for division by a zero variance and logarithms of zero
        in the loss. Clip the gradient norm, lower the learning rate, or lengthen the warm-up;
        with float16, check the loss scale.

    Sources:
        Keras, callback TerminateOnNaN. PyTorch Lightning, Trainer(detect_anomaly).
        Zhang et al., AUTOTRAINER, ICSE 2021 (an exploding gradient ends in a NaN loss).
    """
    curves = [curve for curve in run.curves.values() if is_loss(curve)]
    if not curves:
        return NotMeasured("no loss in this log")
    bad = {
        curve.name: at
        for curve in curves
        if (at := _first_bad(curve)) is not None
        and not is_filled(curve.values)
        and not any(is_of_other_rows(curve, run.curve(name)) for name in ("train_loss", "val_loss"))
    }
    total = sum(len(curve) for curve in curves)
    if not bad:
        return Measurement(f"All {total:,} logged losses are finite", {"non_finite_losses": 0})
    curve = min((c for c in curves if c.name in bad), key=lambda c: c.lines[bad[c.name]])
    at = bad[curve.name]
    count = sum(not math.isfinite(value) for c in curves if c.name in bad for value in c.values)
    step, what = curve.steps[at], "NaN" if math.isnan(curve.values[at]) else "infinite"
    where = f"{run.step_unit} {step:g}, line {curve.lines[at]}"
    evidence = [Evidence("first_step", step, run.step_unit, f"line {curve.lines[at]}")]
    last = _last_finite(curve, at)
    if last is not None:
        at_last = f"{run.step_unit} {curve.steps[last]:g}"
        evidence.append(Evidence("last_finite", curve.values[last], None, at_last))
    evidence.append(Evidence("affected", _names(bad), None, f"of {total:,} logged losses"))
    evidence.extend(_grew(run, curve.lines[at]))
    always = last is None and all(not math.isfinite(value) for value in curve.values)
    name = curve.original
    title = f"{name} is {what} at every step" if always else f"{name} is {what} from {where}"
    if last is not None and _recovers(curve, at):
        title = f"{name} is {what} at {where}, then finite again"
    return Measurement(
        title, {"non_finite_losses": float(count)}, tuple(evidence), line=curve.lines[at]
    )


def _first_bad(curve: Curve) -> int | None:
    return next((i for i, value in enumerate(curve.values) if not math.isfinite(value)), None)


def _last_finite(curve: Curve, before: int) -> int | None:
    return next((i for i in range(before - 1, -1, -1) if math.isfinite(curve.values[i])), None)


def _recovers(curve: Curve, at: int) -> bool:
    return math.isfinite(curve.values[-1]) and at < len(curve) - 1


def _grew(run: TrainingRun, line: int) -> list[Evidence]:
    """What stood far above its usual level at its last finite point before the line."""
    grown = []
    for name in ("grad_norm", "train_loss", "learning_rate"):
        curve = run.curve(name)
        if curve is None:
            continue
        before = _values_before(curve, line)
        if len(before) < 4:
            continue
        usual = median(before[:-2])
        factor = max(before[-2:]) / usual if usual > 0 else 0.0
        if factor > _GREW:
            grown.append(Evidence(f"{name}_growth", round(factor, 2), "times its usual level",
                                  "at the last two points before"))  # fmt: skip
    return grown


def _values_before(curve: Curve, line: int) -> Sequence[float]:
    values = [
        value
        for value, at in zip(curve.values, curve.lines, strict=True)
        if at <= line and math.isfinite(value)
    ]
    return values[-_BEFORE:]


def _names(names: dict[str, int]) -> str:
    return ", ".join(sorted(names)[:4])
