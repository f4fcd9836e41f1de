"""WGT002: weights grow from checkpoint to checkpoint, or are absurdly large."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ml_debugger.artifacts import Checkpoint, CheckpointSeries, Tensor, TensorFigures
from ml_debugger.artifacts.tensor_roles import (
    belongs_to_model,
    fan_in,
    is_embedding,
    is_matrix,
    last_part,
    matrices,
    module,
    weights,
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

LARGE, GROWN, UNSCALED = 100, 10, 1000
_FEWEST = 3
"""Checkpoints of a run from which on a growth can be told from a step."""

_STILL_GROWS = 1.05
"""Growth since the last checkpoint, over that of a random walk, which slows down by itself."""


@dataclass(frozen=True)
class _Large:
    """How many times the expected size a tensor has, and what to say of it."""

    times: float
    tensor: Tensor
    where: str


@check(
    code="WGT002",
    name="weight-blow-up",
    component="training",
    playbook="nan-loss",
    limits=(
        Limit(
            name="times_initial_scale",
            unit="times 1/sqrt(inputs)",
            direction="above",
            warn=LARGE,
            fail=1000,
            meaning="root mean square of a weight matrix, over the scale at which layers start",
            source="LeCun et al. 1998 and He et al. 2015 start at 1 to 1.41 times; measured: "
            "eight public models hold 0.8 to 9.5 times that",
        ),
        Limit(
            name="growth",
            unit="times",
            direction="above",
            warn=GROWN,
            fail=100,
            meaning="growth of a matrix or a bias over the run's checkpoints, from its own start "
            "or the initial scale, whichever is larger, while it still grows at the end",
            source="arithmetic: 10,000 steps of Adam at rate 0.001 in random directions move a "
            "weight by 0.1, six times the initial scale of a layer with 4,096 inputs",
        ),
        Limit(
            name="input_power",
            unit="times",
            direction="above",
            warn=UNSCALED,
            meaning="variance that batch normalisation saw, over what its layer makes of inputs "
            "of unit variance, and at most that variance itself",
            source="arithmetic: inputs of unit variance give 1, fully correlated ones as many "
            "as there are inputs; measured: 1 to 2 on standardised, 4,770 on raw market data",
        ),
    ),
    explained_by=("unscaled-feature", "exploding-gradient", "learning-rate-too-high",
                  "diverging-loss"),
    profiles=("pre-train", "full"),
    deadline=120.0,
)  # fmt: skip
def weight_blow_up(checkpoint: Checkpoint, series: CheckpointSeries | None) -> Outcome:
    """Weights grow from checkpoint to checkpoint, or are absurdly large.

    What it measures:
        The root mean square of each weight matrix against 1/sqrt(inputs), the scale at which
        layers start; over the checkpoints of one run the growth of matrices and biases, judged
        on the last checkpoint; and the variance that a batch normalisation behind a linear or
        one-dimensional layer has seen, against what that layer makes of inputs of unit
        variance. Norm weights, embeddings, tables of positions, scales, counters and optimizer
        states may be large and are left out, and so are statistics behind image layers.

    Why it matters:
        A run whose weights grow without bound ends in NaN, or in predictions that one input
        decides. Batch statistics in the thousands say that the inputs were never scaled: live
        data on another scale then meet a normalisation that does not fit.

    What to do:
        Scale the inputs, lower the rate, clip the gradient norm, and use weight decay. Go back
        to the checkpoint before the growth began. Where the statistics are large, fit a scaler
        on the training rows and train again.

    Sources:
        LeCun, Bottou, Orr and Müller, Efficient BackProp, 1998. He et al., Delving Deep into
        Rectifiers, 2015. DeepDiagnosis, ICSE 2022 (weight variance outside 1e-5 to 10).
    """
    judged = [t for t in matrices(checkpoint) if not is_embedding(t)]
    scales = [s for t in judged if (s := _scale(t, checkpoint)) is not None]
    powers = list(_powers(checkpoint))
    growths = _growths(checkpoint, series)
    values = {
        name: max((one.times for one in found), default=math.nan)
        for name, found in (
            ("times_initial_scale", scales), ("growth", growths), ("input_power", powers),
        )
    }  # fmt: skip
    if all(math.isnan(value) for value in values.values()):
        return NotMeasured("no weight matrix with finite values that can be read")
    worst = {
        "times_initial_scale": max(scales, key=lambda one: one.times, default=None),
        "growth": max(growths, key=lambda one: one.times, default=None),
        "input_power": max(powers, key=lambda one: one.times, default=None),
    }
    evidence = tuple(
        Evidence(name, round(one.times, 3), "times", f"{one.tensor.name}: {one.where}")
        for name, one in worst.items()
        if one is not None
    )
    return Measurement(_title(worst, values), values, evidence)


def _scale(tensor: Tensor, checkpoint: Checkpoint) -> _Large | None:
    size = rms(checkpoint.figures[tensor.name])
    if size is None:
        return None
    times = size * math.sqrt(fan_in(tensor))
    return _Large(times, tensor, f"root mean square {size:.3g}, {fan_in(tensor):,} inputs")


def _powers(checkpoint: Checkpoint) -> Sequence[_Large]:
    """What each variance of a batch normalisation says of the inputs of the layer before it."""
    found = []
    before: Tensor | None = None
    for tensor in checkpoint.tensors:
        if tensor.name not in checkpoint.figures or not belongs_to_model(tensor):
            continue
        if is_matrix(tensor):
            before = tensor
        elif last_part(tensor.name) in ("running_var", "moving_variance") and before is not None:
            figures, weight = checkpoint.figures[tensor.name], checkpoint.figures[before.name]
            size, mean = rms(weight), figures.mean
            # images between 0 and 255 are usual, and normalised by this very layer
            of_rows = len(before.shape) in (2, 3) and before.shape[0] == tensor.shape[0]
            if size and mean is not None and of_rows:
                # behind a layer near zero the variance is that of what was added to it
                power = min(mean, mean / (fan_in(before) * size * size))
                where = f"mean {mean:.3g} behind {module(before.name)}"
                found.append(_Large(power, tensor, where))
    return found


def _growths(checkpoint: Checkpoint, series: CheckpointSeries | None) -> list[_Large]:
    if series is None or series.members[-1].path != checkpoint.path:
        return []
    members = [member for member in series.members if member.figures]
    if len(members) < _FEWEST:
        return []
    found = []
    last_bias = [t.name for t in weights(checkpoint) if len(t.shape) == 1][-1:]
    for tensor in weights(members[-1]):
        bias = last_part(tensor.name).startswith("bias") and len(tensor.shape) == 1
        # the last bias holds the level of the target, which may be any number
        if is_embedding(tensor) or not (is_matrix(tensor) or bias) or tensor.name in last_bias:
            continue
        held = [m.figures.get(tensor.name) for m in members]
        sizes = [size for one in held if one is not None and (size := rms(one)) is not None]
        walk = math.sqrt(len(sizes) / max(1, len(sizes) - 1))
        if len(sizes) < _FEWEST or sizes[-1] < _STILL_GROWS * walk * sizes[-2]:
            continue
        start = max(sizes[0], 1.0 if bias else 1 / math.sqrt(fan_in(tensor)))
        where = f"root mean square {sizes[0]:.3g} to {sizes[-1]:.3g} in {len(sizes)} checkpoints"
        found.append(_Large(sizes[-1] / start, tensor, where))
    return found or [_Large(1.0, members[-1].tensors[0], "no weight grows at the end")]


def rms(figures: TensorFigures) -> float | None:
    """Root mean square of the finite values."""
    if figures.mean is None or figures.std is None:
        return None
    return math.hypot(figures.mean, figures.std)


def _title(worst: dict[str, _Large | None], values: dict[str, float]) -> str:
    growth, power, scale = worst["growth"], worst["input_power"], worst["times_initial_scale"]
    if growth is not None and values["growth"] > GROWN:
        return f"{short_end(growth.tensor.name)} grew {growth.times:,.0f}-fold over the run"
    if scale is not None and values["times_initial_scale"] > LARGE:
        return f"{short_end(scale.tensor.name)} is {scale.times:,.0f} times the initial scale"
    if power is not None and values["input_power"] > UNSCALED:
        return f"{short_end(power.tensor.name)}: inputs of {power.times:,.0f} times unit variance"
    if scale is not None:
        return f"Weights are at most {scale.times:.1f} times the initial scale"
    return "Weights keep their size"
