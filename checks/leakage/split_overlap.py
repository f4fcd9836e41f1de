"""LEK005 split-overlap."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import combinations, pairwise

from ml_debugger.artifacts import Split, Window
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@dataclass(frozen=True)
class _Overlap:
    """Time that two parts of one fold share."""

    first: Window
    second: Window
    start: date
    end: date
    sessions: int

    @property
    def where(self) -> str:
        fold = "" if self.first.fold is None else f"fold {self.first.fold}: "
        return f"{fold}{self.first.part} and {self.second.part}, {self.start} to {self.end}"


@check(
    code="LEK005",
    name="split-overlap",
    component="data",
    playbook="leakage",
    limits=(
        Limit(
            "shared_sessions",
            "sessions",
            "above",
            "sessions that stand in two parts of one fold",
            "a row that is trained on cannot test (Lopez de Prado 2018, chapter 7)",
            fail=0,
        ),
        Limit(
            "shared_rows",
            "rows",
            "above",
            "rows, by ticker and time, that stand in more than one part",
            "a row that is trained on cannot test (Lopez de Prado 2018, chapter 7)",
            fail=0,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
)
def split_overlap(split: Split) -> Outcome:
    """Train, validation and test share rows.

    What it measures:
        Sessions that lie in two parts of the same fold, and rows that carry two parts where the
        file tells each row's part. A boundary that all parts share by their last and first date
        is read as a half-open interval. Folds are judged one by one: a test window that a later
        fold trains on is the purpose of walking forward.

    Why it matters:
        What is tested on was learned by heart. Accuracy and efficiency of the record say
        nothing.

    What to do:
        Cut by date, for all tickers at the same day, then purge the horizon before each cut.

    Sources:
        Lopez de Prado, Advances in Financial Machine Learning, 2018, chapter 7.
    """
    folds: dict[int | None, list[Window]] = defaultdict(list)
    for window in split.windows:
        folds[window.fold].append(window)
    pairs = [
        (one, other)
        for windows in folds.values()
        for one, other in combinations(windows, 2)
        if one.part != other.part
    ]
    if not pairs:
        return NotMeasured("the split has one part only")
    tiled = _tiled_by_tests(split)
    found = [
        overlap
        for one, other in pairs
        if (overlap := _overlap(one, other, split)) is not None
        and not (tiled and _holds(overlap.first, overlap.second))
    ]
    if split.shared_rows == 0 or _half_open(pairs, found):
        found = []
    values = {"shared_sessions": float(max((o.sessions for o in found), default=0))}
    if split.shared_rows is not None:
        values["shared_rows"] = float(split.shared_rows)
    return Measurement(
        _title(found, split, len(folds)),
        values,
        tuple(Evidence("shared_sessions", o.sessions, "sessions", o.where) for o in found[:5]),
    )


def _title(found: list[_Overlap], split: Split, folds: int) -> str:
    if found:
        worst = max(found, key=lambda overlap: overlap.sessions)
        return f"{worst.first.part} and {worst.second.part} share {worst.sessions} sessions"
    if split.shared_rows:
        return f"{split.shared_rows} rows stand in more than one part"
    return f"No session is shared by two parts, in {folds} fold{'s' if folds > 1 else ''}"


def _overlap(one: Window, other: Window, split: Split) -> _Overlap | None:
    comparable = isinstance(one.start, datetime) == isinstance(other.start, datetime)
    if comparable and max(one.start, other.start) > min(one.end, other.end):
        return None
    start, end = max(_day(one.start), _day(other.start)), min(_day(one.end), _day(other.end))
    if start > end:
        return None
    earlier, later = sorted((one, other), key=lambda window: _day(window.start))
    return _Overlap(earlier, later, start, end, max(_sessions(start, end, split), 1))


def _sessions(start: date, end: date, split: Split) -> int:
    if split.sessions:
        return sum(start <= day <= end for day in split.sessions)
    days = (end - start).days + 1
    return sum((start + timedelta(d)).weekday() < 5 for d in range(min(days, 20_000)))


def _half_open(pairs: list[tuple[Window, Window]], found: list[_Overlap]) -> bool:
    """Whether parts meet in one boundary everywhere, and share no more than that."""
    neighbours = [
        (first, second)
        for first, second in (sorted(pair, key=lambda window: _day(window.start)) for pair in pairs)
        if (first.part, second.part) in {("train", "validation"), ("validation", "test")}
        or {w.part for pair in pairs for w in pair} == {"train", "test"}
    ]
    touching = all(_day(first.end) == _day(second.start) for first, second in neighbours)
    return bool(neighbours) and touching and all(o.start == o.end for o in found)


def _holds(first: Window, second: Window) -> bool:
    return _day(first.start) <= _day(second.start) and _day(second.end) <= _day(first.end)


def _tiled_by_tests(split: Split) -> bool:
    """Whether the folds' tests together cover the training span, as in a k-fold.

    Then a training window that encloses its test has a hole there, which its ends cannot show.
    """
    tests = sorted(
        ((_day(w.start), _day(w.end)) for w in split.windows if w.part == "test"),
    )
    trains = [w for w in split.windows if w.part == "train"]
    if len(tests) < 3 or not trains:
        return False
    first, last = min(_day(w.start) for w in trains), max(_day(w.end) for w in trains)
    disjoint = all(one[1] <= other[0] for one, other in pairwise(tests))
    covered = sum((end - start).days + 1 for start, end in tests)
    return disjoint and covered > 0.9 * ((last - first).days + 1)


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
