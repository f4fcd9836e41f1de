"""GRD008: a large share of a layer's units gives nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ml_debugger.artifacts import Checkpoint, Curve, Tensor, TrainingRun
from ml_debugger.artifacts.tensor_roles import is_embedding, matrices, module, rows_are_units
from ml_debugger.contract import (
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    check,
    short_end,
)

_FEWEST_ROWS = 8
_SPARSE = 0.02
"""Share of zeros among the rows that are not all zero, from which on a matrix was pruned."""

_ALIKE = 0.05
_GATED = re.compile(r"expert|router|gate|sparse|dictionary|\bsae\b|prun|mask", re.IGNORECASE)


@dataclass(frozen=True)
class _Dead:
    """A layer, the share of its units that give nothing, and what shows it."""

    layer: str
    share: float
    where: str
    line: int | None = None


@check(
    code="GRD008",
    name="dead-units",
    component="training",
    playbook="training-run",
    limits=(
        Limit(
            name="dead_share",
            unit="share of units",
            direction="above",
            warn=0.5,
            fail=0.9,
            meaning="units of one layer that gave zero for every input over the end of the run, "
            "or whose stored weights are all zero",
            source="warn: SageMaker Debugger, rule DeadRelu, 50 %; AUTOTRAINER and "
            "DeepDiagnosis take 70 %; fail: nine of ten units leave a tenth of the width",
        ),
    ),
    explained_by=("learning-rate-too-high", "exploding-gradient", "unscaled-feature"),
    profiles=("pre-train", "full"),
    deadline=120.0,
)
def dead_units(subject: TrainingRun | Checkpoint) -> Outcome:
    """A large share of a layer's units gives nothing.

    What it measures:
        Of a run that logs it, the share of units per layer that gave zero for every input, as
        the median over its last fifth. Of a checkpoint, the share of rows of a weight matrix
        that are all zero. Embeddings, whose rows may be unused, mixtures of experts and
        matrices that were pruned (zeros in the other rows too, masks, or the same share of
        zero rows in every layer) are left out, and so is the last layer.

    Why it matters:
        A unit behind a ReLU that is zero for every input has no gradient and never comes
        back. The model is narrower than it looks, and its training is slow for no visible
        reason.

    What to do:
        Lower the rate or warm it up, scale the inputs, and start again from the weights before
        the units died. LeakyReLU or GELU keep a gradient; He initialisation keeps half of the
        units alive at the start; weight decay on unused inputs makes their weights zero.

    Sources:
        Lu et al., Dying ReLU and Initialization, 2020. Amazon SageMaker Debugger, rule
        DeadRelu. Zhang et al., AUTOTRAINER, ICSE 2021.
    """
    if isinstance(subject, TrainingRun):
        found = [_of_curve(c) for n, c in subject.curves.items() if n.startswith("dead_share")]
        layers = [one for one in found if one is not None]
        if not layers:
            return NotMeasured("no share of dead units in this log")
    else:
        judged = [t for t in matrices(subject)[:-1] if _is_judged(t)]
        if not judged:
            return NotMeasured("no layer of several units whose weights can be read")
        layers = [] if _is_pruned(judged, subject) else [_of_matrix(t, subject) for t in judged]
        if not layers:
            return NotMeasured("its layers were pruned: zero rows are meant")
    worst = max(layers, key=lambda one: one.share)
    shown = sorted(layers, key=lambda one: -one.share)[:4]
    evidence = tuple(Evidence(d.layer, round(d.share, 4), "share", d.where) for d in shown)
    title = f"At most {worst.share:.0%} of a layer's units are dead ({short_end(worst.layer, 36)})"
    if worst.share > 0.5:
        title = f"{worst.share:.0%} of the units of {short_end(worst.layer, 36)} are dead"
    return Measurement(title, {"dead_share": worst.share}, evidence, line=worst.line)


def _of_curve(curve: Curve) -> _Dead | None:
    points = [
        (value / 100 if max(curve.values) > 1.5 else value, line)
        for value, line in zip(curve.values, curve.lines, strict=True)
        if math.isfinite(value)
    ]
    if not points:
        return None
    last = points[-max(1, len(points) // 5) :]
    level = median(value for value, _ in last)
    began = next((line for value, line in points if value >= 0.9 * level), None)
    layer = curve.name.partition("/")[2] or curve.original
    return _Dead(layer, level, f"from line {began}", began)


def _is_judged(tensor: Tensor) -> bool:
    return (
        len(tensor.shape) >= 2
        and tensor.shape[0] >= _FEWEST_ROWS
        and not is_embedding(tensor)
        and rows_are_units(tensor)
        and not _GATED.search(tensor.name)
    )


def _of_matrix(tensor: Tensor, checkpoint: Checkpoint) -> _Dead:
    figures = checkpoint.figures[tensor.name]
    # a matrix of nothing but zeros was never filled: that is another fault
    whole = figures.zero_rows == figures.rows
    share = 0.0 if whole or not figures.rows else figures.zero_rows / figures.rows
    where = f"{figures.zero_rows:,} of {figures.rows:,} rows are zero"
    return _Dead(module(tensor.name) or tensor.name, share, where)


def _is_pruned(judged: Sequence[Tensor], checkpoint: Checkpoint) -> bool:
    if any("weight_mask" in name or "weight_orig" in name for name in checkpoint.figures):
        return True
    sparse = []
    shares = []
    for tensor in judged:
        figures = checkpoint.figures[tensor.name]
        if figures.rows == 0 or figures.zero_rows == figures.rows:
            continue
        row = figures.count / figures.rows
        left = figures.zeros - figures.zero_rows * row
        sparse.append(left / (figures.count - figures.zero_rows * row) > _SPARSE)
        shares.append(figures.zero_rows / figures.rows)
    if not shares:
        return False
    # a share of few rows is rounded to one of them
    tolerance = _ALIKE + 1 / min(tensor.shape[0] for tensor in judged)
    alike = len(shares) > 2 and min(shares) > 0 and max(shares) - min(shares) <= tolerance
    return alike or sum(sparse) > len(sparse) / 2
