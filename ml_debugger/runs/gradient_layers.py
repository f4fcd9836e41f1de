"""Gradient norms of single layers, like with like and in order from input to output."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.curves.alignment import values_at
from ml_debugger.curves.blocks import blocks
from ml_debugger.curves.points import finite, without_warm_up

PREFIX = "grad_norm/"
_FEWEST = 5
_MOST = 2000
# vectors, tables and gates have gradients of their own size
_OTHER = re.compile(
    r"bias|norm|(^|[._/])(ln|bn|gn)\d*([._/]|$)|batch_?n|embed|position|token|gamma|beta|scale|"
    r"alpha|offset|running",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Ends:
    """The first and the last of layers of one kind.

    `ratios` are norms of the first over those of the last, point by point after the warm-up.
    """

    first: Curve
    last: Curve
    layers: int
    ratios: Sequence[float]

    @property
    def usual(self) -> float:
        """Median ratio of the first layer's norm to the last one's."""
        return median(self.ratios)

    @property
    def lasting(self) -> float:
        """The ratio, nearer to 1, that four fifths of the points lie beyond."""
        ordered = sorted(self.ratios, key=lambda ratio: abs(math.log(ratio)))
        same_side = [r for r in ordered if (r > 1) == (self.usual > 1)]
        if len(same_side) < 0.8 * len(ordered):
            return 1.0
        return same_side[max(0, len(same_side) - math.ceil(0.8 * len(ordered)))]


def layer_ends(run: TrainingRun) -> list[Ends]:
    """First and last layer of every kind that has at least three; all matrices where none has.

    Layers whose norm is 0 throughout are frozen and left out, as are biases, norms and embeddings.
    """
    matrices = [
        curve
        for name, curve in run.curves.items()
        if name.startswith(PREFIX)
        and not _OTHER.search(name.removeprefix(PREFIX))
        and any(value > 0 for value in curve.values)
    ]
    kinds: dict[str, list[Curve]] = defaultdict(list)
    for curve in matrices:
        kinds[re.sub(r"\d+", "#", curve.name)].append(curve)
    numbered = [
        sorted(kind, key=lambda curve: _numbers(curve.name))
        for kind in kinds.values()
        if len(kind) >= 3
    ]
    groups = numbered or ([matrices] if len(matrices) >= 2 else [])
    found = [_ends(group) for group in groups]
    return [ends for ends in found if ends is not None]


def _ends(group: Sequence[Curve]) -> Ends | None:
    first, last = group[0], group[-1]
    points = blocks(without_warm_up(finite(last)), _MOST)
    if len(points) < _FEWEST:
        return None
    firsts = values_at(blocks(finite(first), _MOST), points)
    # a norm that underflowed to 0 is smaller than any that was printed
    least = min((v for curve in (first, last) for v in curve.values if v > 0), default=1.0)
    ratios = [
        max(one, least) / max(other, least)
        for one, other in zip(firsts, points.values, strict=True)
    ]
    return Ends(first, last, len(group), ratios) if ratios else None


def _numbers(name: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", name)]
