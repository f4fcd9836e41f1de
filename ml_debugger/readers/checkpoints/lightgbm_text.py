"""LightGBM models as text: a header, one block a tree, importances and parameters.

Layout: `GBDT::SaveModelToString` of microsoft/LightGBM.
"""

from __future__ import annotations

import re

from ml_debugger.readers.checkpoints.describing import describe
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading

_START = re.compile(rb"tree\r?\n(version=v\d|num_class=)")
_HEADER = ("version", "objective", "max_feature_idx", "num_class")
_MAX_LINE = 64 << 20


def recognise(head: Head) -> str | None:
    """By the first two lines."""
    return "lightgbm-text" if _START.match(head.start) else None


def read(head: Head, kind: str) -> Reading:
    """Count the trees against the header and look for the marks that end the parts."""
    features: tuple[str, ...] = ()
    details: dict[str, str] = {}
    announced = trees = 0
    ended = parameters = parameters_ended = False
    with head.file.open("rb") as stream:
        while raw := stream.readline(_MAX_LINE):
            line = raw.decode("utf-8", "replace").strip()
            key, _, value = line.partition("=")
            if key == "Tree":
                trees += 1
            elif key in _HEADER and trees == 0:
                details[key] = value
            elif key == "feature_names" and trees == 0:
                features = tuple(value.split())
            elif key == "tree_sizes":
                announced = len(value.split())
            elif line == "end of trees":
                ended = True
            elif line == "parameters:":
                parameters = True
            elif line == "end of parameters":
                parameters_ended = True
    details["trees"] = str(trees)
    problem = None
    if not ended:
        problem = f"is cut short: {trees} of {announced} trees, and no mark that ends them"
    elif announced and announced != trees:
        problem = f"announces {announced} trees and holds {trees}"
    elif parameters and not parameters_ended:
        problem = "is cut short in its parameters"
    return describe(head, kind, problem, features=features, details=details)


READER = Reader("lightgbm-text", recognise, read)
