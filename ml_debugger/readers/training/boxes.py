"""Boxes of keys and values, one pair a row, such as Stable-Baselines prints for every update."""

from __future__ import annotations

from collections.abc import Sequence

from ml_debugger.readers.training.names import is_loss, meaning, words

_COUNTERS = ("total_timesteps", "timesteps", "timesteps_total", "num_timesteps", "epoch", "step",
             "iteration", "iterations", "steps", "misc_total_timesteps", "time_total_timesteps",
             "n_updates")  # fmt: skip
_OTHERS = frozenset({"reward", "rew", "return", "kl", "entropy", "variance"})


class Box:
    """One box. `counter` says where the training stood; its row may come behind the metrics."""

    def __init__(self, rows: Sequence[tuple[str, float, int]]) -> None:
        keys = {"_".join(words(key)): value for key, value, _ in rows}
        self.counter = next((keys[name] for name in _COUNTERS if name in keys), None)
        self.by_epoch = "epoch" in keys
        self.metrics = [row for row in rows if _is_metric(row[0])]


def _is_metric(key: str) -> bool:
    told = meaning(key)
    return told is not None and (
        told.kind in ("loss", "accuracy", "special")
        or is_loss(key)
        or not _OTHERS.isdisjoint(words(key))
    )
