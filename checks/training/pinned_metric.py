"""TRN011: a metric stays at the class prior, 0 or 1 while the loss moves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

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
from ml_debugger.curves.granularity import least_rows
from ml_debugger.curves.points import Points, finite
from ml_debugger.runs.metric_names import kind_of, on_validation

_JUDGED = frozenset(
    {"direction", "accuracy", "precision", "recall", "specificity", "f1", "auc", "agreement"}
)
# means of float32 differ in the seventh digit
_EQUAL = 1e-6
_MOVES = 5e-4
_LEARNT = 0.1
_FALL = 0.1
_FINE_ROWS = 100
_LEAST_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class _Pin:
    """A metric that does not move any more: `count` equal last values of the `points`."""

    curve: Curve
    points: Points
    count: int

    @property
    def value(self) -> float:
        return self.points.values[-1]

    @property
    def first(self) -> int:
        return len(self.points) - self.count

    @property
    def throughout(self) -> bool:
        """From the first checks on: the metric never showed that anything was learnt."""
        return self.first <= max(1, int(_LEARNT * len(self.points)))


@check(
    code="TRN011",
    name="pinned-metric",
    component="training",
    playbook="sign-bias",
    limits=[
        Limit(
            name="pinned_checks",
            unit="checks",
            direction="above",
            warn=1,
            fail=4,
            meaning="last checks at which a metric has exactly one value, that of a model which "
            "gives every row the same class",
            source="DeepDiagnosis, ICSE 2022: accuracy identical over many epochs; measured on a "
            "public log of a classifier of events, recall 1.0 at the base rate in 2 checks",
        )
    ],
    settings=[
        Setting("checks_alone", "checks", 10,
                "equal checks from the first on that are believed of one metric alone",
                "small validation sets repeat a value: 0.85 is 17 of 20 rows"),
    ],
    explained_by=("non-finite-loss", "vanishing-gradient", "learning-rate-too-high",
                  "loss-plateau", "sign-collapse", "variance-collapse", "label-imbalance"),
    profiles=("pre-train", "full"),
)  # fmt: skip
def pinned_metric(run: TrainingRun, settings: Settings) -> Outcome:
    """A metric stays at the class prior, 0 or 1 while the loss moves.

    What it measures:
        How many of the last checks give exactly the same value, where that is the value of a
        model which puts every row into one class: recall 1 with one and the same precision;
        precision and recall both 0; one accuracy or precision, or an AUC of 0.5, from the
        first checks to the end or after a fall by 0.1 and more. One metric alone needs ten
        such checks; twenty, and no other value ever, where it may come from less than a hundred
        rows and the same metric of the training rows does not stand still as well.
        The loss must move meanwhile, by 0.05 % of its level. A metric that rose before it
        stood still, or that is perfect, is healthy; so is one of a small set that has learnt.

    Why it matters:
        The loss falls by fitting the frequency of the classes, and looks like learning. The
        model answers the same to every input.

    What to do:
        Count the predicted classes at one check. Weigh the rarer class or choose its threshold
        on validation data; check that labels are not all of one class in the split; then look
        for dead units and for inputs that are not scaled.

    Sources:
        Wardat et al., DeepDiagnosis, ICSE 2022. The project's record of 2025-12 (one-sided
        models whose accuracy is the share of rising days).
    """
    metrics = [c for c in run.curves.values() if kind_of(c) in _JUDGED and len(finite(c)) >= 2]
    if not metrics:
        return NotMeasured("no classification metric with two or more checks in this log")
    pins = [pin for curve in metrics if (pin := _pin(curve)) is not None]
    found = [
        (pin, why)
        for pin in pins
        if _loss_moves(run, pin)
        and (why := _why(pin, pins, settings["checks_alone"], running=run.running))
    ]
    if not found:
        return Measurement(f"None of {len(metrics)} metrics is pinned", {"pinned_checks": 0.0})
    pin, why = max(found, key=lambda one: (on_validation(one[0].curve), one[0].count))
    at = pin.first
    evidence = [
        Evidence(p.curve.original, p.value, None, f"{p.count} of {len(p.points)} checks")
        for p, _ in sorted(found, key=lambda one: -one[0].count)[:3]
    ]
    if at > 0:
        evidence.append(Evidence("value_before", pin.points.values[at - 1], None,
                                 f"{run.step_unit} {pin.points.steps[at - 1]:g}"))  # fmt: skip
    evidence.append(_loss_evidence(run, pin))
    return Measurement(
        f"{pin.curve.original} is {pin.value:.4g} in {_of(pin)}: {why}",
        {"pinned_checks": float(pin.count)},
        tuple(evidence),
        line=pin.points.lines[at],
    )


def _pin(curve: Curve) -> _Pin | None:
    points = finite(curve)
    values = points.values
    count = next(
        (n for n, value in enumerate(reversed(values)) if abs(value - values[-1]) > _EQUAL),
        len(values),
    )
    pin = _Pin(curve, points, count)
    return pin if count >= 2 and pin.count >= _LEAST_SHARE * len(points) else None


def _why(pin: _Pin, pins: Sequence[_Pin], alone: float, *, running: bool) -> str | None:
    """Why the value is that of a model with one answer; None where it need not be.

    Rare events are not found at first: a run that goes on is given time.
    """
    kind, value = kind_of(pin.curve), _share(pin)
    same_rows = [p for p in pins if on_validation(p.curve) == on_validation(pin.curve)]
    others = {kind_of(p.curve): _share(p) for p in same_rows if p is not pin}
    by_pair = _one_class(kind, value, others)
    if by_pair is not None and running and pin.first == 0 and pin.count < alone:
        return None
    if by_pair is not None:
        pair = [p for p in same_rows if kind_of(p.curve) in ("recall", "precision")]
        # a precision that rose before it stood still was learnt
        collapsed = pin.count >= 4 and any(_fell(p) for p in pair)
        return by_pair if collapsed or all(p.first == 0 for p in pair) else None
    if value in (0.0, 1.0) or kind in ("recall", "specificity", "f1"):
        return None
    if kind == "auc" and value != 0.5:
        return None
    if not pin.throughout and not _fell(pin):
        return None
    if not _many_rows(pin.points.values) and not _confirmed(pin, pins):
        alone *= 2
        if pin.first > 0:
            return None
    return "one and the same answer to all rows" if pin.count >= alone else None


def _one_class(
    kind: str | None, value: float, others: dict[str | None, float]
) -> str | None:  # fmt: skip
    recall = value if kind == "recall" else others.get("recall")
    precision = value if kind == "precision" else others.get("precision")
    if kind not in ("recall", "precision") or recall is None or precision is None:
        return None
    if recall == 1 and 0 < precision < 0.9:
        return "every row is called positive"
    if recall == 0 and precision == 0:
        return "no row is called positive"
    return None


def _share(pin: _Pin) -> float:
    return pin.value / 100 if max(pin.points.values) > 1.5 else pin.value


def _fell(pin: _Pin) -> bool:
    scale = 100 if max(pin.points.values) > 1.5 else 1
    before = pin.points.values[: pin.first]
    usual = sorted(before)[len(before) // 2 :] if before else []
    return len(usual) >= 2 and min(usual) - pin.value > _FALL * scale


def _confirmed(pin: _Pin, pins: Sequence[_Pin]) -> bool:
    """The same metric of other rows, which are many, stands still as well."""
    return any(
        p is not pin
        and kind_of(p.curve) == kind_of(pin.curve)
        and p.count >= pin.count / 2
        and _many_rows(p.points.values)
        for p in pins
    )


def _many_rows(values: Sequence[float]) -> bool:
    return least_rows(values) >= _FINE_ROWS


def _loss_moves(run: TrainingRun, pin: _Pin) -> bool:
    loss = _loss_while(run, pin)
    if len(loss) < 2 or len(set(loss)) < max(2, min(len(loss), pin.count) / 2):
        return False
    return max(loss) - min(loss) > _MOVES * max(abs(value) for value in loss)


def _loss_while(run: TrainingRun, pin: _Pin) -> Sequence[float]:
    start = pin.points.steps[pin.first]
    for name in ("train_loss", "val_loss"):
        curve = run.curve(name)
        if curve is not None:
            return [v for s, v in zip(curve.steps, curve.values, strict=True)
                    if s >= start and math.isfinite(v)]  # fmt: skip
    return []


def _loss_evidence(run: TrainingRun, pin: _Pin) -> Evidence:
    loss = _loss_while(run, pin)
    return Evidence("loss_meanwhile", loss[-1], None, f"{loss[0]:.4g} at the first of them")


def _of(pin: _Pin) -> str:
    total = len(pin.points)
    return f"all {total} checks" if pin.count == total else f"the last {pin.count} of {total}"
