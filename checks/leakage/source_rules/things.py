"""What a value can be besides data: functions, classes, objects, estimators, lists of columns."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

from checks.leakage.source_rules.values import NONE, Marks, Value


@dataclass(frozen=True, eq=False)
class Module:
    """An imported module or what was imported from one, by its full dotted name."""

    name: str


@dataclass(frozen=True, eq=False)
class Function:
    """A function, method or lambda of the source; `scope` is where it was defined."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Any
    owner: Instance | None = None

    @property
    def name(self) -> str:
        """Its name; a lambda has none."""
        return "" if isinstance(self.node, ast.Lambda) else self.node.name


@dataclass(frozen=True, eq=False)
class Class:
    """A class of the source with the methods that stand in it."""

    node: ast.ClassDef
    scope: Any
    methods: dict[str, ast.FunctionDef | ast.AsyncFunctionDef]
    bases: tuple[Class, ...]

    def method(self, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        """A method of its own or of a base in the same file."""
        if name in self.methods:
            return self.methods[name]
        return next((m for base in self.bases if (m := base.method(name)) is not None), None)


@dataclass(eq=False)
class Instance:
    """An object of a class of the source, with its attributes."""

    owner: Class
    attributes: dict[str, Value] = field(default_factory=dict)


@dataclass(eq=False)
class Estimator:
    """An object of a library that is fitted or that cuts folds: scaler, model, search, KFold.

    `marks` are those that fitting on all rows put on it, `fitted_on` the data.
    """

    name: str
    line: int
    args: tuple[Value, ...] = ()
    options: dict[str, Value] = field(default_factory=dict)
    marks: Marks = NONE
    fitted_on: frozenset[int] = frozenset()


@dataclass(frozen=True, eq=False)
class Elements:
    """A list or tuple whose elements are known one by one."""

    items: tuple[Value, ...]


@dataclass(frozen=True, eq=False)
class Entries:
    """A dictionary with constant keys."""

    items: dict[Any, Value]


@dataclass(frozen=True, eq=False)
class Columns:
    """Names of columns of a frame: those that were added in the source and are among them.

    `names` is None where it is not known which are among them.
    """

    names: tuple[str, ...] | None


@dataclass(frozen=True, eq=False)
class Named:
    """A polars expression with the name of its column."""

    name: str
