"""WGT001: stored weights are NaN or infinite."""

from __future__ import annotations

import re

from ml_debugger.artifacts import Checkpoint, CheckpointSeries, Tensor, TensorFigures
from ml_debugger.artifacts.tensor_roles import (
    belongs_to_model,
    is_attention_pattern,
    is_floating,
    is_optimizer_state,
    is_statistic,
    is_weight,
    last_part,
)
from ml_debugger.contract import (
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    check,
    short_end,
)

_PATTERN = re.compile(r"mask|bias|alibi|causal", re.IGNORECASE)


@check(
    code="WGT001",
    name="non-finite-weights",
    component="training",
    playbook="nan-loss",
    limits=(
        Limit(
            name="non_finite_weights",
            unit="tensors",
            direction="above",
            fail=0,
            meaning="weights and batch statistics that hold NaN or infinite values",
            source="one is enough: every prediction that passes through it is NaN as well",
        ),
        Limit(
            name="non_finite_states",
            unit="tensors",
            direction="above",
            fail=0,
            meaning="states of the optimizer that hold NaN or infinite values",
            source="one is enough: the first step after resuming makes its weight NaN",
        ),
    ),
    explained_by=("non-finite-loss", "non-finite-gradient", "exploding-gradient",
                  "learning-rate-too-high", "weight-blow-up"),
    profiles=("quick", "pre-train", "full"),
    deadline=120.0,
)  # fmt: skip
def non_finite_weights(checkpoint: Checkpoint, series: CheckpointSeries | None) -> Outcome:
    """Stored weights are NaN or infinite.

    What it measures:
        All values of all weights, batch statistics and optimizer states in the file, read
        without loading it. It names the tensor that has most of them, their share, and, where
        the checkpoint is one of a run's, the first of them that is bad. Masks that hold minus
        infinity by design, scores that start at infinity, and whole numbers are left out.

    Why it matters:
        The model predicts nothing but NaN, and a run that resumes from the file is lost from
        its first step. The file opens without an error, and its checksums are right.

    What to do:
        Resume from the last checkpoint before the first bad one. Then look for what made the
        loss NaN: unscaled or missing inputs, a rate that is too high, float16 without a loss
        scale. Let the loop stop, and not save, once the loss is no longer finite.

    Sources:
        PyTorch Lightning, callback EarlyStopping(check_finite=True); Keras, TerminateOnNaN.
    """
    tensors = [t for t in checkpoint.tensors if t.name in checkpoint.figures and is_floating(t)]
    weights = [t for t in tensors if _judged(t)]
    states = [t for t in tensors if is_optimizer_state(t)]
    if not weights and not states:
        return NotMeasured(_nothing(checkpoint))
    bad = [t for t in weights if _is_bad(t, checkpoint.figures[t.name])]
    bad_states = [t for t in states if _is_bad(t, checkpoint.figures[t.name])]
    values = {"non_finite_weights": float(len(bad)), "non_finite_states": float(len(bad_states))}
    if not bad and not bad_states:
        held = sum(checkpoint.figures[t.name].count for t in weights)
        return Measurement(f"All {held:,} weights in {len(weights)} tensors are finite", values)
    whole = bad or bad_states
    shown = sorted(whole, key=lambda t: -_share(checkpoint.figures[t.name]))[:3]
    evidence = [
        Evidence(
            t.name, round(_share(checkpoint.figures[t.name]), 6), "share", _what(t, checkpoint)
        )
        for t in shown
    ]
    first = _first_bad(series)
    if first is not None:
        evidence.append(Evidence("first_bad", first.subject, None, "in its series"))
    of = len(weights) if bad else len(states)
    kind = "weights" if bad else "optimizer states"
    worst = checkpoint.figures[shown[0].name]
    return Measurement(
        f"{len(whole)} of {of} {kind} hold NaN or infinity; "
        f"{short_end(shown[0].name)}: {_percent(_share(worst))}",
        values,
        tuple(evidence),
    )


def _judged(tensor: Tensor) -> bool:
    return is_weight(tensor) or (belongs_to_model(tensor) and is_statistic(tensor))


def _is_bad(tensor: Tensor, figures: TensorFigures) -> bool:
    if figures.nan:
        return True
    # a table of zeros and infinities says what may be looked at, whatever it is called
    pattern = figures.minimum == figures.maximum and _PATTERN.search(last_part(tensor.name))
    return figures.infinite > 0 and not pattern and not is_attention_pattern(tensor)


def _share(figures: TensorFigures) -> float:
    return (figures.nan + figures.infinite) / max(1, figures.count)


def _what(tensor: Tensor, checkpoint: Checkpoint) -> str:
    figures = checkpoint.figures[tensor.name]
    return f"{figures.nan:,} NaN, {figures.infinite:,} infinite of {figures.count:,}"


def _first_bad(series: CheckpointSeries | None) -> Checkpoint | None:
    for member in series.members if series is not None else ():
        for tensor in member.tensors:
            figures = member.figures.get(tensor.name)
            judged = figures is not None and is_floating(tensor)
            if judged and _judged(tensor) and figures and _is_bad(tensor, figures):
                return member
    return None


def _nothing(checkpoint: Checkpoint) -> str:
    if checkpoint.problem is not None:
        return f"cannot be opened: {checkpoint.problem}"
    return f"no weights whose values can be read in a file of this kind ({checkpoint.format})"


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 else f"{share:.1g} of its values"
