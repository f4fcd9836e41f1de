"""The names under which a metric of a training loop becomes a curve."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ml_debugger.monitor.live_run import RESERVED
from ml_debugger.monitor.reading import scalar
from ml_debugger.readers.training.names import canonical_names


@lru_cache(maxsize=1024)
def curve_name(metric: str, role: str) -> str:
    """The canonical name of a metric measured on "train" or "val" data.

    The same names that the readers of logs give it, so that a live run and a log of it agree. A
    name that they take for no curve, such as a best value, is kept as it is.
    """
    if metric.lower() == "loss":
        return f"{role}_loss"
    # beside a loss of its own, no error measure is taken for the loss
    known = canonical_names({f"{role}_loss": 9, metric: 9}, role)
    name = known.get(metric, metric)
    return f"{name}_value" if name in RESERVED else name


def curves(metrics: Mapping[str, Any], role: str) -> dict[str, Any]:
    """The metrics under their canonical names; values as `reading.scalar` gives them."""
    return {curve_name(str(name), role): scalar(value) for name, value in metrics.items()}
