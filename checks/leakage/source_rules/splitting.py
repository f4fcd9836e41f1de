"""Cuts into training and test rows: shuffled splits, folds, and rows brought out of order."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from checks.leakage.source_rules.calls import Call, function, method
from checks.leakage.source_rules.names import words
from checks.leakage.source_rules.things import Elements, Estimator
from checks.leakage.source_rules.trace import Finding
from checks.leakage.source_rules.values import NOTHING, PARTS, Value, joined
from checks.leakage.source_rules.vocabulary import vocabulary

if TYPE_CHECKING:
    from checks.leakage.source_rules.interpreter import Run

KIND = "shuffled split"
SEARCHES = frozenset(
    [
        "GridSearchCV",
        "RandomizedSearchCV",
        "HalvingGridSearchCV",
        "HalvingRandomSearchCV",
        "BayesSearchCV",
        "OptunaSearchCV",
    ]
)
_RANDOM_FOLDS = frozenset(
    [
        "ShuffleSplit",
        "StratifiedShuffleSplit",
        "RepeatedKFold",
        "RepeatedStratifiedKFold",
        "LeaveOneOut",
        "LeavePOut",
    ]
)
_PLAIN_FOLDS = frozenset({"KFold", "StratifiedKFold"})
_NO_ROWS = vocabulary(
    "ticker tickers symbol symbols stock files file paths path images image texts text",
    "sentences docs news headlines groups names ids users keys tokens corpus",
)


def _is_of_things(node: ast.expr | None) -> bool:
    """Whether what is split are tickers, files or texts rather than rows in time."""
    name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
    return bool(words(name) & _NO_ROWS)


@function("train_test_split")
def _train_test_split(call: Call, run: Run) -> Value | None:
    imported = call.module.split(".", 1)[0]
    if imported not in ("", "sklearn", "cuml", "dask_ml"):
        return None
    arrays = call.args
    if not arrays:
        return None
    shuffle = call.given(-1, "shuffle")
    in_order = shuffle is not None and shuffle.literal in (False, 0)
    unsure = "**" in call.keywords or (shuffle is not None and not shuffle.known)
    inner = arrays[0].part == "train"
    if not in_order and not unsure and not _is_of_things(call.node.args[0]):
        said = "" if shuffle is not None else " (its default)"
        where = " of the training rows" if inner else ""
        sentence = f"train_test_split shuffles{said}: test rows{where} lie between training rows"
        run.trace.findings.add(Finding(call.line, KIND, sentence, not inner))
    if len(arrays) >= 2:
        line = call.line
        if isinstance(call.node.args[0], ast.Name):
            line = run.scope.line(call.node.args[0].id) or line
        run.trace.taken(arrays[0], arrays[1], line)
    parts: list[Value] = []
    for array in arrays:
        for part in PARTS:
            piece = replace(array, part=part, thing=None, traits=array.traits - {"window"})
            run.trace.becomes(piece, part, _name(call, array))
            parts.append(piece)
    return replace(joined(parts), thing=Elements(tuple(parts)))


def _name(call: Call, array: Value) -> str:
    position = call.args.index(array)
    node = call.node.args[position] if position < len(call.node.args) else None
    return node.id if isinstance(node, ast.Name) else ""


@function("random_split")
def _random_split(call: Call, run: Run) -> Value | None:
    if not call.args or _is_of_things(call.node.args[0]):
        return None
    data = call.args[0]
    sentence = "random_split draws test rows from between the training rows"
    run.trace.findings.add(Finding(call.line, KIND, sentence, data.part != "train"))
    run.trace.evaluated(data)
    return replace(data, thing=None)


@function("cross_val_score", "cross_validate", "cross_val_predict")
def _cross_validate(call: Call, run: Run) -> Value | None:
    data, labels = call.given(1, "X"), call.given(2, "y")
    if data is None:
        return None
    judge_folds(call.given(4, "cv"), data, call.line, run, call.name)
    run.trace.evaluated(data)
    if labels is not None:
        run.trace.taken(data, labels, call.line)
    return NOTHING


def judge_folds(folds: Value | None, data: Value, line: int, run: Run, user: str) -> None:
    """Note what kind of folds the rows are cut into: by a class of folds or by the default."""
    if folds is None or (folds.known and (folds.literal is None or isinstance(folds.literal, int))):
        sentence = f"{user} cuts plain folds: it trains on rows after those that it tests"
        run.trace.findings.add(Finding(line, KIND, sentence, False))
    elif isinstance(folds.thing, Estimator):
        _judge_class(folds.thing, data, run)


def _judge_class(folds: Estimator, data: Value, run: Run) -> None:
    shuffled = folds.options.get("shuffle")
    random = folds.name in _RANDOM_FOLDS
    if folds.name in _PLAIN_FOLDS and shuffled is not None:
        if not shuffled.known:
            return
        random = bool(shuffled.literal)
    if random:
        sentence = f"{folds.name} draws test rows from between the training rows"
        run.trace.findings.add(Finding(folds.line, KIND, sentence, data.part != "train"))
    elif folds.name in _PLAIN_FOLDS:
        sentence = f"{folds.name} trains on rows after those that it tests"
        run.trace.findings.add(Finding(folds.line, KIND, sentence, False))


@method("split")
def _split(call: Call, run: Run) -> Value | None:
    on = call.on
    if on.known or not call.args or not call.args[0].origins:
        return None
    data = call.args[0]
    if isinstance(on.thing, Estimator):
        _judge_class(on.thing, data, run)
    run.trace.evaluated(data)
    return Value(traits=frozenset({"folds"}))


@method("sample")
def _sample(call: Call, run: Run) -> Value | None:
    on = call.on
    if not call.says("frac", 1) or on.part is not None or not on.origins:
        return None
    what = "sample(frac=1) brings rows out of their order"
    return replace(on, thing=None).marked(run.mark("shuffle", call.line, what))


@method("shuffle")
def _shuffle_dataset(call: Call, run: Run) -> Value | None:
    on = call.on
    if on.part is not None or not on.origins or isinstance(on.thing, Estimator):
        return None
    what = "shuffle() brings rows out of their order"
    return on.marked(run.mark("shuffle", call.line, what))


@function("shuffle", "permutation")
def _shuffle(call: Call, run: Run) -> Value | None:
    if not call.args or _is_of_things(call.node.args[0]) or run.loops > 1:
        return None
    data = call.args[0]
    if data.part is not None:
        return None
    mark = run.mark("shuffle", call.line, f"{call.name} brings rows out of their order")
    if call.name == "permutation":
        return data.marked(mark)
    marked = [replace(a, thing=None).marked(mark) for a in call.args if a.origins]
    if call.module.startswith(("numpy", "np", "random")):
        run.rebind(call.node.args[0], data.marked(mark))
        return NOTHING
    return (
        replace(joined(marked), thing=Elements(tuple(marked)))
        if len(marked) > 1
        else (marked[0] if marked else None)
    )


@method("sort_values", "sort_index", "sort")
def _sort(call: Call, _run: Run) -> Value | None:
    on = call.on
    if on.known or not on.origins:
        return None
    descending = call.says("ascending", False) or call.says("descending", True)
    shuffled = {m for m in on.all_marks if m.kind == "shuffle"}
    traits = on.traits - {"reversed"} | ({"reversed"} if descending else frozenset())
    return replace(on, thing=None, traits=traits).without(shuffled)
