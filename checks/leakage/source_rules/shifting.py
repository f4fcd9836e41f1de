"""Values of later rows: negative shifts, joins to later rows, bars of periods not yet closed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from checks.leakage.source_rules.calls import Call, function, method
from checks.leakage.source_rules.names import words
from checks.leakage.source_rules.things import Estimator
from checks.leakage.source_rules.values import UNKNOWN, Value
from checks.leakage.source_rules.vocabulary import vocabulary

if TYPE_CHECKING:
    from checks.leakage.source_rules.interpreter import Run

KIND = "negative shift"
JOIN = "join with later rows"
PERIOD = "period not yet closed"
_RIGHT = re.compile(r"^\d*(?:W(?:-(?:SUN|SAT|FRI))?|B?(?:M|ME|Q|QE|A|Y|YE)(?:-\w+)?)$")
_NEWS = vocabulary(
    "news tweet tweets sentiment event events trade trades earnings filing filings announcement",
    "announcements report reports headline headlines article articles post posts comments",
)


_OPTIONS = vocabulary("periods n freq axis fill_value fill_method limit suffix null_behavior")


def _rows(call: Call, position: int, *names: str) -> tuple[bool, int | None]:
    """Whether a shift is towards later rows, and by how many where that is known."""
    given = call.given(position, *names)
    if given is None:
        return False, 1
    if isinstance(given.literal, int | float) and not isinstance(given.literal, bool):
        return given.literal < 0, int(abs(given.literal))
    return "negative" in given.traits, None


@method("shift", "shift_and_fill", "pct_change", "diff")
def _shift(call: Call, run: Run) -> Value | None:
    if (
        set(call.keywords) - _OPTIONS
        or call.says("axis", 1)
        or call.says("axis", "columns")
        or "time" in call.on.traits
    ):
        return None
    later, rows = _rows(call, 0, "periods", "n")
    on = replace(call.on, thing=None, literal=UNKNOWN)
    on = replace(
        on, traits=on.traits - {"grouped", "by time", "by period", "rolling", "period left"}
    )
    if "reversed" in on.traits:
        return on
    if later:
        number = "-n" if rows is None else f"-{rows}"
        what = f"{call.name}({number}) takes values of later rows"
        return on.marked(run.mark(KIND, call.line, what, ahead=True, rows=rows or 0))
    if (
        (call.name in ("shift", "shift_and_fill") and call.args)
        or call.keywords
        or call.name == "shift"
    ):
        late = {m for m in on.all_marks if m.reaches_ahead and _caught_up(m.rows, rows)}
        return on.without(late)
    return on


def _caught_up(ahead: int, back: int | None) -> bool:
    return ahead == 0 or back is None or back >= ahead


@function("roll")
def _roll(call: Call, run: Run) -> Value | None:
    if not call.args or call.module.split(".", 1)[0] not in (
        "numpy",
        "np",
        "torch",
        "tf",
        "tensorflow",
        "jax",
        "cupy",
    ):
        return None
    later, rows = _rows(call, 1, "shift", "shifts")
    if not later:
        return None
    what = f"roll by -{rows or 'n'} takes values of later rows"
    return call.args[0].marked(run.mark(KIND, call.line, what, ahead=True, rows=rows or 0))


@function("lead")
def _lead(call: Call, run: Run) -> Value | None:
    if "pyspark" not in call.module:
        return None
    return call.everything().marked(
        run.mark(KIND, call.line, "lead() takes values of later rows", ahead=True)
    )


@function("merge_asof")
def _merge_asof(call: Call, run: Run) -> Value | None:
    return _asof(call, run, call.args[0] if call.args else None, call.node_of(0, "left"))


@method("join_asof", "merge_asof")
def _join_asof(call: Call, run: Run) -> Value | None:
    return _asof(call, run, call.receiver, None)


def _asof(call: Call, run: Run, left: Value | None, node: object) -> Value | None:
    direction = call.literal(-1, "direction", "strategy")
    whole = call.everything()
    if direction not in ("forward", "nearest"):
        return _with_periods(whole, call, run)
    name = getattr(node, "id", "")
    if direction == "forward" and words(name) & _NEWS:
        # what was said is put on the next session: that is causal
        return whole
    del left
    what = f"{call.name} with {direction!r} joins rows of a later time"
    return whole.marked(run.mark(JOIN, call.line, what, soft=True, ahead=True))


@method("resample")
def _resample(call: Call, _run: Run) -> Value:
    rule = call.literal(0, "rule")
    label = call.literal(-1, "label")
    on = replace(call.on, thing=None).having("resampled")
    known = isinstance(rule, str) and "*" not in rule
    right = label == "right" or (label is None and known and _RIGHT.match(rule.upper()) is not None)
    if (isinstance(rule, str) and rule in ("m", "min", "T")) or (not known and label != "left"):
        right = label == "right" or not known
    return on if right else on.having("period left")


@method("last", "ohlc", "agg", "aggregate", "first")
def aggregate(call: Call, run: Run) -> Value | None:
    """One bar a period: what it is named by decides when it may be known."""
    on = call.on
    if isinstance(on.thing, Estimator):
        return None
    if call.name == "first":
        return replace(on, traits=on.traits - {"period left", "by period", "grouped"})
    period = bool(on.traits & {"by period", "period left"})
    if not on.traits & {"grouped", "resampled", "rolling"}:
        return None
    from checks.leakage.source_rules.calling import with_functions

    whole = with_functions(call, run)
    return replace(whole, traits=frozenset({"period left"}) if period else frozenset())


@method("reindex", "map", "join", "merge", "ffill", "pad", "reindex_like")
def _joined(call: Call, run: Run) -> Value | None:
    on = call.on
    if isinstance(on.thing, Estimator) or on.known:
        return None
    if call.name in ("ffill", "pad") and "resampled" not in on.traits:
        return replace(on, thing=None).having("filled")
    if call.name in ("reindex", "reindex_like") and call.literal(-1, "method") in (
        "bfill",
        "backfill",
        "nearest",
    ):
        what = f"reindex with method={call.literal(-1, 'method')!r} takes values of later rows"
        return on.flat().marked(run.mark("backward fill", call.line, what))
    if call.name == "map":
        if not call.args or "period left" not in call.args[0].traits:
            return None
        return _with_periods(on, call, run)
    whole = on if call.name in ("reindex", "reindex_like", "ffill", "pad") else call.everything()
    if call.name in ("ffill", "pad"):
        # upsampling of the bars themselves: a label stays where it was
        return replace(whole, traits=whole.traits - {"resampled", "period left"})
    return _with_periods(whole, call, run)


def _with_periods(whole: Value, call: Call, run: Run) -> Value:
    """Marks a join of bars that are named by the beginning of their period."""
    values = [*call.args, *call.keywords.values()]
    if call.receiver is not None:
        values.append(call.receiver)
    if not any("period left" in value.traits for value in values):
        return whole
    what = f"{call.name} puts the bar of a whole period on rows before the period's end"
    plain = replace(whole, traits=whole.traits - {"period left", "resampled"})
    return plain.marked(run.mark(PERIOD, call.line, what, ahead=True))


def transform(call: Call, run: Run) -> Value | None:
    """`transform` of groups: one figure of a whole week on each of its days."""
    on = call.on
    how = call.args[0].text if call.args else None
    if "by period" in on.traits and how in ("last", "max", "min", "mean", "sum", "std"):
        what = f"transform({how!r}) puts the {how} of a whole period on each of its rows"
        plain = replace(on, traits=frozenset(), thing=None)
        return plain.marked(run.mark(PERIOD, call.line, what, ahead=True))
    return None
