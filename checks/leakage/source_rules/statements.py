"""What statements do to names: assignments, loops, branches, definitions, changes in place."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from checks.leakage.source_rules import choosing, filling, selecting
from checks.leakage.source_rules.names import is_signal, part_of
from checks.leakage.source_rules.program import walk
from checks.leakage.source_rules.things import Class, Elements, Entries, Function, Instance, Module
from checks.leakage.source_rules.values import NONE, NOTHING, PARTS, UNKNOWN, Value, either, joined

if TYPE_CHECKING:
    from checks.leakage.source_rules.interpreter import Run


def _import(node: ast.Import, run: Run) -> None:
    for alias in node.names:
        name = alias.asname or alias.name.split(".", 1)[0]
        full = alias.name if alias.asname else name
        run.set(name, Value(thing=Module(full)), node.lineno)


def _import_from(node: ast.ImportFrom, run: Run) -> None:
    module = "." * node.level + (node.module or "")
    for alias in node.names:
        run.set(
            alias.asname or alias.name, Value(thing=Module(f"{module}.{alias.name}")), node.lineno
        )


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef, run: Run) -> None:
    run.set(node.name, Value(thing=Function(node, run.scope)), node.lineno)


def _class(node: ast.ClassDef, run: Run) -> None:
    methods = {
        child.name: child
        for child in node.body
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    held = [run.evaluate(base) for base in node.bases]
    bases = tuple(value.thing for value in held if isinstance(value.thing, Class))
    made = Class(node, run.scope, methods, bases)
    run.set(node.name, Value(thing=made), node.lineno)


def _assign(node: ast.Assign | ast.AnnAssign, run: Run) -> None:
    if node.value is None:
        return
    value = run.evaluate(node.value)
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        if value.marks and isinstance(target, ast.Subscript) and root(target) == root(node.value):
            run.trace.in_place |= value.marks - run.evaluate(target).marks
        bind(target, selecting.with_later_rows(target, node.value, value, run), run, node.value)


def _augment(node: ast.AugAssign, run: Run) -> None:
    before, added = run.evaluate(node.target), run.evaluate(node.value)
    if isinstance(before.literal, tuple) and isinstance(added.literal, tuple):
        bind(node.target, replace(before, literal=before.literal + added.literal), run)
    elif before.origins or added.origins or added.marks:
        bind(node.target, joined((before, added)), run)
    else:
        bind(node.target, replace(before, literal=UNKNOWN), run)


def bind(target: ast.expr, value: Value, run: Run, source: ast.expr | None = None) -> None:
    """Give a target its value. `source` is the syntax that the value comes from."""
    match target:
        case ast.Name(id=name):
            if source is not None and selecting.is_share(source):
                value = value.having(selecting.SHARE)
            run.set(name, named(name, value, run, source), target.lineno)
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            _unpack(targets, value, run, source)
        case ast.Starred(value=inner):
            bind(inner, replace(value, thing=None), run)
        case ast.Subscript():
            _store(target, value, run)
        case ast.Attribute(attr=attribute, value=inner):
            held = run.evaluate(inner)
            if isinstance(held.thing, Instance):
                held.thing.attributes[attribute] = named(attribute, value, run, source)
            elif attribute == "columns":
                run.rebind(inner, choosing.unresolved(held))
            elif held.origins and attribute not in ("index", "name"):
                run.rebind(inner, _with_column(held, attribute, value, run))


def named(name: str, value: Value, run: Run, source: ast.expr | None) -> Value:
    """The value under its name, which may say which part of a split it is."""
    part = part_of(name)
    if part is not None and (value.origins or value.marks or "folds" in value.traits):
        value = value.of_part(part)
        run.trace.becomes(value, part, name)
    elif "cut" in value.traits and (cut := value.part) is not None:
        if source is not None and name == root(source):
            # rows are dropped from a table that stays the whole
            value = value.of_part(None)
        elif "at a split" in value.traits:
            run.trace.becomes(value, cut, name)
    if value.marks:
        run.trace.kept(replace(value, columns={}), name, column=False)
        if source is not None and name == root(source):
            before = run.scope.find(name)
            run.trace.in_place |= value.marks - (before.all_marks if before else NONE)
    return replace(value, traits=value.traits - {"cut", "at a split"})


def root(node: ast.expr) -> str | None:
    """The name at the beginning of a chain of attributes, calls and subscripts."""
    while not isinstance(node, ast.Name):
        match node:
            case ast.Attribute(value=inner) | ast.Subscript(value=inner):
                node = inner
            case ast.Call(func=ast.Attribute(value=inner)):
                node = inner
            case _:
                return None
    return node.id


def _unpack(targets: list[ast.expr], value: Value, run: Run, source: ast.expr | None) -> None:
    thing = value.thing
    if isinstance(thing, Elements) and len(thing.items) == len(targets):
        nodes = source.elts if isinstance(source, ast.Tuple | ast.List) else [None] * len(targets)
        for one, item, node in zip(targets, thing.items, nodes, strict=False):
            bind(one, item, run, node)
        return
    if isinstance(value.literal, tuple) and len(value.literal) == len(targets):
        for one, literal in zip(targets, value.literal, strict=True):
            bind(one, Value(literal=literal), run)
        return
    for one in targets:
        bind(one, replace(value, thing=None, literal=UNKNOWN), run)


def _store(target: ast.Subscript, value: Value, run: Run) -> None:
    """`frame["x"] = value`, `frame.loc[rows, "x"] = value`, `array[i] = value`."""
    base = run.evaluate(target.value)
    key: ast.expr | None = target.slice
    rows = NOTHING
    if isinstance(key, ast.Tuple) and len(key.elts) == 2:
        rows = NOTHING if isinstance(key.elts[0], ast.Slice) else run.evaluate(key.elts[0])
        key = key.elts[1]
    elif isinstance(target.value, ast.Attribute) and target.value.attr in ("loc", "iloc"):
        rows = run.evaluate(key) if not isinstance(key, ast.Slice) else NOTHING
        key = None
    held = NOTHING if key is None or isinstance(key, ast.Slice) else run.evaluate(key)
    whole = joined((rows, value)) if rows.marks else value
    if isinstance(base.thing, Entries) and held.text is not None:
        entry = named(held.text, value, run, None)
        items = {**base.thing.items, held.text: entry}
        run.rebind(target.value, replace(joined((base, entry)), thing=Entries(items)))
    elif held.text is not None:
        run.rebind(target.value, _with_column(base, held.text, whole, run))
    elif isinstance(held.literal, tuple) and all(isinstance(n, str) for n in held.literal):
        for name in held.literal:
            marks = whole.marks | whole.columns.get(name, frozenset())
            base = _with_column(base, name, replace(whole, marks=marks, columns={}), run)
        run.rebind(target.value, base)
    elif whole.all_marks or whole.origins:
        run.trace.kept(whole, root(target) or "")
        run.rebind(target.value, replace(joined((base, whole)), part=base.part))


def _with_column(base: Value, name: str, value: Value, run: Run) -> Value:
    """The frame with a column set; the frame's own marks hold for all its columns anyway."""
    if value.all_marks:
        foreign = base.origins and value.origins and not base.origins & value.origins
        run.trace.kept(value, name, column=not foreign)
        if is_signal(name) and run.scope.function.startswith("populate_"):
            # freqtrade trades on what these methods set
            for mark in value.all_marks:
                run.trace.signals.setdefault(mark, mark.line)
    columns = {**base.columns, name: value.all_marks - base.marks}
    return replace(
        base, columns=columns, origins=base.origins or value.origins, thing=None, literal=UNKNOWN
    )


