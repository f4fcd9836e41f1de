"""The value of each kind of expression."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from checks.leakage.source_rules import calling, choosing, fitting, selecting, statistics
from checks.leakage.source_rules.names import is_time
from checks.leakage.source_rules.things import (
    Columns,
    Elements,
    Entries,
    Estimator,
    Function,
    Instance,
    Module,
    Named,
)
from checks.leakage.source_rules.values import (
    ANYWHERE,
    NOTHING,
    UNKNOWN,
    Value,
    constant,
    either,
    joined,
)
from checks.leakage.source_rules.vocabulary import vocabulary

if TYPE_CHECKING:
    from checks.leakage.source_rules.interpreter import Run

_SAME_DATA = vocabulary(
    "values T loc iloc at iat ix str dt list array flat data real",
)
_NO_DATA = vocabulary(
    "shape size ndim dtype dtypes empty name names nbytes device",
)
_IMPORTANCE = vocabulary(
    "feature_importances_ coef_ support_ scores_ pvalues_ ranking_ importances_mean pvalues",
    "params selected_features_ k_feature_idx_ k_feature_names_",
)


def _constant(node: ast.Constant, _run: Run) -> Value:
    return constant(node.value)


def _name(node: ast.Name, run: Run) -> Value:
    held = run.scope.find(node.id)
    if held is None:
        held = NOTHING if hasattr(builtins, node.id) else run.fresh(node.id)
        scope = run.scope
        while scope.outer is not None:
            scope = scope.outer
        scope.names[node.id] = held
    return held


def _text(node: ast.JoinedStr, run: Run) -> Value:
    parts = []
    for piece in node.values:
        if isinstance(piece, ast.Constant):
            parts.append(str(piece.value))
            continue
        held = run.evaluate(piece.value) if isinstance(piece, ast.FormattedValue) else NOTHING
        parts.append(str(held.literal) if isinstance(held.literal, str | int) else ANYWHERE)
    return constant("".join(parts))


def _sequence(node: ast.List | ast.Tuple | ast.Set, run: Run) -> Value:
    items = []
    literals: list[Any] = []
    for element in node.elts:
        held = run.evaluate(element.value if isinstance(element, ast.Starred) else element)
        spread = isinstance(element, ast.Starred) and isinstance(held.literal, tuple)
        literals.extend(held.literal if spread else (held.literal,))
        items.append(held)
    known = all(literal is not UNKNOWN for literal in literals)
    whole = joined([i for i in items if not i.known]) if not known else NOTHING
    return replace(
        whole,
        literal=tuple(literals) if known else UNKNOWN,
        thing=None if known else Elements(tuple(items)),
    )


def _dict(node: ast.Dict, run: Run) -> Value:
    items: dict[Any, Value] = {}
    values = []
    for key, element in zip(node.keys, node.values, strict=True):
        held = run.evaluate(element)
        values.append(held)
        name = run.evaluate(key).literal if key is not None else UNKNOWN
        if isinstance(name, str | int):
            items[name] = held
    whole = joined([v for v in values if not v.known]) if values else NOTHING
    return replace(whole, thing=Entries(items), literal=UNKNOWN)


def _binary(node: ast.BinOp, run: Run) -> Value:
    left, right = run.evaluate(node.left), run.evaluate(node.right)
    if isinstance(left.literal, tuple) and isinstance(right.literal, tuple):
        if isinstance(node.op, ast.Add):
            return constant(left.literal + right.literal)
        if isinstance(node.op, ast.Sub):
            return constant(tuple(x for x in left.literal if x not in right.literal))
    if isinstance(left.literal, str) and isinstance(right.literal, str | int):
        return constant(
            f"{left.literal}{right.literal}" if isinstance(node.op, ast.Add) else ANYWHERE
        )
    if left.text is not None and isinstance(node.op, ast.Add):
        return constant(left.text + ANYWHERE)
    if isinstance(left.thing, Columns):
        if isinstance(node.op, ast.Add) and isinstance(right.literal, tuple):
            names = left.thing.names
            return replace(left, thing=Columns(None if names is None else names + right.literal))
        return choosing.without(left, right)
    if isinstance(left.literal, int | float) and isinstance(right.literal, int | float):
        return NOTHING
    both = joined([left, right])
    if isinstance(node.op, ast.BitAnd) and ("after" in left.traits or "after" in right.traits):
        both = both.of_part(None)
    masks = (left.traits | right.traits) & {"mask"}
    return statistics.combined(node, left, right, both, run).having(*masks)


def _unary(node: ast.UnaryOp, run: Run) -> Value:
    held = run.evaluate(node.operand)
    if isinstance(node.op, ast.USub):
        if isinstance(held.literal, int | float):
            return constant(-held.literal)
        return replace(held.having("negative"), literal=UNKNOWN)
    if isinstance(node.op, ast.Invert) and "mask" in held.traits:
        return held.of_part(None)
    return replace(held, literal=UNKNOWN) if isinstance(node.op, ast.Not) else held


def _compare(node: ast.Compare, run: Run) -> Value:
    left = run.evaluate(node.left)
    rights = [run.evaluate(other) for other in node.comparators]
    both = joined([left, *rights]).having("mask")
    both = statistics.compared(node, left, rights, both, run)
    dated = "time" in left.traits or _names_time(node.left)
    if dated and isinstance(node.ops[0], ast.Lt | ast.LtE) and len(node.ops) == 1:
        return both.of_part("train").having("cut")
    if dated and isinstance(node.ops[0], ast.Gt | ast.GtE):
        return both.of_part(None).having("after")
    return both


def _names_time(node: ast.expr) -> bool:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return is_time(name)
        case ast.Subscript(slice=ast.Constant(str(name))):
            return is_time(name)
    return False


def _boolean(node: ast.BoolOp, run: Run) -> Value:
    return joined([run.evaluate(value) for value in node.values])


def _choice(node: ast.IfExp, run: Run) -> Value:
    run.evaluate(node.test)
    return either(run.evaluate(node.body), run.evaluate(node.orelse))


def _lambda(node: ast.Lambda, run: Run) -> Value:
    return Value(thing=Function(node, run.scope))


def _attribute(node: ast.Attribute, run: Run) -> Value:
    base = run.evaluate(node.value)
    attribute, thing = node.attr, base.thing
    if isinstance(thing, Module):
        return Value(thing=Module(f"{thing.name}.{attribute}"))
    if isinstance(thing, Instance):
        return _of_instance(thing, attribute, run)
    if isinstance(thing, Estimator):
        if attribute in _IMPORTANCE:
            return Value(marks=fitting.chosen(thing, run))
        return replace(base, literal=UNKNOWN)
    if attribute in _NO_DATA:
        return NOTHING
    if attribute == "columns":
        return Value(thing=Columns(tuple(base.columns)))
    if attribute in _SAME_DATA:
        return replace(base, thing=None, literal=UNKNOWN)
    if attribute == "index":
        chosen = frozenset(m for m in base.marks if m.kind == "selection")
        return replace(base, marks=chosen, columns={}, thing=None).having("time")
    if attribute in base.columns:
        return choosing.select(base, constant(attribute))
    return replace(base, columns={}, thing=None, literal=UNKNOWN)


def _of_instance(thing: Instance, attribute: str, run: Run) -> Value:
    if attribute in thing.attributes:
        return thing.attributes[attribute]
    method = thing.owner.method(attribute)
    if method is not None:
        decorated = {d.id for d in method.decorator_list if isinstance(d, ast.Name)}
        function = Function(
            method, thing.owner.scope, None if "staticmethod" in decorated else thing
        )
        return run.call(function, ()) if "property" in decorated else Value(thing=function)
    thing.attributes[attribute] = held = run.fresh(attribute)
    return held


def _comprehension(node: ast.ListComp | ast.SetComp | ast.GeneratorExp, run: Run) -> Value:
    from checks.leakage.source_rules.statements import bind_loop

    outer = dict(run.scope.names)
    try:
        first = node.generators[0]
        source = run.evaluate(first.iter)
        single = len(node.generators) == 1 and isinstance(first.target, ast.Name)
        if single and isinstance(source.thing, Columns):
            names = source.thing.names
            kept = None if names is None else choosing.filtered(names, first, run)
            same = isinstance(node.elt, ast.Name)
            return replace(source, thing=Columns(kept if same else None))
        if single and isinstance(source.literal, tuple) and len(source.literal) <= 60:
            return _each(node, first, source, run)
        for generator in node.generators:
            held = run.evaluate(generator.iter)
            bind_loop(generator.target, held, run)
            for condition in generator.ifs:
                run.evaluate(condition)
        run.loops += 1
        value = run.evaluate(node.elt)
        run.loops -= 1
        return replace(
            value,
            thing=None,
            literal=(value.literal,) if value.known else UNKNOWN,
            traits=value.traits - {"window", "loop"},
        )
    finally:
        run.scope.names = outer


def _each(node: Any, first: ast.comprehension, source: Value, run: Run) -> Value:
    """A comprehension over constants, item by item; a text that varies stands for all."""
    assert isinstance(first.target, ast.Name)
    values = []
    for item in source.literal:
        run.set(first.target.id, constant(item), 0)
        if any(choosing.truth(condition, run) is False for condition in first.ifs):
            continue
        values.append(run.evaluate(node.elt))
    if all(value.known for value in values):
        return constant(tuple(value.literal for value in values))
    return replace(joined(values), thing=Elements(tuple(values))) if values else NOTHING


def _dict_comprehension(node: ast.DictComp, run: Run) -> Value:
    pair = ast.Tuple([node.key, node.value], ast.Load())
    whole = ast.ListComp(pair, node.generators)
    ast.copy_location(pair, node)
    ast.copy_location(whole, node)
    return replace(_comprehension(whole, run), literal=UNKNOWN, thing=None)


def _named(node: ast.NamedExpr, run: Run) -> Value:
    value = run.evaluate(node.value)
    run.set(node.target.id, value, node.lineno)
    return value


def _yield(node: ast.Yield | ast.YieldFrom, run: Run) -> Value:
    if node.value is not None:
        run.returned.append(run.evaluate(node.value))
    return NOTHING


EXPRESSIONS: dict[type[ast.expr], Callable[[Any, Run], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.JoinedStr: _text,
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.Set: _sequence,
    ast.Dict: _dict,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.BoolOp: _boolean,
    ast.IfExp: _choice,
    ast.Lambda: _lambda,
    ast.Attribute: _attribute,
    ast.Subscript: selecting.subscript,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _dict_comprehension,
    ast.NamedExpr: _named,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
    ast.Call: calling.call,
}

__all__ = ["EXPRESSIONS", "Named"]
