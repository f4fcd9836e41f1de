"""Frameworks for strategies: what their conventions for rows of the future are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from checks.leakage.source_rules.calls import Call, function, method
from checks.leakage.source_rules.names import is_label, words
from checks.leakage.source_rules.trace import Finding
from checks.leakage.source_rules.values import Value

if TYPE_CHECKING:
    from checks.leakage.source_rules.interpreter import Run

_REFERENCE = re.compile(r"\bRef\(.*?,\s*-\s*(\d+)\s*\)")
_LINES = frozenset(["close", "open", "high", "low", "volume"])


@method("from_signals", "from_orders", "from_order_func")
@function("from_signals", "from_orders")
def _simulate(call: Call, run: Run) -> Value | None:
    """vectorbt: entries and exits are decisions of the row at which they stand."""
    for value in (*call.args[1:], *call.keywords.values()):
        for mark in value.all_marks:
            run.trace.signals[mark] = call.line
    return None


def later_references(tree: ast.Module) -> Iterator[Finding]:
    """qlib: `Ref($close, -1)` is the next bar; in a label it is right."""
    for said, node in _expressions(tree, ""):
        found = _REFERENCE.search(str(node.value))
        if found is not None and "feature" in said and not is_label(said):
            sentence = f"Ref(..., -{found[1]}) in a feature is the value of a later bar"
            yield Finding(node.lineno, "negative shift", sentence, True)


def _expressions(node: ast.AST, said: str) -> Iterator[tuple[str, ast.Constant]]:
    """Texts with a Ref, with the names of what they are assigned to."""
    match node:
        case ast.Constant(value=str(text)):
            if "Ref(" in text:
                yield said, node
            return
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                name = key.value if isinstance(key, ast.Constant) else ""
                yield from _expressions(value, f"{said} {name}" if isinstance(name, str) else said)
            return
        case ast.keyword(arg=str(name), value=value):
            yield from _expressions(value, f"{said} {name}")
            return
        case ast.Assign(targets=[ast.Name(id=name) | ast.Attribute(attr=name)], value=value):
            yield from _expressions(value, f"{said} {name}")
            return
        case ast.FunctionDef(name=name, body=body):
            for statement in body:
                yield from _expressions(statement, name)
            return
    for child in ast.iter_child_nodes(node):
        yield from _expressions(child, said)


def later_bars(tree: ast.Module) -> Iterator[Finding]:
    """backtrader: index 0 is the present bar, -1 the last one, 1 the next one."""
    imports = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    if "backtrader" not in imports:
        return
    for owner in ast.walk(tree):
        if not isinstance(owner, ast.ClassDef) or not any(
            words(getattr(base, "attr", getattr(base, "id", ""))) & {"strategy", "indicator"}
            for base in owner.bases
        ):
            continue
        for node in ast.walk(owner):
            match node:
                case ast.Subscript(
                    value=ast.Attribute(attr=line), slice=ast.Constant(value=int(n)), ctx=ast.Load()
                ) if n > 0 and any(line.removeprefix("data").endswith(x) for x in _LINES):
                    sentence = f"{line}[{n}] is a later bar: backtrader counts back with minus"
                    yield Finding(node.lineno, "negative shift", sentence, True)