def _for(node: ast.For | ast.AsyncFor, run: Run) -> None:
    value = run.evaluate(node.iter)
    bind_loop(node.target, value, run)
    run.loops += 1
    run.execute(node.body)
    run.loops -= 1
    run.execute(node.orelse)


def bind_loop(target: ast.expr, value: Value, run: Run) -> None:
    """Give the variables of a loop what they hold in one of its rounds."""
    if "folds" in value.traits and isinstance(target, ast.Tuple):
        targets = target.elts
        if len(targets) == 2 and isinstance(targets[1], ast.Tuple):
            targets = targets[1].elts
        for indices, part in zip(targets[-2:], PARTS, strict=False):
            bind(indices, Value(part=part, traits=frozenset({"folds"})), run)
        return
    if "enumerated" in value.traits and isinstance(target, ast.Tuple) and len(target.elts) == 2:
        bind(target.elts[0], Value(traits=frozenset({"loop"})), run)
        bind_loop(target.elts[1], replace(value, traits=value.traits - {"enumerated"}), run)
        return
    literal = value.literal
    if isinstance(literal, tuple) and literal and isinstance(target, ast.Name):
        texts = {item for item in literal if isinstance(item, str)}
        one = Value(literal=literal[0] if len(literal) == 1 else UNKNOWN)
        if texts and len(texts) == len(literal):
            one = Value(literal="*" if len(texts) > 1 else literal[0])
        run.set(target.id, one, target.lineno)
        return
    bind(target, replace(value, thing=None, literal=UNKNOWN).having("loop", "window"), run)


