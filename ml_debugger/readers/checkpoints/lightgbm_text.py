"""LightGBM models as text: a header, one block a tree, importances and parameters.

Layout: `GBDT::SaveModelToString` and `Tree::ToString` of microsoft/LightGBM.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ml_debugger.artifacts import BoosterModel, BoosterTree
from ml_debugger.readers.checkpoints.describing import describe
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading

START = re.compile(rb"tree\r?\n(version=v\d|num_class=)")
_HEADER = ("version", "objective", "max_feature_idx", "num_class", "num_tree_per_iteration")
_PARAMETER = re.compile(r"\[([\w.]+): ?(.*)\]")
_MAX_LINE = 64 << 20


@dataclass
class Parsed:
    """What the lines of a model said up to where they end."""

    features: tuple[str, ...] = ()
    details: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    trees: list[BoosterTree] = field(default_factory=list)
    announced: int = 0
    broken: bool = False
    marks: set[str] = field(default_factory=set)

    @property
    def problem(self) -> str | None:
        """What is missing of the model."""
        held = len(self.trees)
        if "end of trees" not in self.marks:
            return f"is cut short: {held} of {self.announced} trees, and no mark that ends them"
        if self.announced and self.announced != held:
            return f"announces {self.announced} trees and holds {held}"
        if "parameters:" in self.marks and "end of parameters" not in self.marks:
            return "is cut short in its parameters"
        return None


def recognise(head: Head) -> str | None:
    """By the first two lines."""
    return "lightgbm-text" if START.match(head.start) else None


def read(head: Head, kind: str) -> Reading:
    """Count the trees against the header and look for the marks that end the parts."""
    with head.file.open("rb") as stream:
        parsed = parse(iter(lambda: stream.readline(_MAX_LINE), b""))
    details = {**parsed.details, "trees": str(len(parsed.trees))}
    reading = describe(head, kind, parsed.problem, features=parsed.features, details=details)
    booster = booster_of(parsed, kind, head.shown, head.shown)
    return reading if booster is None else replace(reading, artifacts=[*reading.artifacts, booster])


def parse(lines: Iterable[bytes]) -> Parsed:
    """Read the lines of a model one by one."""
    parsed = Parsed()
    splits: list[int] = []
    for raw in lines:
        line = raw.decode("utf-8", "replace").strip()
        key, _, value = line.partition("=")
        if key == "Tree":
            splits = []
            parsed.trees.append(BoosterTree(1))
        elif parsed.trees and "end of trees" not in parsed.marks:
            try:
                _of_tree(parsed, key, value, splits)
            except (ValueError, IndexError):
                parsed.broken = True
        elif key in _HEADER:
            parsed.details[key] = value
        elif key == "feature_names":
            parsed.features = tuple(value.split())
        elif key == "tree_sizes":
            parsed.announced = len(value.split())
        elif found := _PARAMETER.fullmatch(line):
            parsed.parameters[found[1]] = found[2]
        if line in ("end of trees", "parameters:", "end of parameters"):
            parsed.marks.add(line)
    return parsed


def booster_of(parsed: Parsed, kind: str, subject: str, path: str) -> BoosterModel | None:
    """The model behind the lines; None where they are not whole."""
    if parsed.problem is not None or parsed.broken:
        return None
    last = parsed.details.get("max_feature_idx", "")
    each = parsed.details.get("num_tree_per_iteration", "1")
    return BoosterModel(
        subject=subject,
        path=path,
        format=kind,
        features=parsed.features,
        width=int(last) + 1 if last.isdecimal() else None,
        trees=tuple(parsed.trees),
        rounds=len(parsed.trees) // max(1, int(each)) if each.isdecimal() else None,
        objective=parsed.details.get("objective"),
        parameters=parsed.parameters,
    )


def _of_tree(parsed: Parsed, key: str, value: str, splits: list[int]) -> None:
    tree = parsed.trees[-1]
    if key == "num_leaves":
        parsed.trees[-1] = replace(tree, leaves=int(value))
    elif key == "split_feature":
        splits += [int(number) for number in value.split()]
    elif key == "split_gain":
        gains: dict[str, float] = {}
        for number, won in zip(splits, map(float, value.split()), strict=True):
            name = parsed.features[number]
            gains[name] = gains.get(name, 0.0) + won
        parsed.trees[-1] = replace(tree, gain=gains)


READER = Reader("lightgbm-text", recognise, read)
