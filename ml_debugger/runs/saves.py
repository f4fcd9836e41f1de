"""Which files of a series are saves of one training, and in which order they were made."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import PurePath

from ml_debugger.artifacts import Checkpoint

_PART = re.compile(
    r"(?:^|[^a-z])((?:fold|seed|trial|member|split|bag|cv|horizon|model_fold)s?[=_\-.]?\d+)", re.I
)
"""What a training is repeated for: each has a model of its own."""

_BARE = re.compile(r"(?:.*[_\-.])?(?:model|net|weights|snapshot|save|state|g|d)?[_\-.]?(\d+)", re.I)
_EVEN = 0.8


def name_of(checkpoint: Checkpoint) -> str:
    """The file's name, with the folder of its save where it has one."""
    pure = PurePath(checkpoint.path or checkpoint.subject)
    of_save = re.fullmatch(r"(?:checkpoint|ckpt|step|global_step|epoch|iter)[-_=]?\d+",
                           pure.parent.name, re.I)  # fmt: skip
    return f"{pure.parent.name}/{pure.name}" if of_save else pure.name


def by_part(members: Sequence[Checkpoint]) -> dict[str, list[Checkpoint]]:
    """The members by fold, seed or trial, as their names tell; under "" where none is told."""
    parts: dict[str, list[Checkpoint]] = defaultdict(list)
    for member in members:
        told = _PART.findall(name_of(member))
        parts[" ".join(text.lower() for text in told)].append(member)
    return dict(parts)


def are_saves_of_one_run(members: Sequence[Checkpoint]) -> bool:
    """Whether step or epoch, or an even count in the names, tell saves of one training.

    Models of tickers and of sizes ("resnet18", "resnet34") are numbered too.
    """
    return spacing(members) is not None or numbers(members) is not None


def numbers(members: Sequence[Checkpoint]) -> list[int] | None:
    """The evenly spaced numbers that the names of all members end with; None for other names."""
    bare = [_BARE.fullmatch(PurePath(name_of(member)).stem) for member in members]
    found = [int(match[1]) for match in bare if match]
    ordered = sorted(found)
    gaps = [later - earlier for earlier, later in pairwise(ordered)]
    usual = max(map(gaps.count, gaps), default=0)
    even = len(found) == len(members) and usual >= _EVEN * len(gaps)
    return found if even else None


def spacing(members: Sequence[Checkpoint]) -> tuple[int, str] | None:
    """The usual distance between saves, in epochs or steps."""
    for unit in ("epoch", "step"):
        known = sorted({n for m in members if (n := getattr(m, unit)) is not None})
        if len(known) > 1:
            gaps = sorted(b - a for a, b in pairwise(known))
            return gaps[len(gaps) // 2], f"{unit}s"
    return None


def places(members: Sequence[Checkpoint]) -> list[int] | None:
    """How far the training was at each member: its step, epoch or number; None where one lacks."""
    for unit in ("step", "epoch"):
        told = [getattr(member, unit) for member in members]
        if all(n is not None for n in told) and len(set(told)) > 1:
            return told
    return numbers(members)
