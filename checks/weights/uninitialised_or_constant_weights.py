"""WGT003: a weight matrix holds one value, or what happened to be in memory."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from statistics import median

from ml_debugger.artifacts import Checkpoint, Tensor, TensorFigures
from ml_debugger.artifacts.tensor_roles import (
    belongs_to_model,
    fan_in,
    is_embedding,
    is_optimizer_state,
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

_FEWEST_VALUES = 8
_SPARSE = 0.3
"""Share of zeros that no training leaves in half of the matrices."""

_NEVER_SET = 1e-20
"""Largest value of a matrix that nobody filled, in initial scales; training never gets there."""

_MAY_START_AT_ZERO = re.compile(
    r"lora_(?:b|up|embedding_b)|zero_?(?:conv|init|linear|module)|adaln|modulation|gate|gamma|"
    r"(?:out|c)_proj|proj_out|o_proj|output|final|head|classifier|last|fc2|\bw2\b|down_proj|"
    r"residual|adapter|gating|logit|fc_out|decoder\.weight",
    re.IGNORECASE,
)


@check(
    code="WGT003",
    name="uninitialised-or-constant-weights",
    component="training",
    playbook="training-run",
    limits=(
        Limit(
            name="constant_weights",
            unit="tensors",
            direction="above",
            fail=0,
            meaning="weight matrices whose values are all the same",
            source="arithmetic: units with equal weights have equal gradients for ever; all "
            "zero, they pass nothing on",
        ),
        Limit(
            name="unset_weights",
            unit="tensors",
            direction="above",
            fail=0,
            meaning="weight matrices with nothing but values below 1e-20 of the initial scale",
            source="what torch.empty leaves of unused memory",
        ),
    ),
    profiles=("pre-train", "full"),
    deadline=120.0,
)
def uninitialised_or_constant_weights(checkpoint: Checkpoint) -> Outcome:
    """A weight matrix holds one value, or what happened to be in memory.

    What it measures:
        Weight matrices whose smallest and largest values are equal, or that hold nothing but
        the tiny numbers of memory that was never written. Biases, norm weights, embeddings,
        masks, fixed filters and pruned layers are left out. A layer of zeros that may be
        deliberate (an output layer, the end of a residual branch, the second matrix of LoRA)
        is accused only when the file shows that it was trained. A file in which every tensor
        holds the same number was filled for a test, and is not judged.

    Why it matters:
        Such a layer learns nothing: all of its units are one unit, or none. The model gives
        the same answer to every input, or ignores what stood before that layer.

    What to do:
        Look for a layer that is created but never initialised (torch.empty, a custom layer
        without reset_parameters), weights that were left out when a checkpoint was loaded
        (strict=False), or a layer that no gradient reaches. Train again from there.

    Sources:
        Glorot and Bengio, Understanding the difficulty of training deep feedforward neural
        networks, 2010. Zhang, Dauphin and Ma, Fixup Initialization, 2019 (layers that start
        at zero on purpose). The project's record of an output layer that stayed at zero.
    """
    judged = [t for t in matrices(checkpoint) if _is_judged(t, checkpoint)]
    if not judged:
        return NotMeasured("no weight matrix whose values can be read")
    if (same := _filled(checkpoint)) is not None:
        return NotMeasured(f"every tensor holds the one value {same:g}: filled, not trained")
    trained, last = _was_trained(checkpoint), judged[-1]
    constant = [t for t in judged if _is_constant(checkpoint.figures[t.name])]
    if _is_sparse(judged, checkpoint):
        constant = [t for t in constant if not _is_zero(checkpoint.figures[t.name])]
    fresh = [
        t for t in constant
        if _is_zero(checkpoint.figures[t.name])
        and (t is last or _MAY_START_AT_ZERO.search(t.name))
        and not trained
    ]  # fmt: skip
    found = [t for t in constant if t not in fresh]
    unset = [t for t in judged if _is_unset(t, checkpoint.figures[t.name])]
    values = {"constant_weights": float(len(found)), "unset_weights": float(len(unset))}
    evidence = [
        Evidence(t.name, checkpoint.figures[t.name].maximum, None, f"of shape {list(t.shape)}")
        for t in (found + unset)[:4]
    ]
    if found:
        value = checkpoint.figures[found[0].name].maximum
        title = f"{short_end(found[0].name)} is {value:g} throughout"
        title += f", and {len(found) - 1} more" if len(found) > 1 else ""
    elif unset:
        title = f"{short_end(unset[0].name)} was never initialised"
    elif fresh:
        title = f"{short_end(fresh[0].name)} is zero, as an untrained output may be"
    else:
        title = f"No constant matrix among {len(judged)}"
    return Measurement(title, values, tuple(evidence))


def _is_judged(tensor: Tensor, checkpoint: Checkpoint) -> bool:
    names = checkpoint.figures
    parent = module(tensor.name)
    pruned = f"{tensor.name}_mask" in names or f"{parent}.weight_mask" in names
    figures = names[tensor.name]
    finite = figures.nan + figures.infinite == 0
    return finite and figures.count >= _FEWEST_VALUES and not pruned and not is_embedding(tensor)


def _is_constant(figures: TensorFigures) -> bool:
    return figures.minimum is not None and figures.minimum == figures.maximum


def _is_zero(figures: TensorFigures) -> bool:
    return figures.zeros == figures.count


def _is_sparse(judged: Sequence[Tensor], checkpoint: Checkpoint) -> bool:
    """Whether half of the other matrices are zero in large parts: pruning empties whole ones."""
    figures = [checkpoint.figures[t.name] for t in judged]
    shares = [one.zeros / one.count for one in figures if not _is_zero(one)]
    return bool(shares) and median(shares) > _SPARSE


def _is_unset(tensor: Tensor, figures: TensorFigures) -> bool:
    if figures.minimum is None or figures.maximum is None or _is_zero(figures):
        return False
    largest = max(abs(figures.minimum), abs(figures.maximum))
    return largest < _NEVER_SET / math.sqrt(fan_in(tensor))


def _filled(checkpoint: Checkpoint) -> float | None:
    """The one number that all weights of the file hold; a norm's ones or a bias's zeros differ."""
    held = [checkpoint.figures[t.name] for t in weights(checkpoint)]
    first = held[0].minimum
    same = all(one.minimum == first and one.maximum == first for one in held)
    return first if same and first and len(held) > 1 else None


def _was_trained(checkpoint: Checkpoint) -> bool:
    """Whether steps were counted, by the run, by batch normalisation or by the optimizer."""
    if checkpoint.step is not None:
        return checkpoint.step > 0
    if (checkpoint.epoch or 0) > 0:
        return True
    return any(
        (figures.maximum or 0) > 0
        for t in checkpoint.tensors
        if (figures := checkpoint.figures.get(t.name)) is not None
        and (
            (belongs_to_model(t) and last_part(t.name) == "num_batches_tracked")
            or (is_optimizer_state(t) and last_part(t.name) == "step")
        )
    )
