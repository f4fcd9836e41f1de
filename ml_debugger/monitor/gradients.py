"""Norms of gradients and weights: one fused pass over all tensors, grouped on the host."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ml_debugger.monitor.reading import Vector

if TYPE_CHECKING:
    import torch

MOST_LAYERS = 64
_WHOLE = 2**50


class Parameters:
    """The trainable parameters of a model or, without one, of an optimizer; else none.

    `copies` is true for a model whose wrapper says that every rank holds the same parameters.
    """

    def __init__(self, model: Any, optimizer: Any) -> None:
        self.source = model if model is not None else optimizer
        self.copies = type(model).__name__ == "DistributedDataParallel"
        self.named = list(_named(model, optimizer))

    def gradients(self, *, layers: bool) -> Vector | None:
        """The norm of all gradients, with `layers` also that of each; None where there are none.

        A layer is the module that holds the parameters; of more than 64 an even selection with
        the first and the last is taken.
        """
        held = [(name, parameter.grad) for name, parameter in self.named]
        found = [(name, _dense(grad)) for name, grad in held if grad is not None]
        if not found:
            return None
        groups = _layers([name for name, _ in found]) if layers else {}

        def values(norms: Sequence[float]) -> Mapping[str, float]:
            return {
                "grad_norm": math.hypot(*norms),
                **{
                    f"grad_norm/{layer}": math.hypot(*(norms[i] for i in members))
                    for layer, members in groups.items()
                },
            }

        return Vector(norms([grad for _, grad in found]), values)

    def weights(self) -> Vector | None:
        """The norm of all trainable weights."""
        found = [_dense(parameter.detach()) for _, parameter in self.named]
        if not found:
            return None
        return Vector(norms(found), lambda norms: {"weight_norm": math.hypot(*norms)})

    def checksum(self) -> Vector | None:
        """A number that tells apart parameters that differ in any bit."""
        import torch

        found = [_dense(parameter.detach()).reshape(-1) for _, parameter in self.named]
        if not found:
            return None
        wholes = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
        sums = [
            tensor.view(wholes[tensor.element_size()]).sum(dtype=torch.int64).remainder(_WHOLE)
            for tensor in found
        ]
        home = sums[0].device
        stacked = torch.stack([total.to(home, non_blocking=True) for total in sums]).double()

        def values(totals: Sequence[float]) -> Mapping[str, float]:
            mixed = sum(place * int(total) for place, total in enumerate(totals, start=1))
            return {"checksum": float(mixed % _WHOLE)}

        return Vector(stacked, values)


def norms(tensors: list[torch.Tensor]) -> torch.Tensor:
    """The Euclidean norm of each tensor, in one fused pass; sums run in float32 or wider."""
    import torch

    one_device = len({tensor.device for tensor in tensors}) == 1
    kinds = {tensor.dtype for tensor in tensors}
    if one_device and kinds == {torch.float32}:
        return torch.stack(torch._foreach_norm(tensors, 2))
    if one_device and kinds <= {torch.float32, torch.float16, torch.bfloat16}:
        # half precision overflows at 65,504
        return torch.stack(torch._foreach_norm(tensors, 2, torch.float32))
    home = tensors[0].device
    each = [torch.linalg.vector_norm(tensor, dtype=torch.float64) for tensor in tensors]
    return torch.stack([norm.to(home, non_blocking=True) for norm in each])


def _named(model: Any, optimizer: Any) -> Iterable[tuple[str, Any]]:
    if model is not None:
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                yield name, parameter
        return
    for number, group in enumerate(getattr(optimizer, "param_groups", ())):
        for position, parameter in enumerate(group["params"]):
            yield f"group {number}.{position}", parameter


def _dense(tensor: Any) -> torch.Tensor:
    """The numbers that this process holds: of a distributed tensor its own shard."""
    if hasattr(tensor, "to_local"):
        tensor = tensor.to_local()
    if tensor.is_sparse:
        tensor = tensor.coalesce().values()
    dense: torch.Tensor = tensor
    return dense


def _layers(names: Sequence[str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        groups.setdefault(name.rpartition(".")[0] or name, []).append(position)
    if len(groups) <= MOST_LAYERS:
        return groups
    every = list(groups)
    last = len(every) - 1
    kept = {every[round(i * last / (MOST_LAYERS - 1))] for i in range(MOST_LAYERS)}
    return {layer: members for layer, members in groups.items() if layer in kept}
