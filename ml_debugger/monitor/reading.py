"""Numbers out of what a training loop holds, without making the device wait."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_MOST_ELEMENTS = 1 << 20
_MOST_GROUPS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """Several numbers in one tensor, and the named values that they become on the host."""

    tensor: torch.Tensor
    values: Callable[[Sequence[float]], Mapping[str, float]]


Pending = "float | torch.Tensor | Vector"
"""A value that is known, or one that still lies on a device."""


def scalar(value: Any) -> float | torch.Tensor:
    """A number at once where that is free; a tensor of another device as a copy of its own.

    A copy, because a captured graph writes its next result into the same memory.
    """
    if isinstance(value, float | int):
        return float(value)
    if getattr(value, "is_cpu", True):
        return float(value.item() if hasattr(value, "item") else value)
    copied: torch.Tensor = value.detach().clone()
    return copied


def size(value: Any) -> int:
    """How many numbers a loss holds; 1 for a plain number."""
    shape = getattr(value, "shape", ())
    return math.prod(int(length) for length in shape)


def spread(predictions: Any) -> tuple[float | torch.Tensor, float | torch.Tensor]:
    """Standard deviation of predictions, and the share of those that are numbers above zero.

    Takes a tensor of any device, or whatever NumPy makes an array of. Of more than about a
    million predictions an even selection is taken. A NaN is on neither side of zero: with
    nothing but NaN the share is NaN as well.
    """
    if hasattr(predictions, "detach"):
        flat = predictions.detach().reshape(-1)
        flat = flat[:: 1 + flat.numel() // _MOST_ELEMENTS].float()
        if flat.numel() == 0:
            return math.nan, math.nan
        # no device has to wait for the count: 0 / 0 is NaN
        share = (flat > 0).sum() / (~flat.isnan()).sum()
        return scalar(flat.std(correction=0)), scalar(share)
    import numpy as np

    values = np.asarray(predictions, dtype=np.float64).reshape(-1)
    values = values[:: 1 + values.size // _MOST_ELEMENTS]
    if values.size == 0:
        return math.nan, math.nan
    known = values[~np.isnan(values)]
    return float(values.std()), float((known > 0).mean()) if known.size else math.nan


def learning_rates(optimizer: Any) -> dict[str, float | torch.Tensor]:
    """The learning rate of each parameter group of a torch optimizer, at most eight of them."""
    groups = optimizer.param_groups[:_MOST_GROUPS]
    return {
        f"learning_rate/{number}" if number else "learning_rate": scalar(group["lr"])
        for number, group in enumerate(groups)
        if "lr" in group
    }


def loss_scale(scaler: Any) -> float | torch.Tensor | None:
    """The scale of a torch GradScaler; its `get_scale` would wait for the device."""
    if not scaler.is_enabled():
        return None
    held = getattr(scaler, "_scale", None)
    return scalar(held if held is not None else scaler.get_scale())
