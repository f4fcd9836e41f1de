"""Where a source fits its models, with weights or without, read from its syntax."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

_WEIGHTS = re.compile(r"(?:\w+__)?(?:sample_weights?|weights?)", re.IGNORECASE)
_DATA = frozenset({"DMatrix", "QuantileDMatrix", "Dataset", "Pool"})
_TRAINERS = frozenset({"xgb", "xgboost", "lgb", "lightgbm"})
_FOLDS = re.compile(
    r"\bfolds?\b|_folds?\b|\bsplits?\b|\.split\(|\bt?s?cv\b|kfold|walk_?forward", re.I
)
_IN_FOLDS = re.compile(r"(?:^|_)(?:cv|cross_?val\w*|folds?|kfold|walk_?forward|oof)(?:_|$)", re.I)


@dataclass(frozen=True, slots=True)
class Fit:
    """One fit: of which model, at which line, in which function, in the folds or not.

    `weighted` is None where what is passed on cannot be seen (`**parameters`).
    """

    model: str
    line: int
    function: str
    in_folds: bool
    weighted: bool | None


def fits(tree: ast.Module) -> list[Fit]:
    """The fits of a module in the order of its lines."""
    found = list(_Reader(tree).fits())
    return sorted(found, key=lambda fit: fit.line)


class _Reader:
    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree

    def fits(self) -> Iterator[Fit]:
        yield from self._of(self._tree.body, "", {}, in_folds=False)

    def _of(
        self, body: list[ast.stmt], function: str, known: dict[str, str | bool], *, in_folds: bool
    ) -> Iterator[Fit]:
        for node in body:
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    inside = _IN_FOLDS.search(node.name) is not None
                    yield from self._of(node.body, node.name, dict(known), in_folds=inside)
                    continue
                case ast.ClassDef():
                    yield from self._of(node.body, function, dict(known), in_folds=False)
                    continue
                case ast.For() | ast.AsyncFor():
                    over = ast.unparse(node.target) + " in " + ast.unparse(node.iter)
                    inside = in_folds or _FOLDS.search(over) is not None
                    yield from self._of(node.body, function, known, in_folds=inside)
                    yield from self._of(node.orelse, function, known, in_folds=in_folds)
                    continue
            yield from self._calls(node, function, known, in_folds)
            _remember(node, known)
            for part in _bodies(node):
                yield from self._of(part, function, known, in_folds=in_folds)

    def _calls(
        self, statement: ast.stmt, function: str, known: dict[str, str | bool], in_folds: bool
    ) -> Iterator[Fit]:
        for node in _expressions(statement):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            on = node.func.value
            if node.func.attr == "fit" and len(node.args) + len(node.keywords) >= 2:
                yield Fit(_model(on, known), node.lineno, function, in_folds, _weighted(node))
            elif node.func.attr in ("train", "cv") and ast.unparse(on) in _TRAINERS:
                of_data = _data(node, known)
                folded = in_folds or node.func.attr == "cv"
                yield Fit(ast.unparse(on), node.lineno, function, folded, of_data)


def _bodies(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        part = getattr(node, name, None)
        if isinstance(part, list):
            yield part
    for handler in getattr(node, "handlers", ()):
        yield handler.body


def _expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """The expressions of a statement, without the statements inside it."""
    todo: list[ast.AST] = [statement]
    while todo:
        node = todo.pop()
        yield node
        todo += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt)]


def _remember(node: ast.stmt, known: dict[str, str | bool]) -> None:
    """What a name holds: the class of a model, or whether a data set carries weights."""
    match node:
        case ast.Assign(targets=[target], value=ast.Call() as call):
            called = ast.unparse(call.func).rpartition(".")[2]
            name = ast.unparse(target)
            if called in _DATA:
                known[name] = bool(_weighted(call))
            elif called == "fit" and isinstance(call.func, ast.Attribute):
                known[name] = _model(call.func.value, known)
            elif called in ("clone", "deepcopy") and call.args:
                known[name] = _model(call.args[0], known)
            else:
                known[name] = called
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=on, attr="set_weight"))):
            known[ast.unparse(on)] = True


def _model(on: ast.expr, known: dict[str, str | bool]) -> str:
    """The class that a model is of, or else the name under which it goes."""
    if isinstance(on, ast.Call):
        called = ast.unparse(on.func).rpartition(".")[2]
        return _model(on.args[0], known) if called in ("clone", "deepcopy") and on.args else called
    name = ast.unparse(on)
    return str(known.get(name, name))


def _weighted(call: ast.Call) -> bool | None:
    for keyword in call.keywords:
        if keyword.arg is not None and _WEIGHTS.fullmatch(keyword.arg):
            return not (isinstance(keyword.value, ast.Constant) and keyword.value.value is None)
    return None if any(keyword.arg is None for keyword in call.keywords) else False


def _data(call: ast.Call, known: dict[str, str | bool]) -> bool | None:
    given = [*call.args[1:2], *(k.value for k in call.keywords if k.arg in ("dtrain", "train_set"))]
    if not given:
        return None
    data = given[0]
    if isinstance(data, ast.Call):
        return _weighted(data)
    held = known.get(ast.unparse(data))
    return held if isinstance(held, bool) else None
