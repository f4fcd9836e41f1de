"""LEK006 missing-purge."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from ml_debugger.artifacts import Split, Window
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@dataclass(frozen=True)
class _Gap:
    """Sessions strictly between the end of one part and the start of the next."""

    first: Window
    second: Window
    sessions: int

    @property
    def where(self) -> str:
        fold = "" if self.first.fold is None else f"fold {self.first.fold}: "
        return f"{fold}{self.first.part} to {self.second.part}, {_day(self.first.end)}"


@check(
    code="LEK006",
    name="missing-purge",
    component="data",
    playbook="leakage",
    limits=(
        Limit(
            "label_overlap",
            "sessions",
            "above",
            "sessions by which labels before a cut reach past the start of the next part",
            "labels of h sessions overlap unless h - 1 sessions lie between the parts "
            "(Lopez de Prado 2018, chapter 7.4)",
            fail=0,
        ),
        Limit(
            "window_overlap",
            "sessions",
            "above",
            "sessions that the gap lacks of horizon plus lookback - 1, where a lookback is stated",
            "the first window after the cut still reads rows before it",
            warn=0,
        ),
        Limit(
            "claimed_shortfall",
            "sessions",
            "above",
            "sessions by which the windows' own gap falls short of the purge that is stated",
            "the record contradicts itself; purging inside the windows would explain it",
            warn=0,
        ),
    ),
    explained_by=("split-overlap",),
    profiles=("quick", "pre-train", "full"),
)
def missing_purge(split: Split) -> Outcome:
    """The gap between parts of the split is shorter than the labels reach.

    What it measures:
        The sessions strictly between neighbouring parts of each fold, against the horizon of
        the labels and, where sequence windows are stated, their lookback. Without a list of
        sessions, weekdays are counted. A stated purge counts where it is larger than the gap
        between the dates, and the contradiction is shown.

    Why it matters:
        The last labels of training are returns of the validation days. The model has seen what
        it is asked, the more so the longer the horizon.

    What to do:
        Drop the last horizon sessions before each cut, and the first lookback - 1 after it for
        models that read sequences.

    Sources:
        Lopez de Prado, Advances in Financial Machine Learning, 2018, chapter 7.4.
    """
    if split.horizon is None and split.lookback is None:
        return NotMeasured("neither horizon nor lookback is stated")
    gaps = list(_gaps(split))
    if not gaps and split.purge is None:
        return NotMeasured("no two parts follow each other, and no purge is stated")
    narrowest = min((gap.sessions for gap in gaps), default=split.purge or 0)
    counted = max(narrowest, split.purge or 0)
    horizon = split.horizon or 1
    values = {"label_overlap": float(max(horizon - 1 - counted, 0))}
    lookback = split.lookback or 0
    if lookback > 1:
        values["window_overlap"] = float(max(horizon + lookback - 1 - counted, 0))
    if gaps and split.purge is not None:
        values["claimed_shortfall"] = float(max(split.purge - narrowest, 0))
    reach = f"horizon {horizon}" + (f" and lookback {lookback}" if lookback > 1 else "")
    return Measurement(
        f"{narrowest} sessions lie between parts, for {reach}",
        values,
        tuple(
            Evidence("gap", gap.sessions, "sessions", gap.where)
            for gap in sorted(gaps, key=lambda gap: gap.sessions)[:5]
        ),
    )


def _gaps(split: Split) -> Iterator[_Gap]:
    folds: dict[int | None, list[Window]] = defaultdict(list)
    for window in split.windows:
        folds[window.fold].append(window)
    for windows in folds.values():
        ordered = sorted(windows, key=lambda window: (_day(window.start), _day(window.end)))
        for first, second in pairwise(ordered):
            if first.part == second.part or _day(first.end) > _day(second.start):
                # parts that overlap are the matter of split-overlap
                continue
            yield _Gap(first, second, _between(_day(first.end), _day(second.start), split))


def _between(end: date, start: date, split: Split) -> int:
    """Sessions strictly between two days; calendar days where parts begin on weekends."""
    if split.sessions:
        left, right = bisect_right(split.sessions, end), bisect_left(split.sessions, start)
        return max(right - left, 0)
    days = max((start - end).days - 1, 0)
    if any(_day(w.start).weekday() >= 5 or _day(w.end).weekday() >= 5 for w in split.windows):
        return days
    weeks, rest = divmod(days, 7)
    return 5 * weeks + sum((end + timedelta(d + 1)).weekday() < 5 for d in range(rest))


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
