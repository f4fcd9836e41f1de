"""GRD007: a layer that should learn stands still."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ml_debugger.artifacts import Checkpoint, CheckpointSeries, Tensor
from ml_debugger.artifacts.tensor_roles import (
    is_adapter,
    is_embedding,
    matrices,
    module,
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

_FEWEST = 3
"""Matrices that a model needs for one of them to stand out."""

_MINORITY = 0.5
_KEPT_STILL = re.compile(
    r"teacher|target|frozen|ema|momentum|reference|\bref_|pretrained|backbone|vgg|lpips|clip|"
    r"pooler|fixed|random|\brff\b|fourier|quantizer|codebook|whiten|tokenizer|vae|old_",
    re.IGNORECASE,
)
"""Parts that are held still on purpose, and heads that a task leaves unused."""


@dataclass(frozen=True)
class _Still:
    """Matrices that did not move, why that is known, and among how many."""

    tensors: tuple[Tensor, ...]
    among: int
    how: str


@check(
    code="GRD007",
    name="frozen-parameters",
    component="training",
    playbook="training-run",
    limits=(
        Limit(
            name="frozen_among_moving",
            unit="matrices",
            direction="above",
            warn=0,
            meaning="weight matrices that stand still between or behind layers that learn, or for "
            "which the optimizer took steps",
            source="SageMaker Debugger, rule UnchangedTensor: equal over three saves",
        ),
        Limit(
            name="stuck_with_state",
            unit="matrices",
            direction="above",
            fail=0,
            meaning="of these, those that the optimizer has a state for and yet did not change",
            source="arithmetic: a step of any size changes the last bits of some of the values",
        ),
    ),
    explained_by=("learning-rate-flat", "vanishing-gradient", "dead-units"),
    profiles=("pre-train", "full"),
    deadline=120.0,
)
def frozen_parameters(checkpoint: Checkpoint, series: CheckpointSeries | None) -> Outcome:
    """A layer that should learn stands still.

    What it measures:
        Weight matrices that are bit for bit equal in the first and the last checkpoint of a
        run, at different steps; in a single checkpoint those for which the stored optimizer
        has no state while it has one for their neighbours. Only matrices that stand between or
        behind layers that learn are accused. Freezing on purpose has another shape and is
        silent: the layers up to one place, a whole part whose name says so, everything beside
        LoRA matrices or norms, embeddings; unless the stored optimizer has a state for them,
        which those that never had a gradient lack. Where nothing moved at all the same state
        was saved twice, which is not judged.

    Why it matters:
        The layer keeps its random start. The others learn around it, the loss falls, and
        nobody notices that a part of the model does nothing.

    What to do:
        Look whether the optimizer was given all parameters (model.parameters(), also of layers
        that were added later), whether requires_grad is still true, and whether a detach(), a
        no_grad block, numpy() or argmax() stands between the layer and the loss.

    Sources:
        Amazon SageMaker Debugger, rule UnchangedTensor. PyTorch, Optimizer.state_dict: a
        parameter that never had a gradient has no state.
    """
    tensors = [t for t in matrices(checkpoint) if _is_judged(t, checkpoint)]
    if len(tensors) < _FEWEST:
        return NotMeasured(f"fewer than {_FEWEST} weight matrices that can be read")
    still = _unchanged(tensors, checkpoint, series) or _without_state(tensors, checkpoint)
    if still is None:
        return NotMeasured("no second checkpoint of the run at another step, no optimizer's state")
    if len(still.tensors) == len(tensors):
        return NotMeasured("nothing moved: the same state was saved twice, or the rate was zero")
    accused = _among_moving(tensors, still.tensors)
    optimised = checkpoint.optimised or frozenset()
    stuck = [t for t in accused if t.name in optimised]
    # the optimizer has taken steps for them: whoever freezes a part seldom gives it to it
    accused += [
        t
        for t in still.tensors
        if t.name in optimised and t not in stuck and not _KEPT_STILL.search(t.name)
    ]
    values = {
        "frozen_among_moving": float(len(accused)),
        "stuck_with_state": float(len(stuck)),
    }
    evidence = tuple(
        Evidence(t.name, still.how, None, f"of shape {list(t.shape)}") for t in accused[:4]
    )
    if accused:
        more = f", and {len(accused) - 1} more" if len(accused) > 1 else ""
        title = f"{short_end(accused[0].name, 34)} {still.how}{more}; {still.among} matrices learn"
    elif still.tensors:
        title = f"{len(still.tensors)} of {len(tensors)} matrices are frozen, as if on purpose"
    else:
        title = f"All {len(tensors)} weight matrices learn"
    return Measurement(title, values, evidence)


def _is_judged(tensor: Tensor, checkpoint: Checkpoint) -> bool:
    """A matrix of NaN or of one value cannot move: that is another fault."""
    figures = checkpoint.figures[tensor.name]
    broken = figures.nan + figures.infinite > 0 or figures.minimum == figures.maximum
    return not broken and not is_embedding(tensor)


def _unchanged(
    tensors: Sequence[Tensor], checkpoint: Checkpoint, series: CheckpointSeries | None
) -> _Still | None:
    """Equal in the first and the last checkpoint of the run; told of the last one."""
    if series is None or series.members[-1].path != checkpoint.path:
        return None
    last = series.members[-1]
    others = [m for m in series.members[:-1] if m.figures and _earlier(m, last)]
    if not others:
        return None
    first = others[0]
    shared = [t for t in tensors if t.name in first.figures and t.name in last.figures]
    if len(shared) < len(tensors):
        return None
    equal = tuple(t for t in shared if first.figures[t.name].digest == last.figures[t.name].digest)
    return _Still(equal, len(shared) - len(equal), f"is equal {_between(first, last)}")


def _earlier(one: Checkpoint, other: Checkpoint) -> bool:
    for unit in ("step", "epoch"):
        here, there = getattr(one, unit), getattr(other, unit)
        if here is not None and there is not None:
            return bool(here < there)
    return False


def _between(first: Checkpoint, last: Checkpoint) -> str:
    unit = "step" if first.step is not None and last.step is not None else "epoch"
    return f"at {unit} {getattr(first, unit)} and {getattr(last, unit)}"


def _without_state(tensors: Sequence[Tensor], checkpoint: Checkpoint) -> _Still | None:
    if checkpoint.optimised is None:
        return None
    absent = tuple(t for t in tensors if t.name not in checkpoint.optimised)
    return _Still(absent, len(tensors) - len(absent), "has no optimizer state")


def _among_moving(tensors: Sequence[Tensor], still: Collection[Tensor]) -> list[Tensor]:
    """Those that no usual way of freezing explains."""
    moving = [t for t in tensors if t not in still]
    if not moving or any(is_adapter(t) for t in moving):
        return []
    first = min(tensors.index(t) for t in moving)
    after = [t for t in still if tensors.index(t) > first and not _KEPT_STILL.search(t.name)]
    if len(after) >= _MINORITY * len(tensors):
        return []
    whole = _whole_parts(tensors, still)
    # a part of several layers is taken out as a whole; a lone layer that is one is forgotten
    return [t for t in after if whole.get(_part(t), 0) < 2]


def _whole_parts(tensors: Sequence[Tensor], still: Collection[Tensor]) -> dict[str, int]:
    """How many modules those top-level parts have of which nothing moves."""
    parts: dict[str, set[str]] = {}
    for tensor in tensors:
        parts.setdefault(_part(tensor), set()).add(module(tensor.name))
    moving = {_part(t) for t in tensors if t not in still}
    return {part: len(modules) for part, modules in parts.items() if part not in moving}


def _part(tensor: Tensor) -> str:
    """The top-level part of the model, behind wrappers such as `state_dict` and `model`."""
    pieces = [p for p in tensor.name.split(".") if p not in _WRAPPERS]
    return pieces[0] if len(pieces) > 1 else ""


_WRAPPERS = frozenset(
    {"state_dict", "model_state_dict", "model", "module", "net", "network", "_orig_mod", "state"}
)
