"""XGBoost's own binary format from before 1.0, which releases from 3.1 on no longer read.

Layout, little-endian: `LearnerModelParamLegacy` (136 bytes) and `GBTreeModelParam` (160 bytes),
`TreeParam` (148 bytes), nodes of 20 and statistics of 16 bytes, from `src/learner.cc`,
`src/gbm/gbtree_model.h` and `include/xgboost/tree_model.h` of dmlc/xgboost 1.7.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import BinaryIO

import numpy as np

from ml_debugger.artifacts import BoosterModel, BoosterTree
from ml_debugger.readers.checkpoints.describing import describe
from ml_debugger.readers.checkpoints.xgboost_trees import tree_of
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading

_LEARNER_BYTES = 136
_FOREST_BYTES = 160
_TREE_BYTES = 148
_NODE = np.dtype([("parent", "<i4"), ("left", "<i4"), ("right", "<i4"), ("feature", "<u4"),
                  ("value", "<f4")])  # fmt: skip
_STATISTICS = np.dtype([("gain", "<f4"), ("hessian", "<f4"), ("weight", "<f4"), ("count", "<i4")])
_NODE_BYTES = _NODE.itemsize + _STATISTICS.itemsize
_MAGIC = b"binf"


def recognise(head: Head) -> str | None:
    """By the names of objective and booster behind the parameters of the learner."""
    named = _names(head.start)
    return "xgboost-legacy" if named is not None else None


def read(head: Head, kind: str) -> Reading:
    """Walk over the trees to see that all of them are there."""
    named = _names(head.start)
    if named is None:
        return describe(head, kind, "its parameters are not whole")
    objective, booster, offset = named
    details = {"objective": objective, "booster": booster}
    if booster != "gbtree":
        return describe(head, kind, details=details)
    with head.file.open("rb") as stream:
        stream.seek(offset)
        trees, problem = _walk_trees(stream, head.size)
    reading = describe(head, kind, problem, details=details | {"trees": str(len(trees))})
    if problem is not None:
        return reading
    model = BoosterModel(
        subject=head.shown,
        path=head.shown,
        format=kind,
        features=(),
        width=_width(head.start),
        trees=tuple(trees),
        objective=objective,
        parameters={"booster": booster},
    )
    return replace(reading, artifacts=[*reading.artifacts, model])


def _width(start: bytes) -> int | None:
    """The number of features, behind the base score."""
    at = len(_MAGIC) if start.startswith(_MAGIC) else 0
    return int.from_bytes(start[at + 4 : at + 8], "little") or None


def _names(start: bytes) -> tuple[str, str, int] | None:
    at = _LEARNER_BYTES + (len(_MAGIC) if start.startswith(_MAGIC) else 0)
    names = []
    for _ in range(2):
        length = int.from_bytes(start[at : at + 8], "little")
        name = start[at + 8 : at + 8 + length]
        if not 3 <= length <= 64 or not name.replace(b":", b"").replace(b"_", b"").isalnum():
            return None
        names.append(name.decode("ascii"))
        at += 8 + length
    objective, booster = names
    return (objective, booster, at) if booster in ("gbtree", "gblinear", "dart") else None


def _walk_trees(stream: BinaryIO, size: int) -> tuple[list[BoosterTree], str | None]:
    forest = stream.read(_FOREST_BYTES)
    if len(forest) < _FOREST_BYTES:
        return [], "is cut short before its trees"
    trees = struct.unpack("<i", forest[:4])[0]
    found: list[BoosterTree] = []
    for number in range(max(0, trees)):
        tree = stream.read(_TREE_BYTES)
        if len(tree) < _TREE_BYTES:
            return found, f"is cut short: {trees - number} of {trees} trees are missing"
        nodes, leaf_vector = struct.unpack("<4xi12xi", tree[:24])
        end = stream.tell() + max(0, nodes) * _NODE_BYTES
        if end > size:
            return found, f"is cut short in tree {number} of {trees}"
        found.append(_tree(stream.read(end - stream.tell()), max(0, nodes)))
        if leaf_vector > 0:
            stream.seek(8 + 4 * max(0, nodes) * leaf_vector, 1)
    if stream.tell() + 4 * max(0, trees) > size:
        return found, "is cut short behind its trees"
    return found, None


def _tree(raw: bytes, nodes: int) -> BoosterTree:
    held = np.frombuffer(raw, dtype=_NODE, count=nodes)
    won = np.frombuffer(raw, dtype=_STATISTICS, count=nodes, offset=nodes * _NODE.itemsize)
    # the highest bit of the feature says where missing values go
    feature = (held["feature"] & np.uint32(2**31 - 1)).astype(np.int64)
    return tree_of(held["left"], feature, won["gain"], ())


READER = Reader("xgboost-legacy", recognise, read)
