"""The run over a source: scopes, calls into its own functions, and bounds on the effort."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Sequence
from itertools import count

from checks.leakage.source_rules import (
    expressions,
    filling,
    fitting,
    frames,
    lists,
    shifting,
    smoothing,
    splitting,
    statements,
    statistics,
    strategies,
)
from checks.leakage.source_rules.names import part_of
from checks.leakage.source_rules.things import Class, Function, Instance
from checks.leakage.source_rules.trace import Trace
from checks.leakage.source_rules.values import NOTHING, Mark, Value, either, joined

RULES = (filling, fitting, frames, lists, shifting, smoothing, splitting, statistics, strategies)
"""The modules that give calls a meaning; they register themselves when they are imported."""

MAX_STEPS = 80_000
"""Expressions looked at, calls into functions counted each time: a second of work."""
MAX_DEPTH = 8


class Exhausted(Exception):
    """The source is too large or its calls too deep to be followed to the end."""


class Scope:
    """Names and what they hold; the outer scope is asked for what is not here."""

    def __init__(self, outer: Scope | None = None, function: str = "") -> None:
        self.outer = outer
        self.function = function
        self.names: dict[str, Value] = {}
        self.lines: dict[str, int] = {}

    def find(self, name: str) -> Value | None:
        """The value of a name, None where it is not known."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return None

    def line(self, name: str) -> int | None:
        """The line at which a name was last given its value."""
        return self.lines.get(name) or (self.outer.line(name) if self.outer else None)


