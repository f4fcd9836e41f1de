"""CatBoost models as JSON: oblivious trees, the features they use, and the training parameters.

Layout: `save_model(format="json")`, the tutorial on the model's JSON in catboost/catboost. The
gain of a split is not stored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ml_debugger.artifacts import BoosterModel, BoosterTree
from ml_debugger.readers.checkpoints.describing import describe
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading

MAX_JSON = 256 << 20
"""Bytes that are parsed; a larger model is only named."""

_KINDS = ("float_features", "categorical_features", "text_features", "embedding_features")
_START = re.compile(rb'\s*\{\s*"(features_info|model_info|oblivious_trees|scale_and_bias|trees)"')
_INSIDE = re.compile(rb'"(float_features|oblivious_trees|flat_feature_index)"')


def recognise(head: Head) -> str | None:
    """By the outermost key and one that only CatBoost has."""
    found = _START.match(head.start) and _INSIDE.search(head.start)
    return "catboost-json" if found else None


def read(head: Head, kind: str) -> Reading:
    """Parse the model; its features stand in the order of their flat index."""
    if head.size > MAX_JSON:
        return describe(head, kind, details={"read": "the beginning only"})
    try:
        model = json.loads(head.file.read_bytes())
    except (ValueError, RecursionError) as error:
        return describe(head, kind, f"is no whole JSON: {error}")
    trees = model.get("oblivious_trees", model.get("trees")) if isinstance(model, dict) else None
    if not isinstance(trees, list):
        return describe(head, kind, "holds no trees")
    try:
        booster = _booster(head, kind, model, trees)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return describe(head, kind, "its features or trees are not whole")
    reading = describe(
        head, kind, features=booster.features, details={"trees": str(len(booster.trees))}
    )
    return replace(reading, artifacts=[*reading.artifacts, booster])


def _booster(head: Head, kind: str, model: Mapping[str, Any], trees: list[Any]) -> BoosterModel:
    listed = [entry for name in _KINDS for entry in model["features_info"].get(name) or ()]
    by_place = {int(entry["flat_feature_index"]): entry for entry in listed}
    named = [by_place[place].get("feature_id") for place in sorted(by_place)]
    parameters = model.get("model_info", {}).get("params", {})
    parameters = json.loads(parameters) if isinstance(parameters, str) else parameters
    loss = parameters.get("loss_function", {})
    return BoosterModel(
        subject=head.shown,
        path=head.shown,
        format=kind,
        features=tuple(map(str, named)) if all(named) else (),
        width=len(by_place),
        trees=tuple(BoosterTree(_leaves(tree)) for tree in trees),
        rounds=len(trees),
        objective=loss.get("type") if isinstance(loss, dict) else None,
        parameters={
            f"{section}.{name}": str(value)
            for section, held in parameters.items()
            if isinstance(held, dict)
            for name, value in held.items()
        },
    )


def _leaves(tree: Mapping[str, Any]) -> int:
    if "splits" in tree:
        # every level of an oblivious tree splits all of its nodes
        return int(2 ** len(tree["splits"] or ()))
    return 1 if "value" in tree else _leaves(tree["left"]) + _leaves(tree["right"])


READER = Reader("catboost-json", recognise, read)
