"""Lists, loops and names of columns: what grows, what is taken out, what is gone through."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from checks.leakage.source_rules import choosing
from checks.leakage.source_rules.calls import Call, function, method
from checks.leakage.source_rules.names import part_of
from checks.leakage.source_rules.things import Columns, Estimator
from checks.leakage.source_rules.values import NOTHING, UNKNOWN, Value, constant, joined

if TYPE_CHECKING:
    from checks.leakage.source_rules.interpreter import Run


def owner(call: Call) -> ast.expr:
    """The syntax of the object on which a method is called."""
    assert isinstance(call.node.func, ast.Attribute)
    return call.node.func.value


@function("range", "arange", "prange", "trange")
def _range(_call: Call, _run: Run) -> Value:
    return NOTHING


@function("enumerate")
def _enumerate(call: Call, _run: Run) -> Value:
    return call.args[0].having("enumerated") if call.args else NOTHING


@function("list", "tuple", "set", "sorted", "reversed", "tqdm", "iter")
def _listed(call: Call, _run: Run) -> Value | None:
    if not call.args:
        return constant(())
    first = call.args[0]
    kept = isinstance(first.thing, Columns) or first.traits & {"folds", "enumerated"}
    return first if kept or isinstance(first.literal, tuple) else None


@function("zip")
def _zip(call: Call, _run: Run) -> Value:
    return replace(call.everything(), thing=None)


@method("append", "extend", "add", "insert", "appendleft")
def _append(call: Call, run: Run) -> Value | None:
    on = call.on
    if isinstance(on.thing, Estimator) or not call.args:
        return None
    if call.name == "insert" and len(call.args) >= 3:
        # frame.insert(position, name, values)
        return _insert(call, run)
    added = call.args[-1]
    if isinstance(on.literal, tuple) and added.known:
        more = added.literal if call.name == "extend" else (added.literal,)
        literal = on.literal + more if isinstance(more, tuple) else UNKNOWN
        after = replace(on, literal=literal)
    elif isinstance(on.thing, Columns) and added.known:
        names = on.thing.names
        more = added.literal if isinstance(added.literal, tuple) else (added.literal,)
        after = replace(on, thing=Columns(None if names is None else names + more))
    else:
        after = joined([on, choosing.as_columns(added, None)])
        # an empty list has no part yet, but its name may say which one it will be
        target = owner(call)
        name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
        part = on.part or part_of(name) or after.part
        after = replace(after, part=part, traits=after.traits - {"window"})
        if part is not None:
            run.trace.becomes(after, part, name)
    run.rebind(owner(call), after)
    return after


def _insert(call: Call, run: Run) -> Value | None:
    name = call.args[1].text
    if name is None:
        return None
    run.trace.kept(call.args[2], name)
    after = replace(call.on, columns={**call.on.columns, name: call.args[2].all_marks})
    run.rebind(owner(call), after)
    return after


@method("remove", "discard")
def _remove(call: Call, run: Run) -> Value | None:
    on = call.on
    if not call.args:
        return None
    if isinstance(on.thing, Columns):
        after = choosing.without(on, call.args[0])
    elif isinstance(on.literal, tuple):
        after = constant(tuple(x for x in on.literal if x != call.args[0].literal))
    else:
        return None
    run.rebind(owner(call), after)
    return on


@method("tolist", "to_list", "unique")
def _same(call: Call, _run: Run) -> Value | None:
    return call.on if isinstance(call.on.thing, Columns) or call.on.known else None


@method("difference", "symmetric_difference")
def _difference(call: Call, _run: Run) -> Value | None:
    if isinstance(call.on.thing, Columns) and call.args:
        return choosing.without(call.on, call.args[0])
    return None
