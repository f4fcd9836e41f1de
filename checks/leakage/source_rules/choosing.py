"""Columns of a frame: which are kept by a choice of names, and the marks that go with them."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from checks.leakage.source_rules.things import Columns
from checks.leakage.source_rules.values import UNKNOWN, Mark, Value

if TYPE_CHECKING:
    from checks.leakage.source_rules.interpreter import Run

UNNAMED = "\0"
"""The name of columns that a join brought in without saying theirs."""


def select(base: Value, held: Value) -> Value:
    """The columns of these names. Marks on the choice itself go along."""
    chosen = [m for m in held.marks if m.kind == "selection"]
    if held.text is not None:
        marks = base.marks | _marks_of(base, held.text)
        return replace(base, marks=marks | frozenset(chosen), columns={}, thing=None)
    if isinstance(held.thing, Columns):
        names = held.thing.names
        value = unresolved(base) if names is None else only(base, names)
    elif isinstance(held.literal, tuple):
        wanted = [n for n in base.columns if any(_same(n, w) for w in held.literal)]
        value = only(base, wanted)
    else:
        value = unresolved(base)
    return value.marked(*chosen)


def _marks_of(base: Value, name: str) -> frozenset[Mark]:
    found: frozenset[Mark] = frozenset()
    for column, marks in base.columns.items():
        if _same(column, name):
            found |= marks
    return found


def dropped(base: Value, held: Value) -> Value:
    """The base without columns of these names."""
    literal = held.literal
    wanted = literal if isinstance(literal, tuple) else (literal,)
    if isinstance(held.thing, Columns) and held.thing.names is not None:
        wanted = held.thing.names
    elif not held.known:
        return unresolved(base)
    keep = [n for n in base.columns if not any(_same(n, w) for w in wanted if isinstance(w, str))]
    return only(base, keep)


def without(left: Value, right: Value) -> Value:
    """Names of columns less others."""
    names = left.thing.names
    gone: tuple[object, ...] | None = (
        right.literal if isinstance(right.literal, tuple) else (right.literal,)
    )
    if isinstance(right.thing, Columns):
        gone = right.thing.names
    if names is None or gone is None or gone == (UNKNOWN,):
        return replace(left, thing=Columns(None))
    return replace(left, thing=Columns(tuple(n for n in names if n not in gone)))


def as_columns(value: Value, name: str | None) -> Value:
    """A value as it lies among the columns of a join: its marks are those of its columns."""
    ahead = frozenset(mark for mark in value.marks if mark.reaches_ahead)
    if not ahead:
        return value
    columns = {**value.columns, name or UNNAMED: ahead}
    return replace(value, marks=value.marks - ahead, columns=columns)


def unresolved(base: Value) -> Value:
    """The base after an unknown choice of columns: what a single column holds may be gone."""
    gone = {m for marks in base.columns.values() for m in marks if m.reaches_ahead}
    return base.without(gone - base.marks) if gone else base


def only(base: Value, names: Iterable[str]) -> Value:
    """The base with no other added columns than these."""
    kept = set(names)
    return replace(base, columns={n: m for n, m in base.columns.items() if n in kept})


def _same(one: str, other: Any) -> bool:
    if not isinstance(other, str):
        return False
    return one == other or fnmatchcase(one, other) or fnmatchcase(other, one)


def filtered(names: tuple[str, ...], node: ast.comprehension, run: Run) -> tuple[str, ...] | None:
    """Which names pass the conditions of a comprehension; None where that is computed."""
    if not isinstance(node.target, ast.Name):
        return None
    passed = []
    for name in names:
        run.set(node.target.id, Value(literal=name), 0)
        verdicts = [truth(condition, run) for condition in node.ifs]
        if None in verdicts:
            return None
        if all(verdicts):
            passed.append(name)
    return tuple(passed)


def truth(node: ast.expr, run: Run) -> bool | None:
    """Whether a condition on constants holds; None where it is not on constants."""
    match node:
        case ast.BoolOp(op=op, values=values):
            found = [truth(value, run) for value in values]
            decides = isinstance(op, ast.Or)
            if decides in found:
                return decides
            return None if None in found else not decides
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            held = truth(inner, run)
            return None if held is None else not held
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _compared(op, run.evaluate(left), run.evaluate(right))
        case ast.Call(
            func=ast.Attribute(attr="startswith" | "endswith" as how, value=text), args=[a]
        ):
            name, ends = run.evaluate(text).text, run.evaluate(a).literal
            if name is None or not isinstance(ends, str | tuple):
                return None
            return name.startswith(ends) if how == "startswith" else name.endswith(ends)
    return None


def _compared(op: ast.cmpop, left: Value, right: Value) -> bool | None:
    if not left.known:
        return None
    wanted = right.literal
    if isinstance(right.thing, Columns):
        wanted = right.thing.names
    if wanted is UNKNOWN or wanted is None:
        return None
    if isinstance(op, ast.In | ast.NotIn):
        if isinstance(wanted, tuple):
            within = any(_same(str(left.literal), w) for w in wanted)
        elif isinstance(wanted, str):
            within = str(left.literal) in wanted
        else:
            return None
        return within is isinstance(op, ast.In)
    if isinstance(op, ast.Eq | ast.NotEq):
        return _same(str(left.literal), wanted) is isinstance(op, ast.Eq)
    return None
