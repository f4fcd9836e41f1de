"""Runs that lie in several files: copies in other formats, and event files that go on.

A run that two loggers wrote, or that every checkpoint of Transformers repeats from its start, is
judged once. Event files of one folder are several runs unless one goes on where another ended.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import isclose, isnan
from pathlib import PurePath
from statistics import median

from ml_debugger.artifacts import Artifact, Curve, TrainingRun

EVENTS = "TensorBoard events"
LEAST_POINTS = 3
"""Values that two curves must share to be one; fewer may be equal by chance."""

MOST_GAP = 10
"""Intervals between logged steps that may lie between an end and the point it goes on from."""

_MAIN = ("train_loss", "val_loss")
_CHECKPOINT = re.compile(r"^checkpoint-\d+$")
_TOLERANCE = 1e-5
"""Event files hold single precision, other logs double."""


def each_run_once(artifacts: Sequence[Artifact]) -> list[Artifact]:
    """The artifacts with continued runs joined and copies of a run left out."""
    runs = [a for a in artifacts if isinstance(a, TrainingRun) and a.path is not None]
    joined = _joined(runs)
    kept = {joined.get(run, run) for run in runs}
    left_out = _copies(sorted(kept, key=lambda run: (-_points(run), _in_checkpoint(run))))
    found = [joined.get(a, a) if isinstance(a, TrainingRun) else a for a in artifacts]
    return [artifact for artifact in dict.fromkeys(found) if artifact not in left_out]


def _joined(runs: Sequence[TrainingRun]) -> dict[TrainingRun, TrainingRun]:
    """For each run that was joined with others, the whole."""
    folders: dict[PurePath, list[TrainingRun]] = defaultdict(list)
    for run in runs:
        if run.format == EVENTS and run.started is not None and _longest(run) > 1:
            folders[PurePath(run.path or "").parent].append(run)
    found: dict[TrainingRun, TrainingRun] = {}
    for group in folders.values():
        chain: list[TrainingRun] = []
        for run in sorted(group, key=lambda run: run.started.timestamp() if run.started else 0.0):
            if chain and _goes_on(chain[-1], run):
                chain.append(run)
                continue
            found.update(_chained(chain))
            chain = [run]
        found.update(_chained(chain))
    return found


def _chained(chain: Sequence[TrainingRun]) -> dict[TrainingRun, TrainingRun]:
    if len(chain) < 2:
        return {}
    names = dict.fromkeys(name for run in chain for name in run.curves)
    parts = {name: [run.curves[name] for run in chain if name in run.curves] for name in names}
    files = ", ".join(PurePath(run.path or "").name for run in chain)
    last = chain[-1]
    whole = replace(
        last,
        curves={name: _end_to_end(curves) for name, curves in parts.items()},
        started=chain[0].started,
        details={**last.details, "files": files[:500]},
    )
    return dict.fromkeys(chain, whole)


def _end_to_end(curves: Sequence[Curve]) -> Curve:
    if len(curves) == 1:
        return curves[0]
    return Curve(
        curves[0].name,
        curves[0].original,
        [step for curve in curves for step in curve.steps],
        [value for curve in curves for value in curve.values],
        [line for curve in curves for line in curve.lines],
    )


def _goes_on(before: TrainingRun, after: TrainingRun) -> bool:
    """Whether the later file begins within the earlier one's steps, or right behind them."""
    first, last, usual = _span(before)
    begins = _span(after)[0]
    common = before.curves.keys() & after.curves.keys() - {"timestamp"}
    alike = 2 * len(common) >= min(len(before.curves), len(after.curves))
    return alike and first < begins <= last + MOST_GAP * usual


def _longest(run: TrainingRun) -> int:
    return max((len(curve) for curve in run.curves.values()), default=0)


def _span(run: TrainingRun) -> tuple[float, float, float]:
    """The first and the last step of its longest curve, and the usual interval."""
    longest = max(run.curves.values(), key=len)
    steps = [after - before for before, after in pairwise(longest.steps) if after > before]
    return min(longest.steps), max(longest.steps), median(steps) if steps else 0.0


def _copies(runs: Sequence[TrainingRun]) -> set[TrainingRun]:
    """Runs whose losses another one begins with; `runs` have the longest first."""
    left_out: set[TrainingRun] = set()
    groups: dict[PurePath, list[TrainingRun]] = defaultdict(list)
    for run in runs:
        if run.segment is None:
            groups[_place(run)].append(run)
    for group in groups.values():
        for at, run in enumerate(group):
            longer = (other for other in group[:at] if other not in left_out)
            if any(_repeats(run, other) for other in longer):
                left_out.add(run)
    return left_out


def _place(run: TrainingRun) -> PurePath:
    """The folder that the run belongs to: checkpoints are folders inside it."""
    folder = PurePath(run.path or "").parent
    return folder.parent if _in_checkpoint(run) else folder


def _in_checkpoint(run: TrainingRun) -> bool:
    return bool(_CHECKPOINT.match(PurePath(run.path or "").parent.name))


def _repeats(run: TrainingRun, other: TrainingRun) -> bool:
    if run.format == other.format and not _in_checkpoint(run):
        # two files of one format are two runs, even where they hold the same
        return False
    names = [name for name in _MAIN if name in run.curves]
    known = sum(len(run.curves[name]) for name in names)
    return (
        known >= LEAST_POINTS
        and all(name in other.curves for name in names)
        and all(_begins_with(other.curves[name], run.curves[name]) for name in names)
    )


def _begins_with(whole: Curve, part: Curve) -> bool:
    return len(part) <= len(whole) and all(
        isclose(one, two, rel_tol=_TOLERANCE) or (isnan(one) and isnan(two))
        for one, two in zip(part.values, whole.values, strict=False)
    )


def _points(run: TrainingRun) -> int:
    return sum(len(curve) for curve in run.curves.values())
