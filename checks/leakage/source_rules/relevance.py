"""Which functions and classes of a source can matter: those with a trigger, and their users."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Sequence

from checks.leakage.source_rules.program import walk

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def relevant(tree: ast.Module, lines: Sequence[int]) -> frozenset[ast.AST]:
    """The functions and classes that hold one of the lines, or mention one that does.

    `lines` are in rising order. The others are not run for themselves. A class is taken whole:
    its methods hand data on through its attributes.
    """
    rest = {node for node in tree.body if isinstance(node, Definition)}
    new = {node for node in rest if _holds(node, lines)}
    found = set(new)
    rest -= new
    mentioned = {node: _mentioned(node) for node in rest} if new and rest else {}
    while new:
        names = {node.name for node in new}
        new = {node for node, said in mentioned.items() if said & names}
        found |= new
        for node in new:
            del mentioned[node]
    return frozenset(found)


def _holds(node: Definition, lines: Sequence[int]) -> bool:
    position = bisect_left(lines, node.lineno)
    return position < len(lines) and lines[position] <= (node.end_lineno or node.lineno)


def _mentioned(node: Definition) -> set[str]:
    return {inner.id for inner in walk(node) if isinstance(inner, ast.Name)}
