"""Takes the scalars out of batches of event records, many of the same layout at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ml_debugger.readers.training.crc32c import Bytes, Places
from ml_debugger.readers.training.curves import Run
from ml_debugger.readers.training.event_layout import Layout, layout_of
from ml_debugger.readers.training.protobuf import Malformed
from ml_debugger.readers.training.tfrecord import Batch, Records

TIME = "timestamp"
_WORTH_IT = 16
"""Records of equal length from which on arrays are faster than one after the other."""
_MOST_TEXTS = 16
_TEXT_TAGS = ("args/text_summary", "_hparams_/session_start_info")
"""Settings of a training: Transformers' arguments, and those of TensorBoard's HParams plugin."""

Floats = NDArray[np.float64]


class Scalars:
    """Collects scalars into a run, in the order of the file, with the wall time of each step."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._last_step: float | None = None
        self.started: float | None = None
        self.settings: dict[str, bytes] = {}

    def take(self, batch: Batch, records: Records) -> None:
        """The scalars of one batch; records that are no events are noted as damaged."""
        found: dict[str, list[tuple[Places, Floats, Floats]]] = defaultdict(list)
        times: list[tuple[Places, Floats, Floats]] = []
        for rows, numbers in _of_equal_length(batch):
            for layout, members in _layouts(rows, numbers, records):
                own = rows[members]
                walls = layout.walls(own)
                self._note(layout, walls)
                if not layout.scalars:
                    continue
                steps = layout.steps(own)
                times.append((numbers[members], steps, walls))
                for place in layout.scalars:
                    values = layout.values(own, place)
                    found[place.tag].append((numbers[members], steps, values))
        for tag, parts in found.items():
            numbers, steps, values = _in_order(parts)
            self._run.extend(tag, steps, values, numbers)
        if times:
            self._times(*_in_order(times))

    def _note(self, layout: Layout, walls: Floats) -> None:
        if self.started is None and len(walls) and np.isfinite(walls[0]):
            self.started = float(walls[0])
        for tag, content in (*layout.texts, *layout.plugins):
            if tag in _TEXT_TAGS and len(self.settings) < _MOST_TEXTS:
                self.settings.setdefault(tag, content)

    def _times(self, numbers: Places, steps: Floats, walls: Floats) -> None:
        """The wall time of the first event of each step."""
        before = np.concatenate(([np.nan if self._last_step is None else self._last_step], steps))
        self._last_step = float(steps[-1])
        first = (steps != before[:-1]) & (walls > 0)
        if first.any():
            self._run.extend(TIME, steps[first], walls[first], numbers[first])


def _of_equal_length(batch: Batch) -> Iterator[tuple[Bytes, Places]]:
    """The records of a batch by length, each length as rows of bytes."""
    order = np.argsort(batch.lengths, kind="stable")
    lengths = batch.lengths[order]
    edges = np.flatnonzero(np.diff(lengths)) + 1
    for group in np.split(order, edges):
        length = int(batch.lengths[group[0]]) if len(group) else 0
        if length == 0:
            continue
        windows = np.lib.stride_tricks.sliding_window_view(batch.chunk, length)
        yield windows[batch.starts[group]], batch.numbers[group]


def _layouts(rows: Bytes, numbers: Places, records: Records) -> Iterator[tuple[Layout, Places]]:
    """The layouts that occur among events of equal length, with the rows that have each."""
    left = np.arange(len(rows))
    while len(left):
        layout = _layout(rows, numbers, int(left[0]), records)
        if layout is None or len(left) < _WORTH_IT or not layout.scalars:
            if layout is not None:
                yield layout, left[:1]
            left = left[1:]
            continue
        rest = layout.constant(rows[left])
        same = (rest == rest[0]).all(axis=1)
        if same.all():
            yield layout, left
            return
        # other tags of the same length, most often: sort them apart in one go
        kinds = np.ascontiguousarray(rest).view(f"V{rest.shape[1]}").ravel()
        _, firsts, which = np.unique(kinds, return_index=True, return_inverse=True)
        others: list[Places] = []
        for kind, first in enumerate(firsts):
            members = left[which == kind]
            own = layout if same[first] else _layout(rows, numbers, int(left[first]), records)
            if own is not None and own.variable == layout.variable:
                yield own, members
            elif own is not None:
                others.append(members)
            else:
                others.append(members[1:])
        left = np.sort(np.concatenate(others)) if others else left[:0]


def _layout(rows: Bytes, numbers: Places, at: int, records: Records) -> Layout | None:
    try:
        return layout_of(rows[at].tobytes())
    except Malformed as error:
        records.damaged(int(numbers[at]), str(error))
        return None


def _in_order(parts: list[tuple[Places, Floats, Floats]]) -> tuple[Places, Floats, Floats]:
    if len(parts) == 1:
        return parts[0]
    numbers, first, second = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(numbers, kind="stable")
    return numbers[order], first[order], second[order]