class Run:
    """One run over the statements of a source."""

    def __init__(self, tree: ast.Module, relevant: Collection[ast.AST]) -> None:
        self.tree = tree
        self.relevant = relevant
        self.trace = Trace()
        self.scope = Scope()
        self.returned: list[Value] = []
        self.loops = 0
        self.asked_for = 0
        self.entered: set[ast.AST] = set()
        self.exhausted = False
        self._stack: list[ast.AST] = []
        self._origins = count(1)
        self._calls = count(1)
        self._call = 0
        self._steps = 0

    def all(self) -> Trace:
        """Run the module, then every function and class that it did not call."""
        try:
            self.execute(self.tree.body)
            self._uncalled(self.tree.body, self.scope)
        except (Exhausted, RecursionError):
            self.exhausted = True
        return self.trace

    def execute(self, body: Iterable[ast.stmt]) -> None:
        """Run statements in order."""
        for statement in body:
            self._step()
            handler = statements.STATEMENTS.get(type(statement))
            if handler is not None:
                handler(statement, self)

    def evaluate(self, node: ast.expr | None) -> Value:
        """The value of an expression."""
        if node is None:
            return NOTHING
        self._step()
        handler = expressions.EXPRESSIONS.get(type(node))
        if handler is not None:
            return handler(node, self)
        inner = [self.evaluate(c) for c in ast.iter_child_nodes(node) if isinstance(c, ast.expr)]
        return joined(inner) if inner else NOTHING

    def fresh(self, name: str = "") -> Value:
        """Data that come from outside, under a name that may say which part they are."""
        return Value(origins=frozenset({next(self._origins)}), part=part_of(name))

    def mark(
        self,
        kind: str,
        line: int,
        what: str,
        *,
        soft: bool = False,
        ahead: bool = False,
        rows: int = 0,
    ) -> Mark:
        """A new mark, noted for the verdict."""
        return self.trace.mark(Mark(kind, line, what, soft, ahead, rows, self._call))

    def set(self, name: str, value: Value, line: int) -> None:
        """Give a name its value."""
        self.scope.names[name] = value
        self.scope.lines[name] = line

    def rebind(self, node: ast.expr, value: Value) -> None:
        """Change what a name, attribute or column holds, after a change in place."""
        match node:
            case ast.Name(id=name):
                scope: Scope | None = self.scope
                while scope is not None and name not in scope.names:
                    scope = scope.outer
                (scope or self.scope).names[name] = value
            case ast.Attribute(attr="loc" | "iloc" | "at" | "iat" | "values", value=inner):
                self.rebind(inner, value)
            case ast.Attribute() | ast.Subscript():
                statements.bind(node, value, self)

    def call(
        self,
        function: Function,
        args: Sequence[Value],
        keywords: dict[str, Value] | None = None,
        nodes: Sequence[ast.expr] = (),
    ) -> Value:
        """Run a function of the source with these arguments and give what it returns.

        A function without a result may change a frame that it is given: then so does the
        caller's, found by the argument's syntax in `nodes`.
        """
        node, keywords = function.node, keywords or {}
        if node in self._stack or len(self._stack) >= MAX_DEPTH:
            return joined([*args, *keywords.values()]) if args or keywords else NOTHING
        self.entered.add(node)
        caller, returned, loops = self.scope, self.returned, self.loops
        before, self._call = self._call, next(self._calls)
        scope = Scope(function.scope, function.name)
        self.scope, self.returned = scope, []
        names = self._parameters(function, args, keywords)
        self._stack.append(node)
        try:
            if isinstance(node, ast.Lambda):
                return self.evaluate(node.body)
            self.execute(node.body)
            results = self.returned
        finally:
            self._stack.pop()
            self._call = before
            self.scope, self.returned, self.loops = caller, returned, loops
        if not results:
            for name, argument in zip(names, nodes, strict=False):
                after = scope.names.get(name)
                if (
                    after is not None
                    and after.columns
                    and isinstance(argument, ast.Name | ast.Attribute)
                ):
                    self.rebind(argument, after)
            return NOTHING
        for one in results:
            self.trace.returned |= one.all_marks
        result = results[0]
        for other in results[1:]:
            result = either(result, other)
        return result

    def _parameters(
        self, function: Function, args: Sequence[Value], keywords: dict[str, Value]
    ) -> list[str]:
        """Bind the parameters in the new scope; the names of the positional ones."""
        given = function.node.args
        names = [a.arg for a in (*given.posonlyargs, *given.args)]
        values = list(args)
        if function.owner is not None and names:
            values.insert(0, Value(thing=function.owner))
        defaults = dict(zip(reversed(names), reversed(given.defaults), strict=False))
        defaults.update(
            {a.arg: d for a, d in zip(given.kwonlyargs, given.kw_defaults, strict=True) if d}
        )
        line = function.node.lineno
        for position, name in enumerate([*names, *(a.arg for a in given.kwonlyargs)]):
            if position < len(names) and position < len(values):
                value = values[position]
            elif name in keywords:
                value = keywords[name]
            elif name in defaults:
                value = self.evaluate(defaults[name])
            else:
                value = self.fresh(name)
            self.set(name, value, line)
        if given.vararg is not None:
            rest = values[len(names) :]
            self.set(given.vararg.arg, joined(rest) if rest else NOTHING, line)
        if given.kwarg is not None:
            self.set(given.kwarg.arg, NOTHING, line)
        return names[1:] if function.owner is not None else names

    def make(self, owner: Class, args: Sequence[Value], keywords: dict[str, Value]) -> Value:
        """An object of a class of the source."""
        instance = Instance(owner)
        start = owner.method("__init__")
        if start is not None:
            self.call(Function(start, owner.scope, instance), args, keywords)
        whole = joined([*args, *keywords.values()]) if args or keywords else NOTHING
        return Value(origins=whole.origins, part=whole.part, marks=whole.all_marks, thing=instance)

    def _uncalled(self, body: Iterable[ast.stmt], scope: Scope) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                if node not in self.entered and node in self.relevant:
                    self.call(Function(node, scope), ())
            elif isinstance(node, ast.ClassDef):
                held = scope.names.get(node.name)
                if held is not None and isinstance(held.thing, Class):
                    self._uncalled_methods(held.thing)

    def _uncalled_methods(self, owner: Class) -> None:
        rest = {name: node for name, node in owner.methods.items() if node not in self.entered}
        if not rest or owner.node not in self.relevant:
            return
        made = self.make(owner, (), {}) if "__init__" in rest else Value(thing=Instance(owner))
        flowing: Value | None = None
        for name, node in rest.items():
            if node in self.entered:
                continue
            # freqtrade hands one frame from method to method
            strategy = name.startswith("populate_")
            args = (flowing,) if strategy and flowing is not None else ()
            result = self.call(Function(node, owner.scope, made.thing), args)
            flowing = result if strategy else flowing

    def _step(self) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise Exhausted
