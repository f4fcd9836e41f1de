"""The trees of an XGBoost model, from the objects that JSON and UBJSON hold alike.

Schema: `doc/model.schema` of dmlc/xgboost. A node without a left child is a leaf; the nodes that
pruning deleted stay in the arrays and carry 2**31 - 1 or 2**32 - 1 for their feature.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ml_debugger.artifacts import BoosterModel, BoosterTree

KEPT = frozenset({"left_children", "split_indices", "loss_changes"})
"""The arrays of a tree that are needed; the others are only counted."""

_DELETED = 2**31 - 1


def booster_of(model: Any, kind: str, subject: str, path: str) -> BoosterModel | None:
    """The model's features, trees and parameters; None where its arrays do not fit together."""
    top = _object(model)
    learner = _object(_object(top.get("Model", top)).get("learner"))
    gradient = _object(learner.get("gradient_booster"))
    name = str(gradient.get("name", ""))
    if name == "dart":
        gradient = _object(gradient.get("gbtree"))
    inner = _object(gradient.get("model"))
    shared = _object(learner.get("learner_model_param"))
    forest = _object(inner.get("gbtree_model_param"))
    trained = _trained(top)
    names = _list(learner.get("feature_names"))
    features = tuple(str(name) for name in names)
    try:
        trees = tuple(_tree(tree, features) for tree in _list(inner.get("trees")))
    except (KeyError, TypeError, ValueError, OverflowError, IndexError):
        return None
    if not trees and "trees" not in inner and "weights" not in inner:
        return None
    best = _object(learner.get("attributes")).get("best_iteration")
    return BoosterModel(
        subject=subject,
        path=path,
        format=kind,
        features=features,
        width=_whole(shared.get("num_feature")) or None,
        trees=trees,
        rounds=_rounds(inner, shared, forest, len(trees)),
        best_round=_whole(best),
        objective=str(_object(learner.get("objective")).get("name")) or None,
        parameters={"booster": name, **_texts(shared), **_texts(forest), **_texts(trained)},
    )


def tree_of(left: Any, feature: Any, gain: Any, names: Sequence[str]) -> BoosterTree:
    """A tree from its nodes: left children (-1 for a leaf), features and gains of the splits."""
    left = np.asarray(left, dtype=np.int64)
    feature = np.asarray(feature, dtype=np.int64)
    gain = np.asarray(gain, dtype=np.float64)
    if not left.ndim == feature.ndim == gain.ndim == 1 or left.size != feature.size:
        raise ValueError("the arrays of a tree differ in length")
    split = (left >= 0) & (feature >= 0) & (feature < _DELETED)
    gains: dict[str, float] = {}
    if gain.size == left.size:
        for number, won in zip(feature[split].tolist(), gain[split].tolist(), strict=True):
            name = names[number] if number < len(names) else f"f{number}"
            gains[name] = gains.get(name, 0.0) + won
    return BoosterTree(int(np.count_nonzero(split)) + 1, gains)


def _tree(tree: Any, names: Sequence[str]) -> BoosterTree:
    return tree_of(tree["left_children"], tree["split_indices"], tree["loss_changes"], names)


def _trained(top: Mapping[str, Any]) -> Mapping[str, Any]:
    """The training parameters, which only a pickled booster holds."""
    booster = _object(_object(_object(top.get("Config")).get("learner")).get("gradient_booster"))
    return _object(booster.get("tree_train_param"))


def _rounds(
    inner: Mapping[str, Any], shared: Mapping[str, Any], forest: Mapping[str, Any], trees: int
) -> int | None:
    if isinstance(boosted := inner.get("boosted_rounds"), int):
        return boosted
    bounds = inner.get("iteration_indptr")
    if isinstance(bounds, list | np.ndarray) and len(bounds) > 0:
        return len(bounds) - 1
    groups = max(1, _whole(shared.get("num_class")) or 1, _whole(shared.get("num_target")) or 1)
    return trees // (groups * max(1, _whole(forest.get("num_parallel_tree")) or 1))


def _texts(parameters: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in parameters.items()}


def _whole(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isdecimal() else None


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
