"""Which cards a build's GPU code runs on.

Source: CUDA C++ programming guide, "Application compatibility": code for sm_XY runs on cards of
the same major version and an equal or higher minor one; PTX for compute_XY is compiled at its
first use on any later card; names that end in "a" run on that very card alone, those in "f" on
its family.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

Fit = Literal["code", "compiled at first use", "none"]

_NAME = re.compile(r"(sm|compute)_(\d+)(\d)([af]?)")


def fit_of(capability: str, architectures: Iterable[str]) -> Fit:
    """How a build with code for these architectures runs on a card of this capability ("9.0")."""
    major, minor = (int(part) for part in capability.split(".")[:2])
    later = False
    for name in architectures:
        match = _NAME.fullmatch(name)
        if match is None:
            continue
        kind, own, suffix = match[1], (int(match[2]), int(match[3])), match[4]
        same = own == (major, minor)
        if kind == "sm" and (same or (suffix != "a" and own[0] == major and own[1] <= minor)):
            return "code"
        later = later or (kind == "compute" and suffix == "" and own <= (major, minor))
    return "compiled at first use" if later else "none"