def _while(node: ast.While, run: Run) -> None:
    run.evaluate(node.test)
    run.loops += 1
    run.execute(node.body)
    run.loops -= 1


def _if(node: ast.If, run: Run) -> None:
    run.evaluate(node.test)
    before = dict(run.scope.names)
    asked = any(isinstance(n, ast.Constant) and n.value in filling.CHOICES for n in walk(node.test))
    run.asked_for += asked
    run.execute(node.body)
    run.asked_for -= asked
    after = run.scope.names
    run.scope.names = before
    run.execute(node.orelse)
    other = run.scope.names
    merged = {**after, **other}
    for name in after.keys() & other.keys():
        if after[name] is not other[name]:
            merged[name] = either(after[name], other[name])
    run.scope.names = merged


def _with(node: ast.With | ast.AsyncWith, run: Run) -> None:
    for item in node.items:
        value = run.evaluate(item.context_expr)
        if item.optional_vars is not None:
            bind(item.optional_vars, value, run)
    run.execute(node.body)


def _try(node: Any, run: Run) -> None:
    run.execute(node.body)
    for handler in node.handlers:
        run.execute(handler.body)
    run.execute(node.orelse)
    run.execute(node.finalbody)


def _return(node: ast.Return, run: Run) -> None:
    if node.value is not None:
        run.returned.append(run.evaluate(node.value))


def _expression(node: ast.Expr, run: Run) -> None:
    value = run.evaluate(node.value)
    call = node.value
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
        inplace = next((k.value for k in call.keywords if k.arg == "inplace"), None)
        if isinstance(inplace, ast.Constant) and inplace.value is True:
            run.trace.in_place |= value.marks - run.evaluate(call.func.value).marks
            run.rebind(call.func.value, value)


def _delete(node: ast.Delete, run: Run) -> None:
    for target in node.targets:
        if isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Slice):
            base, name = run.evaluate(target.value), run.evaluate(target.slice)
            run.rebind(target.value, choosing.dropped(base, name))


def _match(node: ast.Match, run: Run) -> None:
    run.evaluate(node.subject)
    for case in node.cases:
        run.execute(case.body)


STATEMENTS: dict[type[ast.stmt], Callable[[Any, Run], None]] = {
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Assign: _assign,
    ast.AnnAssign: _assign,
    ast.AugAssign: _augment,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.If: _if,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.Return: _return,
    ast.Expr: _expression,
    ast.Delete: _delete,
    ast.Match: _match,
}
