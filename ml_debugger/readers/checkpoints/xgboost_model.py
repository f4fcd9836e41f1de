"""XGBoost models as JSON and as Universal Binary JSON.

Schema: `doc/model.schema` of dmlc/xgboost. JSON and UBJ hold the same tree of objects.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ml_debugger.readers.checkpoints.describing import describe
from ml_debugger.readers.checkpoints.ubjson import BrokenUbjsonError, UbjsonReader
from ml_debugger.readers.checkpoints.xgboost_trees import KEPT, booster_of
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading

MAX_JSON = 256 << 20
"""Bytes of JSON that are parsed whole; a larger model is judged by its last bytes only."""

_START = re.compile(rb'\s*\{\s*"(learner|version|Config)"\s*:')
_FIRST_KEY = 17
"""Bytes up to the end of the first key; a shorter file cannot show that it is a model."""

_INSIDE = (b'"gradient_booster"', b'"learner_model_param"', b'"learner_train_param"')
_EARLY = re.compile(rb'"(attributes|feature_names)"')
_UBJ_START = re.compile(rb"\{(L.{8}|[iU].|l.{4}|I.{2})(learner|version|Config)", re.DOTALL)


def recognise(head: Head) -> str | None:
    """By the outermost key of the model's object, and one that only XGBoost has."""
    stump = head.suffix == ".ubj" and head.size < _FIRST_KEY and head.start.startswith(b"{")
    if stump or _UBJ_START.match(head.start):
        return "xgboost-ubj"
    if not _START.match(head.start):
        return None
    named = head.suffix in (".json", ".model", ".bst", ".ubj") and b'"learner"' in head.start[:200]
    if any(key in head.start for key in _INSIDE) or (named and _EARLY.search(head.start)):
        return "xgboost-json"
    return None


def read(head: Head, kind: str) -> Reading:
    """Parse the model and compare the trees that it holds with those that it announces."""
    if kind == "xgboost-json" and head.size > MAX_JSON:
        return describe(head, kind, _last_bytes(head), details={"read": "the last bytes only"})
    try:
        model = _parse(head, kind)
    except BrokenUbjsonError as error:
        return describe(head, kind, str(error))
    except (ValueError, RecursionError) as error:
        return describe(head, kind, _json_problem(error, head.size))
    problem, features, details = examine(model)
    reading = describe(head, kind, problem, features=features, details=details)
    booster = booster_of(model, kind, head.shown, head.shown) if problem is None else None
    return reading if booster is None else replace(reading, artifacts=[*reading.artifacts, booster])


def examine(model: Any) -> tuple[str | None, tuple[str, ...], dict[str, str]]:
    """Problem, feature names and facts of a parsed model."""
    learner = _object(_object(model).get("Model", model)).get("learner", {})
    booster = _object(_object(learner).get("gradient_booster"))
    parameters = _object(_object(learner).get("learner_model_param"))
    if not booster or not parameters:
        return "holds no learner with a gradient_booster", (), {}
    if booster.get("name") == "dart":
        booster = _object(booster.get("gbtree"))
    inner = _object(booster.get("model"))
    names = learner.get("feature_names")
    features = tuple(str(name) for name in names) if isinstance(names, list) else ()
    details = {
        "booster": str(booster.get("name", "")),
        "objective": str(_object(learner.get("objective")).get("name", "")),
        "num_feature": str(parameters.get("num_feature", "")),
        "base_score": str(parameters.get("base_score", "")),
        "version": ".".join(str(part) for part in _list(_object(model).get("version"))),
    }
    for name, value in _object(learner.get("attributes")).items():
        details.setdefault(str(name), str(value))
    trees = inner.get("trees")
    if trees is None:
        problem = None if "weights" in inner else "holds neither trees nor weights"
        return problem, features, details
    details["trees"] = str(len(_list(trees)))
    return _tree_problem(trees, _object(inner.get("gbtree_model_param"))), features, details


def _tree_problem(trees: Any, parameters: Mapping[str, Any]) -> str | None:
    announced = str(parameters.get("num_trees", ""))
    held = len(_list(trees))
    if announced.isdigit() and int(announced) != held:
        return f"announces {announced} trees and holds {held}"
    for number, tree in enumerate(_list(trees)):
        if "left_children" not in _object(tree) or "split_conditions" not in _object(tree):
            return f"tree {number} is not whole"
    return None


def _parse(head: Head, kind: str) -> Any:
    with head.file.open("rb") as stream:
        if kind == "xgboost-json":
            return json.load(stream)
        reader = UbjsonReader(stream, KEPT)
        return reader.value()


def _json_problem(error: Exception, size: int) -> str:
    if isinstance(error, json.JSONDecodeError) and error.pos >= size - 1:
        return f"is cut short after {size:,} bytes"
    return f"is no whole JSON: {error}"


def _last_bytes(head: Head) -> str | None:
    with head.file.open("rb") as stream:
        stream.seek(-64, 2)
        whole = stream.read().rstrip(b" \t\r\n\0").endswith(b"}")
    return None if whole else "is cut short: it does not end with a closing brace"


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


READER = Reader("xgboost", recognise, read, (".ubj",))
