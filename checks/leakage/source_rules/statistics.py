"""Statistics of all rows that go into features: means, extremes, quantiles, ranks."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from checks.leakage.source_rules import shifting
from checks.leakage.source_rules.calls import Call, function, method
from checks.leakage.source_rules.things import Estimator
from checks.leakage.source_rules.values import NOTHING, Value

if TYPE_CHECKING:
    from checks.leakage.source_rules.interpreter import Run

KIND = "full-period statistic"
_BY_ROW = frozenset({"rolling", "by time", "window", "statistic"})
_STATISTIC = frozenset({"statistic"})


def _whole(value: Value) -> bool:
    """Whether a value is all rows of data: no part, no window, no group of one time."""
    return bool(value.origins) and value.part is None and not value.traits & _BY_ROW


def _across(call: Call) -> bool:
    """Whether a statistic is taken across columns, each row for itself."""
    if "dim" in call.keywords or "keepdim" in call.keywords:
        return True
    if any(call.says("axis", axis) for axis in (1, -1, "columns")):
        return True
    return call.receiver is not None and call.name != "quantile" and call.literal(0) in (1, -1)


@method("mean", "std", "var", "min", "max", "median", "quantile", "nanmean", "nanstd", "mad")
def _reduce(call: Call, _run: Run) -> Value | None:
    on = call.on
    if isinstance(on.thing, Estimator):
        return None
    if not _whole(on) or _across(call):
        kept = on.traits - {"rolling", "grouped", "by time"}
        period = on.traits & {"by period", "period left"}
        traits = kept | {"period left"} if period else kept
        return replace(on, traits=frozenset(traits), thing=None)
    if "grouped" in on.traits:
        return replace(on, traits=on.traits - {"grouped"}, thing=None)
    return Value(on.origins, traits=_STATISTIC)


@method("sum", "cov", "count", "skew", "kurt", "prod", "autocorr", "nunique", "item")
def _number(call: Call, run: Run) -> Value | None:
    """A sum or count of all rows is a figure that nobody scales features with."""
    if call.on.traits & {"grouped", "resampled", "rolling"}:
        return shifting.aggregate(call, run) if call.name == "sum" else None
    return NOTHING if _whole(call.on) and not _across(call) else None


@function(
    *("mean", "std", "var", "min", "max", "median", "nanmean", "nanstd", "nanmin", "nanmax"),
    *("amin", "amax", "percentile", "nanpercentile", "quantile"),
)
def _reduce_array(call: Call, _run: Run) -> Value | None:
    if call.module == "" or not call.args:
        return None
    on = call.args[0]
    return Value(on.origins, traits=_STATISTIC) if _whole(on) and not _across(call) else None


def combined(node: ast.BinOp, left: Value, right: Value, both: Value, run: Run) -> Value:
    """Arithmetic of data with a statistic of all its rows."""
    if "statistic" in left.traits and "statistic" in right.traits:
        return replace(both, traits=both.traits | _STATISTIC)
    for data, statistic in ((left, right), (right, left)):
        if "statistic" not in statistic.traits:
            continue
        if not data.origins & statistic.origins:
            return replace(both, traits=both.traits | _STATISTIC)
        if isinstance(node.op, ast.Sub | ast.Div) and _whole(data):
            what = "a mean, deviation or extreme of all rows scales each row"
            return both.marked(run.mark(KIND, node.lineno, what))
    return both


def compared(node: ast.Compare, left: Value, rights: list[Value], both: Value, run: Run) -> Value:
    """Data compared with a quantile or mean of all their rows."""
    for data, statistic in ((left, rights[0]), (rights[0], left)):
        if "statistic" not in statistic.traits or not data.origins & statistic.origins:
            continue
        if _whole(data):
            what = "each row is compared with a statistic of all rows"
            return both.marked(run.mark(KIND, node.lineno, what))
    return both


@method("rank")
def _rank(call: Call, run: Run) -> Value | None:
    on = call.on
    if not call.says("pct", True) or _across(call) or not _whole(on):
        return None
    plain = replace(on, traits=on.traits - {"grouped"}, thing=None)
    return plain.marked(run.mark(KIND, call.line, "rank(pct=True) ranks each row among all rows"))


@function(
    *("qcut", "zscore", "minmax_scale", "scale", "robust_scale", "maxabs_scale", "winsorize"),
    *("quantile_transform", "power_transform", "boxcox", "yeojohnson"),
)
def _transformed(call: Call, run: Run) -> Value | None:
    data = call.args[0] if call.args else None
    if data is None or not _whole(data) or _across(call):
        return None
    if call.name == "scale" and "sklearn" not in call.module:
        return None
    whole = replace(data, thing=None)
    return whole.marked(run.mark(KIND, call.line, f"{call.name} uses the spread of all rows"))
