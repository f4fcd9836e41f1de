"""LAB002 log-arithmetic-mixup."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from checks.labels.realised import realised
from checks.labels.recomputed import Label, recomputed
from ml_debugger.artifacts import Expectations, FeatureTable, Predictions, PriceTable
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, Sample, check

_LOG = re.compile(
    r"(?:^|[_\W]|\d)(?:log|ln|logs|cc|continuous)(?:[_\W]|\d|$)|log_?ret", re.IGNORECASE
)
_ARITHMETIC = re.compile(r"simple|arith|pct|percent|gross", re.IGNORECASE)
_DAILY = re.compile(r"daily|mean|avg|average|per_?day", re.IGNORECASE)


@dataclass(frozen=True)
class _Mixup:
    """What a label or outcome is, and what it is read as."""

    name: str
    is_: str
    read_as: str


@check(
    code="LAB002",
    name="log-arithmetic-mixup",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "mixups",
            "columns",
            "above",
            "labels and outcomes that are another kind of return than they are read as",
            "the project's record of 2025-12: outputs over a horizon in logarithms had to be "
            "turned into daily arithmetic returns",
            fail=0,
        ),
    ),
    profiles=("pre-train", "full"),
)
def log_arithmetic_mixup(
    features: FeatureTable,
    prices: PriceTable | None,
    predictions: Predictions | None,
    expectations: Expectations | None,
    sample: Sample,
) -> Outcome:
    """Log returns are read as arithmetic ones, or horizon returns as daily.

    What it measures:
        Labels, and the outcomes that linked predictions carry, are recomputed from prices. The
        rows that moved most tell logarithms from arithmetic returns. A label contradicts when
        its name says the other kind, or when it differs from the other labels of its table
        without a name that says so; likewise one that is divided by its horizon while others
        are not. Outcomes of predictions are arithmetic returns over the stated horizon: those
        that are logarithms, or returns of one session, are named. Labels that are all
        logarithms are consistent, and are left alone.

    Why it matters:
        At 20 sessions and 40 % volatility the two differ by half the variance, 0.6 % on every
        trade, always to the same side. A horizon return that is read as daily inflates every
        position and Sharpe ratio by about the root of the horizon.

    What to do:
        Choose one kind. exp(x) - 1 turns a log return into an arithmetic one; name columns that
        stay logarithms so (log_return_5). Divide nothing by the horizon before it is compounded.

    Sources:
        Campbell, Lo and MacKinlay, The Econometrics of Financial Markets, 1997, section 1.4
        (simple and continuously compounded returns).
    """
    labels = recomputed(features, prices, sample, expectations)
    judged = [] if isinstance(labels, str) else [x for x in labels if kind_of(x)]
    came = realised(predictions, prices, sample, features) if predictions and prices else []
    told = [x for x in came if kind_of(x)]
    if not judged and not told:
        reason = labels if isinstance(labels, str) else "no label is a return that can be told"
        return NotMeasured(reason)
    found = [*_among(judged), *_outcomes(told)]
    if found:
        first = found[0]
        title = f"{first.name} is {first.is_}, {first.read_as}"
        if len(found) > 1:
            title += f"; {len(found)} columns in all"
    else:
        kinds = sorted({kind_of(x) or "" for x in (*judged, *told)})
        count = len(judged) + len(told)
        kind = f"{' and '.join(kinds)} returns"
        title = f"{count} labels are {kind}" if count > 1 else f"{(*judged, *told)[0].name}: {kind}"
    return Measurement(
        title,
        {"mixups": float(len(found))},
        tuple(Evidence("kind", mixup.is_, where=mixup.name) for mixup in found[:5])
        or tuple(Evidence("kind", kind_of(x), where=x.name) for x in (*judged, *told)[:5]),
    )


def kind_of(label: Label) -> str | None:
    """ "arithmetic", "log" or "daily" (divided by its horizon); None where it cannot be told."""
    window = label.window
    if window is None or window.start < 0:
        return None
    if window.scale < 1 and window.horizon > 1:
        return "daily"
    return label.kind


def _named(label: Label) -> str | None:
    """The kind that a label's name says."""
    if _LOG.search(label.name):
        return "log"
    if _ARITHMETIC.search(label.name):
        return "arithmetic"
    return "daily" if _DAILY.search(label.name) else None


def _among(labels: Sequence[Label]) -> Iterator[_Mixup]:
    """Labels that contradict their names, or the other labels without a word."""
    silent = []
    for label in labels:
        kind, named = kind_of(label), _named(label)
        if named is None:
            silent.append(label)
        elif kind != named and {kind, named} <= {"log", "arithmetic"}:
            yield _Mixup(label.name, _word(kind), f"its name says {named}")
    kinds = [kind_of(label) for label in silent]
    if len(set(kinds)) < 2:
        return
    # arithmetic returns are what is meant where nothing is said, unless most are something else
    usual = max(sorted({k for k in kinds if k}), key=lambda k: (kinds.count(k), k == "arithmetic"))
    for label in silent:
        if kind_of(label) != usual:
            yield _Mixup(label.name, _word(kind_of(label)), f"the others are {_word(usual, True)}")


def _outcomes(outcomes: Sequence[Label]) -> Iterator[_Mixup]:
    for outcome in outcomes:
        kind, window = kind_of(outcome), outcome.window
        assert window is not None
        where = f"{outcome.name} at horizon {outcome.claimed}"
        if outcome.claimed is not None and outcome.claimed > 1 and window.horizon == 1:
            yield _Mixup(where, "the return of one session", "read as the whole horizon's")
        elif kind == "daily":
            yield _Mixup(where, _word(kind), "read as the whole horizon's")
        elif kind == "log" and _named(outcome) != "log":
            yield _Mixup(where, _word(kind), "read as arithmetic")


def _word(kind: str | None, many: bool = False) -> str:
    words = {
        "log": ("a log return", "log returns"),
        "arithmetic": ("an arithmetic return", "arithmetic returns"),
        "daily": ("divided by its horizon", "not divided by theirs"),
    }
    one, several = words.get(kind or "", ("unknown", "unknown"))
    return several if many else one
