"""TRN002: a logged metric is NaN, or a directional accuracy is exactly zero."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.curves.fillers import is_filled, is_of_other_rows
from ml_debugger.curves.granularity import least_rows
from ml_debugger.runs.metric_names import is_loss, is_machinery, kind_of, on_validation

_START_UP = 0.1
_FIRST = 2
_MANY = 50
_NOW_AND_THEN = 0.05
_FEW_ROWS = 24
# these are infinite by their own definition where something is divided by nothing
_UNBOUNDED = frozenset({"ppl", "perplexity", "mape", "profit", "ratio", "sharpe", "sortino"})


@dataclass(frozen=True, slots=True)
class _Gaps:
    """Where a metric is no number: positions, and how many of them stand at the end."""

    curve: Curve
    at: Sequence[int]
    trailing: int

    @property
    def share(self) -> float:
        return len(self.at) / len(self.curve)


@check(
    code="TRN002",
    name="non-finite-metric",
    component="training",
    playbook="nan-loss",
    limits=[
        Limit(
            name="not_a_number",
            unit="share of its values",
            direction="above",
            warn=0.0,
            fail=0.5,
            meaning="values of the worst metric that are no numbers, start-up and fillers left out",
            source="scikit-learn: roc_auc_score is not defined for one class; most values gone "
            "means that the metric says nothing of this run",
        ),
        Limit(
            name="not_a_number_at_the_end",
            unit="values",
            direction="above",
            fail=1,
            meaning="last values of a metric that are all no numbers",
            source="two in a row up to the end: the metric does not come back",
        ),
        Limit(
            name="zero_accuracies",
            unit="values",
            direction="above",
            fail=0,
            meaning="directional accuracies that are exactly 0, the first check left out",
            source="the project's record of 2025-12: 0.0 came from NaN predictions or empty "
            "arrays; a coin gives 0 of 24 with a probability of 6e-8",
        ),
    ],
    explained_by=("non-finite-loss", "non-finite-weights", "label-imbalance",
                  "non-finite-feature", "unscaled-feature", "exploding-gradient"),
    profiles=("quick", "pre-train", "full"),
)  # fmt: skip
def non_finite_metric(run: TrainingRun) -> Outcome:
    """A logged metric is NaN, or a directional accuracy is exactly zero.

    What it measures:
        The share of NaN or infinite values of every metric but the losses, and whether it ends
        with them. Blanks are no values. NaN at a regular rhythm is a filler of tools that
        compute a metric every few epochs. NaN in the first tenth only, or in a single check
        before training, is a start-up: the sanity check of a trainer, or a correlation of
        predictions that are still constant. A metric of single training batches may be
        undefined now and then.
        A directional accuracy of exactly 0 on more than a few rows is counted as well.

    Why it matters:
        The predictions behind the metric are NaN, constant or empty, or the validation set holds
        one class only. Early stopping and the choice of the best checkpoint compare with NaN,
        which is never smaller, so they choose at random.

    What to do:
        Print the metric's inputs at the first such check: NaN predictions come from the weights
        or from unscaled features; a missing class comes from the split or from the label's
        threshold. Lengthen the validation period until every class is in it.

    Sources:
        scikit-learn, roc_auc_score (undefined with one class). The project's record of 2025-12
        (directional accuracy 0.0 means NaN predictions or empty arrays).
    """
    metrics = [c for c in run.curves.values() if _judged(c)]
    if not metrics:
        return NotMeasured("no metric besides the losses in this log")
    gaps = [gap for curve in metrics if (gap := _gaps(run, curve)) is not None]
    zeros = {c.name: found for c in metrics if kind_of(c) == "direction" and (found := _zeros(c))}
    if not gaps and not zeros:
        total = sum(len(curve) for curve in metrics)
        return Measurement(
            f"All {total:,} values of {len(metrics)} metrics are finite",
            {"not_a_number": 0.0, "not_a_number_at_the_end": 0.0, "zero_accuracies": 0.0},
        )
    values = {
        "not_a_number": max((g.share for g in gaps), default=0.0),
        "not_a_number_at_the_end": float(max((g.trailing for g in gaps), default=0)),
        "zero_accuracies": float(max((len(found) for found in zeros.values()), default=0)),
    }
    if gaps:
        worst = max(gaps, key=lambda g: (g.share, g.trailing))
        curve, at = worst.curve, worst.at[0]
        title = _title(run, worst)
    else:
        curve = next(c for c in metrics if c.name in zeros)
        at = zeros[curve.name][0]
        title = (f"{curve.original} is exactly 0 in {len(zeros[curve.name])} of {len(curve)} "
                 "checks")  # fmt: skip
    evidence = [Evidence("first_step", curve.steps[at], run.step_unit, f"line {curve.lines[at]}")]
    evidence += [
        Evidence(g.curve.original, len(g.at), "values", f"of {len(g.curve)} are no numbers")
        for g in sorted(gaps, key=lambda g: -g.share)[:3]
    ]
    before = [i for i in range(at) if math.isfinite(curve.values[i])]
    if before:
        evidence.append(Evidence("last_finite", curve.values[before[-1]], None,
                                 f"{run.step_unit} {curve.steps[before[-1]]:g}"))  # fmt: skip
    return Measurement(title, values, tuple(evidence), line=curve.lines[at])


def _judged(curve: Curve) -> bool:
    if is_loss(curve) or is_machinery(curve) or not len(curve):
        return False
    own = curve.name.endswith(("prediction_std", "share_positive"))
    return own or on_validation(curve) or kind_of(curve) is not None


def _gaps(run: TrainingRun, curve: Curve) -> _Gaps | None:
    values = curve.values
    unbounded = not _UNBOUNDED.isdisjoint(curve.name.split("_"))
    at = [i for i, v in enumerate(values) if math.isnan(v) or (math.isinf(v) and not unbounded)]
    if not at or is_filled(values) or _start_up(run, curve, at):
        return None
    if any(is_of_other_rows(curve, run.curve(name)) for name in ("train_loss", "val_loss")):
        return None
    trailing = next((n for n, v in enumerate(reversed(values)) if math.isfinite(v)), len(values))
    of_batches = not on_validation(curve) and len(curve) >= _MANY
    if of_batches and trailing < 2 and len(at) < _NOW_AND_THEN * len(curve):
        return None
    return _Gaps(curve, at, trailing)


def _start_up(run: TrainingRun, curve: Curve, at: Sequence[int]) -> bool:
    """Only the first values are missing: the model was not trained yet."""
    train = run.curve("train_loss")
    if len(curve) == 1 and not run.running:
        return train is not None and len(train) > 0 and curve.lines[0] < train.lines[0]
    if run.running and len(at) == len(curve) <= _FIRST:
        return True
    leading = list(at) == list(range(len(at)))
    return leading and len(at) <= max(1, _START_UP * len(curve)) and len(at) < len(curve)


def _zeros(curve: Curve) -> list[int]:
    """Where a directional accuracy is exactly 0 although its rows are many.

    An output layer that starts at zero predicts no direction, so the first check is left out.
    """
    at = [i for i, value in enumerate(curve.values) if value == 0 and (i > 0 or len(curve) == 1)]
    return at if at and least_rows(curve.values) > _FEW_ROWS else []


def _title(run: TrainingRun, worst: _Gaps) -> str:
    curve, count = worst.curve, len(worst.at)
    what = "NaN" if math.isnan(curve.values[worst.at[0]]) else "infinite"
    if count == len(curve):
        all_of = "its only check" if count == 1 else f"all {count} checks"
        return f"{curve.original} is {what} in {all_of}"
    start = curve.steps[worst.at[0]]
    if worst.trailing == count:
        return f"{curve.original} is {what} from {run.step_unit} {start:g} to the end"
    return f"{curve.original} is {what} in {count} of {len(curve)} checks"
