"""Gaps that are filled from later rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checks.leakage.source_rules.calls import Call, method
from checks.leakage.source_rules.things import Estimator
from checks.leakage.source_rules.values import Value

if TYPE_CHECKING:
    from checks.leakage.source_rules.interpreter import Run

KIND = "backward fill"
_BACKWARD = frozenset({"bfill", "backfill", "backward"})
CHOICES = _BACKWARD | {"interpolate", "linear", "Backward fill", "Interpolate"}
"""Options that a user of the code picks: what is done then is what he asked for."""
_FORWARD = frozenset({"ffill", "pad", "forward"})


@method("bfill", "backfill", "backward_fill")
def _bfill(call: Call, run: Run) -> Value:
    return _filled(call, run, f"{call.name}()")


@method("fillna", "fill_null", "fill_nan")
def _fillna(call: Call, run: Run) -> Value | None:
    how = call.literal(-1, "method", "strategy")
    if how is None and call.args and call.args[0].text in _BACKWARD | _FORWARD:
        how = call.args[0].text
    if how in _BACKWARD:
        return _filled(call, run, f"{call.name} with {how!r}")
    on = replace(call.on, thing=None)
    if how in _FORWARD:
        return on.having("filled")
    given = call.given(0, "value")
    if given is not None and "statistic" in given.traits and on.part is None:
        what = "gaps are filled with a statistic of all rows"
        return on.marked(run.mark("full-period statistic", call.line, what, soft=True))
    return on


@method("interpolate")
def _interpolate(call: Call, run: Run) -> Value | None:
    if call.literal(0, "method") in _FORWARD | {"zero", "previous"} or call.node.args[1:]:
        return None
    if isinstance(call.on.thing, Estimator):
        return None
    return _filled(call, run, "interpolate()")


def _filled(call: Call, run: Run, what: str) -> Value:
    on = call.on
    across = call.says("axis", 1) or call.says("axis", "columns")
    # where the newest row stands first the next row is the earlier one
    if "reversed" in on.traits or across or run.asked_for:
        return replace(on, thing=None)
    soft = "filled" in on.traits
    rest = " (after a forward fill: only the first rows)" if soft else ""
    on = replace(on, thing=None, traits=on.traits - {"filled", "grouped", "by time"})
    return on.marked(
        run.mark(KIND, call.line, f"{what} fills gaps from later rows{rest}", soft=soft)
    )
