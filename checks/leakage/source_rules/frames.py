"""Calls that reshape frames without looking ahead: columns chosen, named, joined, grouped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checks.leakage.source_rules import choosing
from checks.leakage.source_rules.calls import Call, function, method
from checks.leakage.source_rules.lists import owner
from checks.leakage.source_rules.names import is_time
from checks.leakage.source_rules.things import (
    Columns,
    Elements,
    Entries,
    Function,
    Instance,
    Named,
)
from checks.leakage.source_rules.values import NOTHING, UNKNOWN, Value, constant, joined

if TYPE_CHECKING:
    from checks.leakage.source_rules.interpreter import Run

_PERIODS = frozenset({"week", "month", "quarter", "year", "weekofyear"})


@method("drop", "drop_columns")
def _drop(call: Call, _run: Run) -> Value:
    on = call.on
    if isinstance(on.thing, Columns) and call.args:
        return choosing.without(on, call.args[0])
    names = call.given(-1, "columns")
    of_rows = call.says("axis", 0) or call.given(-1, "index") is not None
    if names is None and not of_rows:
        names = call.given(0, "labels")
    if len(call.args) > 1 and all(a.text is not None for a in call.args):
        names = constant(tuple(a.literal for a in call.args))
    if names is None or (names.known and not isinstance(names.literal, str | tuple)):
        return replace(on, thing=None)
    return choosing.dropped(on, names)


@method("pop")
def _pop(call: Call, run: Run) -> Value | None:
    if not call.args or call.args[0].text is None:
        return None
    run.rebind(owner(call), choosing.dropped(call.on, call.args[0]))
    return choosing.select(call.on, call.args[0])


@method("rename")
def _rename(call: Call, _run: Run) -> Value | None:
    mapping = call.given(0, "columns", "mapper")
    if mapping is not None and mapping.text is not None:
        return replace(call.on, thing=Named(mapping.text))
    if mapping is None or not isinstance(mapping.thing, Entries):
        return None
    new = {name: value.text for name, value in mapping.thing.items.items()}
    columns = {new.get(name) or name: marks for name, marks in call.on.columns.items()}
    return replace(call.on, columns=columns)


@method("alias")
def _alias(call: Call, _run: Run) -> Value | None:
    name = call.args[0].text if call.args else None
    return replace(call.on, thing=Named(name), literal=UNKNOWN) if name is not None else None


@method("assign", "with_columns", "with_column")
def _assign(call: Call, run: Run) -> Value:
    value = call.on
    columns = dict(value.columns)
    added = [(_name(a), a) for a in _each(call.args)] + list(call.keywords.items())
    for name, held in added:
        made = run.call(held.thing, [value]) if isinstance(held.thing, Function) else held
        if name is None:
            value = value.marked(*made.all_marks)
        else:
            columns[name] = made.all_marks
            run.trace.kept(made, name)
    return replace(value, columns=columns, thing=None)


def _each(args: tuple[Value, ...]) -> list[Value]:
    """Arguments, those of lists among them one by one."""
    found: list[Value] = []
    for argument in args:
        thing = argument.thing
        found.extend(thing.items if isinstance(thing, Elements) else (argument,))
    return found


def _name(value: Value) -> str | None:
    return value.thing.name if isinstance(value.thing, Named) else None


@method("select", "select_dtypes", "get_column")
def _select(call: Call, _run: Run) -> Value:
    names = tuple(name for a in call.args for name in _texts(a))
    if names and all(_texts(a) for a in call.args):
        return choosing.select(call.on, constant(names))
    return choosing.unresolved(call.on)


def _texts(value: Value) -> tuple[str, ...]:
    literal = value.literal if isinstance(value.literal, tuple) else (value.literal,)
    return literal if all(isinstance(item, str) for item in literal) else ()


@method("filter")
def _filter(call: Call, _run: Run) -> Value:
    wanted = call.given(0, "items")
    if wanted is not None and isinstance(wanted.literal, tuple):
        return choosing.select(call.on, wanted)
    if wanted is not None and wanted.part is not None:
        return call.on.of_part(wanted.part).having("cut")
    return call.on


@method("query", "truncate", "between_time", "head", "tail", "nlargest", "nsmallest")
def _some_rows(call: Call, _run: Run) -> Value:
    return replace(call.on, thing=None)


@method("groupby", "group_by", "over", "group_by_dynamic")
def _groupby(call: Call, _run: Run) -> Value:
    on = replace(call.on, thing=None)
    given = [*call.args, *(call.keywords[k] for k in ("by", "level", "key") if k in call.keywords)]
    keys = [key for value in given for key in _texts(value)]
    # groups of unknown keys may be those of one time: nothing is said of them
    if not keys or any(is_time(key) for key in keys) or call.literal(-1, "level") == 0:
        on = on.having("by time")
    if {word for key in keys for word in key.lower().split("_")} & _PERIODS:
        on = on.having("by period")
    return on.having("grouped")


@function("concat", "append", "merge")
@function("concatenate", "vstack", "hstack", "column_stack", "row_stack", "stack", "c_")
def _concat(call: Call, _run: Run) -> Value | None:
    found = [v for v in _each(call.args[:2]) if v.origins or v.marks]
    if not found:
        return None
    parts = {v.part for v in found}
    whole = joined([choosing.as_columns(v, _name(v)) for v in found] if len(found) > 1 else found)
    return replace(whole, part=parts.pop() if len(parts) == 1 else None, thing=None)


@function("DataFrame", "LazyFrame", "dict")
def _frame(call: Call, run: Run) -> Value | None:
    data = call.given(0, "data")
    if data is None or not isinstance(data.thing, Entries):
        return None
    for name, value in data.thing.items.items():
        run.trace.kept(value, str(name))
    columns = {str(name): value.all_marks for name, value in data.thing.items.items()}
    return replace(call.everything(), marks=frozenset(), columns=columns)


@method(
    *("predict", "predict_proba", "decision_function", "inverse_transform", "forecast"),
    *("score", "evaluate"),
)
def _predict(call: Call, run: Run) -> Value | None:
    given = call.args[0] if call.args else NOTHING
    if isinstance(call.on.thing, Instance):
        return None
    if "at a split" in given.traits and given.part is not None:
        run.trace.becomes(given, given.part)
    return Value(origins=given.origins, part=given.part)
