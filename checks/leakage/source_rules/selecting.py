"""Which rows and columns a subscript takes, and which marks go along."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from checks.leakage.source_rules import choosing
from checks.leakage.source_rules.names import words
from checks.leakage.source_rules.things import Columns, Elements, Entries
from checks.leakage.source_rules.values import NOTHING, UNKNOWN, Value
from checks.leakage.source_rules.vocabulary import vocabulary

if TYPE_CHECKING:
    from checks.leakage.source_rules.interpreter import Run

LOCATORS = frozenset({"loc", "iloc", "at", "iat", "ix"})
_SPLIT_NAMES = vocabulary(
    "split train training test val valid validation cut cutoff boundary",
)
SHARE = "share"
"""Trait of a number of rows that is a share of all."""
_WHOLE = frozenset({"int", "round", "floor", "ceil"})


def subscript(node: ast.Subscript, run: Run) -> Value:
    """The value of `base[...]`."""
    base = run.evaluate(node.value)
    located = isinstance(node.value, ast.Attribute) and node.value.attr in LOCATORS
    key = node.slice
    if isinstance(base.thing, Columns):
        return _of_columns(base, key)
    if isinstance(base.thing, Elements | Entries) and not isinstance(key, ast.Slice):
        held = run.evaluate(key).literal
        if isinstance(base.thing, Entries) and held in base.thing.items:
            return base.thing.items[held]
        if isinstance(base.thing, Elements) and isinstance(held, int):
            with_room = -len(base.thing.items) <= held < len(base.thing.items)
            return base.thing.items[held] if with_room else NOTHING
    if isinstance(base.literal, tuple):
        return _of_constants(base, key, run)
    base = replace(base, thing=None, literal=UNKNOWN)
    if isinstance(key, ast.Tuple) and len(key.elts) >= 2:
        return columns(rows(base, key.elts[0], run), key.elts[-1], run, positions=True)
    if located or isinstance(key, ast.Slice | ast.UnaryOp | ast.BinOp):
        return rows(base, key, run)
    held = run.evaluate(key)
    if _names_columns(held):
        return choosing.select(base, held)
    return _by_index(base, held)


def _names_columns(held: Value) -> bool:
    if isinstance(held.thing, Columns) or held.text is not None:
        return True
    return isinstance(held.literal, tuple) and any(isinstance(n, str) for n in held.literal)


def rows(base: Value, key: ast.expr, run: Run) -> Value:
    """Some rows of the base."""
    if isinstance(key, ast.Slice):
        return _sliced(base, key, run)
    held = run.evaluate(key)
    if held.text is not None or "loop" in held.traits or isinstance(held.literal, int):
        return base.flat().having("window")
    return _by_index(base, held)


def _by_index(base: Value, held: Value) -> Value:
    """Rows by a mask, by the indices of a fold, or by a chosen order; or columns so chosen."""
    carried = [m for m in held.marks if m.kind in ("selection", "shuffle")]
    value = base.marked(*carried)
    if held.part is not None:
        return value.of_part(held.part).having("cut")
    if not held.known and "mask" not in held.traits and "folds" not in held.traits:
        value = choosing.unresolved(value)
    if "loop" in held.traits:
        return value.flat().having("window")
    return value


def _sliced(base: Value, key: ast.Slice, run: Run) -> Value:
    bounds = [bound for bound in (key.lower, key.upper) if bound is not None]
    held = [run.evaluate(bound) for bound in bounds]
    step = run.evaluate(key.step).literal if key.step is not None else None
    if step == -1:
        return replace(base, traits=base.traits ^ {"reversed"})
    if any("loop" in value.traits for value in held):
        # a window around the loop's row: which of its rows are known then, is not
        return choosing.unresolved(base).having("window")
    if key.upper is not None and key.lower is None and not _trims(key.upper, held[-1], run):
        at_split = _at_split(key.upper, run) or isinstance(held[-1].literal, str)
        return base.of_part(base.part or "train").having("cut", *["at a split"] * at_split)
    if key.lower is not None and key.upper is None and _at_split(key.lower, run):
        return base.of_part(base.part or "test").having("cut", "at a split")
    return base


def _trims(bound: ast.expr, held: Value, run: Run) -> bool:
    """Whether an upper bound only takes the last rows off, which have no label."""
    if isinstance(held.literal, int):
        return -30 <= held.literal < 0
    return isinstance(bound, ast.UnaryOp) and not _at_split(bound, run)


def _at_split(bound: ast.expr, run: Run) -> bool:
    """Whether rows are cut at a share of all, or at what its name calls a split."""
    names = {n.id for n in ast.walk(bound) if isinstance(n, ast.Name)}
    shares = (SHARE in (run.scope.find(name) or NOTHING).traits for name in names)
    names |= {n.attr for n in ast.walk(bound) if isinstance(n, ast.Attribute)}
    return any(words(name) & _SPLIT_NAMES for name in names) or is_share(bound) or any(shares)


def is_share(node: ast.expr) -> bool:
    """Whether an expression is a share of a number of rows: `int(0.8 * len(data))`."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _WHOLE:
            return any(
                isinstance(inner, ast.BinOp)
                and isinstance(inner.op, ast.Mult)
                and any(_is_fraction(side) for side in (inner.left, inner.right))
                for inner in ast.walk(node)
            )
    return False


