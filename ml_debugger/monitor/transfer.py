"""Brings values from the device to the host in one copy, for which no step has to wait."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ml_debugger.monitor.reading import Vector

if TYPE_CHECKING:
    import torch

Values = Mapping[str, Any]
"""Values of one step: numbers, one-element tensors, and vectors."""

_MOST_UNDER_WAY = 4


class Transfer:
    """Rows in the order of their steps; those with tensors come back when the copy is done.

    On CUDA the copy goes into pinned memory and is read one sample later, so that the loop does
    not wait for the device. At most four copies are under way: the oldest is then waited for.
    """

    def __init__(self) -> None:
        self._under_way: deque[_Copy] = deque()

    def send(self, rows: list[tuple[float, Values]]) -> None:
        """Start the copy of what the rows hold."""
        self._under_way.append(_Copy(rows))

    def arrived(self, *, all_of_them: bool = False) -> list[tuple[float, dict[str, float]]]:
        """The rows whose values are here, in order; with `all_of_them` waits for the rest."""
        rows: list[tuple[float, dict[str, float]]] = []
        while self._under_way:
            waits = all_of_them or len(self._under_way) > _MOST_UNDER_WAY
            if not waits and not self._under_way[0].done():
                break
            rows.extend(self._under_way.popleft().rows())
        return rows


class _Copy:
    def __init__(self, rows: list[tuple[float, Values]]) -> None:
        self._rows = rows
        self._event: Any = None
        tensors = [
            value.tensor if isinstance(value, Vector) else value
            for _, values in rows
            for value in values.values()
            if not isinstance(value, float)
        ]
        self._host = self._copied(tensors) if tensors else None

    def _copied(self, tensors: list[torch.Tensor]) -> torch.Tensor:
        import torch

        device = next((t.device for t in tensors if not t.is_cpu), tensors[0].device)
        flat = torch.cat([t.reshape(-1).to(device, non_blocking=True) for t in tensors])
        if device.type != "cuda":
            return flat.cpu()
        host = torch.empty(flat.shape, dtype=flat.dtype, pin_memory=True)
        host.copy_(flat, non_blocking=True)
        self._event = torch.cuda.current_stream(device).record_event()
        return host

    def done(self) -> bool:
        return self._event is None or bool(self._event.query())

    def rows(self) -> list[tuple[float, dict[str, float]]]:
        if self._event is not None:
            self._event.synchronize()
        numbers = self._host.tolist() if self._host is not None else []
        at = 0
        rows = []
        for step, values in self._rows:
            known: dict[str, float] = {}
            for name, value in values.items():
                if isinstance(value, float):
                    known[name] = value
                elif isinstance(value, Vector):
                    count = value.tensor.numel()
                    known.update(value.values(numbers[at : at + count]))
                    at += count
                else:
                    known[name] = numbers[at]
                    at += 1
            rows.append((step, known))
        return rows
