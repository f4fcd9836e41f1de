"""A small boosted model written by hand as Universal Binary JSON, without XGBoost.

Schema: `doc/model.schema` of dmlc/xgboost, as release 2.1 writes it; later ones read it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_TYPES = {"f8": ("d", ">f4"), "i4": ("l", ">i4"), "i8": ("L", ">i8"), "u1": ("U", ">u1")}


def model_bytes(
    features: Sequence[str],
    trees: int,
    rng: np.random.Generator,
    *,
    gains: Mapping[str, float] | None = None,
    splits: bool = True,
) -> bytes:
    """A regression model with trees of two levels on all features in turn.

    `gains` multiplies the gain of splits on a feature; without `splits` trees are single leaves.
    """
    count = str(len(features))
    weights = np.array([(gains or {}).get(name, 1.0) for name in features])
    made = [_tree(number, weights, rng) if splits else _leaf(number, len(features), rng)
            for number in range(trees)]  # fmt: skip
    model = {
        "learner": {
            "attributes": {},
            "feature_names": list(features),
            "feature_types": ["float"] * len(features),
            "gradient_booster": {
                "model": {
                    "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(trees)},
                    "iteration_indptr": list(range(trees + 1)),
                    "tree_info": [0] * trees,
                    "trees": made,
                },
                "name": "gbtree",
            },
            "learner_model_param": {
                "base_score": "1.2E-3",
                "boost_from_average": "1",
                "num_class": "0",
                "num_feature": count,
                "num_target": "1",
            },
            "objective": {
                "name": "reg:squarederror",
                "reg_loss_param": {"scale_pos_weight": "1"},
            },
        },
        "version": [2, 1, 0],
    }
    return encode(model)


def encode(value: Any) -> bytes:
    """Universal Binary JSON of dicts, lists, texts, whole numbers and number arrays."""
    if isinstance(value, dict):
        members = (_length(key.encode()) + key.encode() + encode(v) for key, v in value.items())
        return b"{" + b"".join(members) + b"}"
    if isinstance(value, list):
        return b"[#" + _length(value) + b"".join(encode(item) for item in value)
    if isinstance(value, str):
        return b"S" + _length(value.encode()) + value.encode()
    if isinstance(value, np.ndarray):
        marker, layout = _TYPES[value.dtype.str[1:]]
        head = b"[$" + marker.encode() + b"#" + _length(value)
        return head + value.astype(layout).tobytes()
    return b"l" + struct.pack(">i", value)


def _length(sized: Any) -> bytes:
    return b"L" + struct.pack(">q", len(sized))


def _leaf(number: int, features: int, rng: np.random.Generator) -> dict[str, Any]:
    """The root of a tree alone."""
    tree = _tree(number, np.ones(features), rng)
    root = {
        key: value[:1] if isinstance(value, np.ndarray) else value for key, value in tree.items()
    }
    nowhere = np.array([-1], dtype=np.int32)
    root |= {"left_children": nowhere, "right_children": nowhere, "loss_changes": np.zeros(1)}
    root["tree_param"] = {**tree["tree_param"], "num_nodes": "1"}
    return root


def _tree(number: int, weights: np.ndarray[Any, Any], rng: np.random.Generator) -> dict[str, Any]:
    features = len(weights)
    leaves = 0.004 * rng.standard_normal(4)
    inner = 0.002 * rng.standard_normal(3)
    whole, text = np.int32, {"num_deleted": "0", "num_nodes": "7", "size_leaf_vector": "1"}
    splits = np.array([(number + k) % features for k in range(3)] + [0] * 4, dtype=whole)
    gain = rng.uniform(0.2, 2.0, 3) * weights[splits[:3]]
    cuts = np.concatenate((0.02 * rng.standard_normal(3), leaves))
    nothing = np.array([], dtype=whole)
    return {
        "base_weights": np.concatenate((inner, leaves)),
        "categories": nothing,
        "categories_nodes": nothing,
        "categories_segments": nothing.astype(np.int64),
        "categories_sizes": nothing.astype(np.int64),
        "default_left": np.array([1, 0, 1, 0, 0, 0, 0], dtype=np.uint8),
        "id": number,
        "left_children": np.array([1, 3, 5, -1, -1, -1, -1], dtype=whole),
        "loss_changes": np.concatenate((gain, np.zeros(4))),
        "parents": np.array([2147483647, 0, 0, 1, 1, 2, 2], dtype=whole),
        "right_children": np.array([2, 4, 6, -1, -1, -1, -1], dtype=whole),
        "split_conditions": cuts,
        "split_indices": splits,
        "split_type": np.zeros(7, dtype=np.uint8),
        "sum_hessian": np.array([3600.0, 1900.0, 1700.0, 1000.0, 900.0, 900.0, 800.0]),
        "tree_param": {**text, "num_feature": str(features)},
    }