def _is_fraction(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, float) and 0 < node.value < 1


def columns(base: Value, key: ast.expr, run: Run, *, positions: bool) -> Value:
    """Some columns of the base, by names or by positions."""
    if isinstance(key, ast.Slice):
        return _positions(base, key, run)
    held = run.evaluate(key)
    if _names_columns(held):
        return choosing.select(base, held)
    base = base.marked(*(mark for mark in held.marks if mark.kind == "selection"))
    if positions and isinstance(held.literal, int):
        names = list(base.columns)
        if held.literal < 0:
            wanted = names[held.literal :][:1] if len(names) >= -held.literal else []
            return replace(choosing.only(base, wanted)).flat()
        return choosing.only(base, ()).flat()
    if isinstance(held.literal, tuple):
        return choosing.unresolved(base)
    return base if held.known else choosing.unresolved(base)


def _positions(base: Value, key: ast.Slice, run: Run) -> Value:
    """Columns from one position to another: those added in the source stand last."""
    lower = run.evaluate(key.lower).literal if key.lower is not None else 0
    upper = run.evaluate(key.upper).literal if key.upper is not None else None
    names = list(base.columns)
    if lower in (0, 1) and upper is None:
        return base
    if lower in (0, 1) and isinstance(upper, int) and upper < 0:
        return choosing.only(base, names[:upper])
    if isinstance(lower, int) and lower < 0 and upper is None:
        return choosing.only(base, names[lower:])
    if isinstance(upper, int) and upper > 0:
        return choosing.only(base, ())
    return choosing.unresolved(base)


def _of_columns(base: Value, key: ast.expr) -> Value:
    names = base.thing.names
    match key:
        case ast.Slice(lower=lower, upper=ast.UnaryOp(ast.USub(), ast.Constant(int(n)))) if names:
            start = lower is None or isinstance(lower, ast.Constant)
            return replace(base, thing=Columns(names[:-n] if start else None))
        case ast.Slice(lower=ast.UnaryOp(ast.USub(), ast.Constant(int(n))), upper=None) if names:
            return replace(base, thing=Columns(names[-n:]))
        case ast.Slice(lower=_, upper=None):
            return base
        case ast.Slice():
            return replace(base, thing=Columns(() if names is not None else None))
        case ast.UnaryOp(ast.USub(), ast.Constant(int(n))) if names and len(names) >= n:
            return Value(literal=names[-n])
    return replace(base, thing=Columns(None))


def _of_constants(base: Value, key: ast.expr, run: Run) -> Value:
    if isinstance(key, ast.Slice):
        ends = [run.evaluate(x).literal if x is not None else None for x in (key.lower, key.upper)]
        if all(end is None or isinstance(end, int) for end in ends):
            return replace(base, literal=base.literal[slice(*ends)])
        return replace(base, literal=UNKNOWN)
    held = run.evaluate(key).literal
    if isinstance(held, int) and -len(base.literal) <= held < len(base.literal):
        return Value(literal=base.literal[held])
    return NOTHING


def with_later_rows(target: ast.expr, source: ast.expr, value: Value, run: Run) -> Value:
    """`out[i] = f(data[i + 1])`: what is stored for row i comes from a later one."""
    if not isinstance(target, ast.Subscript) or run.loops == 0:
        return value
    variables = {
        n.id
        for n in ast.walk(target)
        if isinstance(n, ast.Name) and "loop" in (run.scope.find(n.id) or NOTHING).traits
    }
    if not variables or any(isinstance(n, ast.BinOp) for n in ast.walk(target)):
        return value
    for node in ast.walk(source):
        match node:
            case ast.Subscript(
                slice=ast.BinOp(ast.Name(id=name), ast.Add(), ast.Constant(int(n)))
            ) if name in variables and n > 0:
                what = f"row {name} takes a value of row {name} + {n}"
                value = value.marked(
                    run.mark("negative shift", node.lineno, what, ahead=True, rows=n)
                )
    return value
