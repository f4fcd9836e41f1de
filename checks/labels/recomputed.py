"""The labels of a table, recomputed from prices: which return each of them really is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ml_debugger.artifacts import Expectations, FeatureTable, PriceTable
from ml_debugger.contract import Sample

if TYPE_CHECKING:
    import numpy as np

    from ml_debugger.data.alignment import Placed
    from ml_debugger.data.label_windows import Window

MOST_LABELS = 16
NO_RETURN = "no plain return of these prices (scaled, ranked, barrier or other prices)"
_VERSION = re.compile(r"(?:^|[_\W])v\d+$", re.IGNORECASE)
_NUMBERED = re.compile(r"^(?P<stem>.*?)[_\W]?(?P<number>\d+)$")


@dataclass(frozen=True)
class Label:
    """One label: what its name or the configuration claims, and what it is.

    `window` is None where no return reproduces it, with `reason`. `honoured` tells that its
    length is the claimed one, counted in bars, sessions or calendar days. `kind` is "arithmetic"
    or "log" where the two can be told apart. `certain` is false where rows were put on bars by
    day alone.
    """

    name: str
    claimed: int | None
    window: Window | None
    honoured: bool
    kind: str | None
    certain: bool
    reason: str = ""


_KNOWN: WeakKeyDictionary[
    FeatureTable, list[tuple[tuple[object, object], tuple[Label, ...] | str]]
] = WeakKeyDictionary()


def recomputed(
    features: FeatureTable,
    prices: PriceTable | None,
    sample: Sample,
    expectations: Expectations | None,
) -> tuple[Label, ...] | str:
    """The labels of a table; a reason where none can be recomputed.

    Three checks ask the same of a table, so the last answers are kept as long as it lives.
    """
    answers = _KNOWN.setdefault(features, [])
    for asked, answer in answers:
        if asked[0] is prices and asked[1] is expectations:
            return answer
    answer = _recompute(features, prices, sample, expectations)
    answers.append(((prices, expectations), answer))
    return answer


def _recompute(
    features: FeatureTable,
    prices: PriceTable | None,
    sample: Sample,
    expectations: Expectations | None,
) -> tuple[Label, ...] | str:
    from ml_debugger.data.alignment import own_closes, place, place_on_own

    if not features.labels:
        return "has no label column"
    names = features.labels[:MOST_LABELS]
    keys = [key for key in (features.ticker, features.time) if key is not None]
    kept = dict.fromkeys((*keys, *names, *sorted(own_closes(sample.series.columns))))
    rows = sample.series.select(list(kept))
    tried = [place(features, prices, rows), place_on_own(features, rows)]
    places = [found for found in tried if not isinstance(found, str)]
    if not places:
        return " and ".join(str(reason) for reason in tried)
    claims = _claims(features, expectations)
    values = {name: _numbers(rows[name]) for name in names}
    labels = [_label(name, values[name], claims.get(name), places) for name in names]
    return tuple(_without_numbering(labels))


def _numbers(column: object) -> np.ndarray:
    import polars as pl

    assert isinstance(column, pl.Series)
    return column.cast(pl.Float64).to_numpy()


def _claims(features: FeatureTable, expectations: Expectations | None) -> Mapping[str, int]:
    """Claimed horizons by label: by name, or the only one that the configuration knows."""
    claims = {n: h for n, h in features.label_horizons.items() if not _VERSION.search(n)}
    if expectations is not None and len(expectations.horizons) == 1:
        return dict.fromkeys(features.labels, expectations.horizons[0]) | claims
    return claims


def _label(name: str, values: np.ndarray, claimed: int | None, places: Sequence[Placed]) -> Label:
    from ml_debugger.data.label_search import reproduce
    from ml_debugger.data.label_windows import Window, kind, over_calendar_days

    if claimed is not None and 2 < claimed == _distinct(values):
        # target_5 may be so named for its five classes
        claimed = None
    for placed in places:
        window = reproduce(values, placed, claimed)
        if window is not None:
            honoured = claimed is None or _honours(window, claimed, placed)
            told = kind(values, placed, window)
            return Label(name, claimed, window, honoured, told, placed.certain)
    for placed in places:
        if claimed is not None and claimed >= 5 and over_calendar_days(values, placed, claimed):
            window = Window(0, claimed, "calendar", 0.0)
            return Label(name, claimed, window, True, None, placed.certain)
    return Label(name, claimed, None, False, None, False, NO_RETURN)


def _distinct(values: np.ndarray) -> int:
    import numpy as np

    return len(np.unique(values[np.isfinite(values)]))


def _honours(window: Window, claimed: int, placed: Placed) -> bool:
    """Whether a window is as long as claimed, whatever a session is on these bars."""
    lengths = {window.horizon}
    if window.start in (0, 1) or window.form == "level":
        # entering at the next bar and leaving on time is a return over the claimed sessions too
        lengths.add(window.end)
    if window.entry == "open" and window.leave == "close":
        lengths.add(window.horizon + 1)
    wanted = {claimed, round(claimed * placed.bars_a_day)}
    apart = placed.days_apart
    if apart > 2:
        wanted |= {max(1, round(claimed * ratio / apart)) for ratio in (1.0, 1.4)}
    return bool(lengths & wanted)


def _without_numbering(labels: Sequence[Label]) -> Sequence[Label]:
    """Labels numbered 1, 2, 3 ... that fit no claim are counted, and claim nothing."""
    numbers = [match and int(match["number"]) for match in map(_NUMBERED.match, _names(labels))]
    counted = len(labels) > 1 and sorted(n or 0 for n in numbers) == list(range(1, len(labels) + 1))
    judged = [x for x in labels if x.claimed is not None and x.claimed > 1 and x.window]
    if not counted or not judged or any(label.honoured for label in judged):
        return labels
    return [Label(x.name, None, x.window, True, x.kind, x.certain, x.reason) for x in labels]


def _names(labels: Sequence[Label]) -> list[str]:
    return [label.name for label in labels]
