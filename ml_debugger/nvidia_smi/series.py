"""Samples of cards over time, gathered from snapshots or rows that follow one another."""

from __future__ import annotations

import math
from array import array
from datetime import datetime

from ml_debugger.artifacts import GpuDevice, GpuHistory, GpuSeries, GpuSnapshot
from ml_debugger.nvidia_smi.values import or_nan

MAX_CARDS = 1024

Values = tuple[float, float, float, float]
"""Utilisation in percent, memory in bytes, temperature in degrees Celsius, power in watts."""


class Samples:
    """Collects samples; there is a history from the second sample of any card on."""

    def __init__(self) -> None:
        self._columns: dict[str, tuple[array[float], ...]] = {}
        self._devices: dict[str, GpuDevice] = {}
        self._first: datetime | None = None

    def add(self, key: str, taken: datetime | None, values: Values) -> None:
        """Take one sample of the card `key`; one without a time has NaN for its seconds."""
        columns = self._columns.get(key)
        if columns is None:
            if len(self._columns) >= MAX_CARDS:
                return
            columns = self._columns[key] = tuple(array("d") for _ in range(5))
        self._first = self._first or taken
        seconds = (taken - self._first).total_seconds() if taken and self._first else math.nan
        for column, value in zip(columns, (seconds, *values), strict=True):
            column.append(value)

    def name(self, key: str, device: GpuDevice) -> None:
        """Say which card the samples of a key are of."""
        if device.memory_total is not None or key not in self._devices:
            self._devices[key] = device

    def add_snapshot(self, snapshot: GpuSnapshot) -> None:
        """Take a sample of every card of a snapshot."""
        taken = datetime.fromisoformat(snapshot.taken) if snapshot.taken else None
        for device in snapshot.devices:
            key = device.pci or device.uuid or str(device.index)
            self.add(key, taken, values_of(device))
            self.name(key, device)

    def history(self, shown: str | None) -> GpuHistory | None:
        """All samples, None where no card was sampled twice."""
        if max((len(columns[0]) for columns in self._columns.values()), default=0) < 2:
            return None
        series = []
        for key, columns in self._columns.items():
            card = self._devices[key]
            seconds, used, memory, heat, power = columns
            series.append(
                GpuSeries(
                    card.index, card.name, seconds, used, memory, heat, power, card.memory_total
                )
            )
        return GpuHistory(
            subject=shown or "gpu",
            path=shown,
            series=tuple(sorted(series, key=lambda one: one.index)),
            started=self._first.isoformat() if self._first else None,
        )


def values_of(device: GpuDevice) -> Values:
    """The sample that one card of a snapshot is."""
    return (
        or_nan(device.utilisation),
        or_nan(device.memory_used),
        or_nan(device.temperature),
        or_nan(device.power_watts),
    )
