"""Which parameters a stored torch optimizer has a state for.

`torch.optim.Optimizer.state_dict` of PyTorch 2.13 numbers parameters in the order in which they
were handed over (`param_groups[i]["params"]`), keeps `state` by that number, and since 2.7 the
names where it was given named parameters (`param_names`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ml_debugger.artifacts import Tensor
from ml_debugger.readers.checkpoints.symbols import Instance

_SHAPED = (
    "exp_avg",
    "exp_avg_sq",
    "momentum_buffer",
    "square_avg",
    "sum",
    "acc_delta",
    "step_size",
)
"""Parts of a state that have the shape of their parameter."""

_BUFFERS = ("running_mean", "running_var", "num_batches_tracked")
Shape = tuple[int, ...] | None

_FLOATING = ("float", "bfloat")


def optimised(value: Any, tensors: Sequence[Tensor]) -> frozenset[str] | None:
    """Names of the tensors with a state; None where they cannot be told apart for sure.

    Without names the numbers are put beside the model's tensors in their order: where both are
    equally many and every stored shape agrees, or where the stored shapes fit in one way only.
    """
    found = list(_optimizers(value, "", 0))
    if len(found) != 1:
        return None
    path, optimizer = found[0]
    state = optimizer["state"]
    groups = [group for group in optimizer["param_groups"] if isinstance(group, dict)]
    numbers = [number for group in groups for number in _list(group.get("params"))]
    held = {number for number, entry in state.items() if isinstance(entry, dict) and entry}
    if not held or not held <= set(numbers):
        return None
    by_name = {tensor.name: tensor for tensor in tensors}
    model = [t for t in tensors if not t.name.startswith(f"{path}.") and _is_parameter(t)]
    shapes = [_shape(by_name, f"{path}.state.{number}") for number in numbers]
    names: list[str | None] | None
    told = [name for group in groups for name in _list(group.get("param_names"))]
    if len(told) == len(numbers):
        named = {name.removeprefix(_prefix(model)): name for name in by_name}
        names = [named.get(name) for name in told]
    else:
        names = _in_order(model, shapes)
    if names is None or None in names:
        return None
    return frozenset(
        name for number, name in zip(numbers, names, strict=True) if name and number in held
    )


def _in_order(model: Sequence[Tensor], shapes: Sequence[Shape]) -> list[str | None] | None:
    """The tensors that the numbers stand for: all of them, or the only choice that fits."""
    if len(model) == len(shapes):
        fits = all(_fits(t, shape) for t, shape in zip(model, shapes, strict=True))
        return [tensor.name for tensor in model] if fits else None
    if None in shapes:
        return None
    first = _earliest(model, shapes)
    last = _earliest(model[::-1], shapes[::-1])
    # the earliest and the latest choice agree where there is no other
    return [*first] if first is not None and last is not None and first == last[::-1] else None


def _earliest(model: Sequence[Tensor], shapes: Sequence[Shape]) -> list[str] | None:
    left = iter(model)
    chosen = []
    for shape in shapes:
        tensor = next((t for t in left if t.shape == shape), None)
        if tensor is None:
            return None
        chosen.append(tensor.name)
    return chosen


def _optimizers(value: Any, path: str, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if depth > 4:
        return
    if isinstance(value, dict):
        if isinstance(value.get("state"), dict) and isinstance(value.get("param_groups"), list):
            yield path, value
            return
        members = list(value.items())
    elif isinstance(value, Instance):
        members = list(value.items.items())
    elif isinstance(value, list | tuple) and len(value) <= 16:
        members = list(enumerate(value))
    else:
        return
    for key, member in members:
        yield from _optimizers(member, f"{path}.{key}" if path else str(key), depth + 1)


def _is_parameter(tensor: Tensor) -> bool:
    last = tensor.name.rpartition(".")[2]
    return tensor.dtype.startswith(_FLOATING) and last not in _BUFFERS


def _prefix(model: Sequence[Tensor]) -> str:
    """What stands before all names: "state_dict." of Lightning."""
    heads = {tensor.name.partition(".")[0] for tensor in model}
    return f"{next(iter(heads))}." if len(heads) == 1 else ""


def _shape(by_name: Mapping[str, Tensor], entry: str) -> Shape:
    stored = (by_name.get(f"{entry}.{part}") for part in _SHAPED)
    return next((tensor.shape for tensor in stored if tensor is not None), None)


def _fits(tensor: Tensor, shape: Shape) -> bool:
    return shape is None or tensor.shape == shape


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []
