"""The training loss in the finest steps that a log gives."""

from __future__ import annotations

from ml_debugger.artifacts import Curve, TrainingRun

ENOUGH = 20
"""Points from which on the loss that stands for the training is fine enough."""

_SAME = frozenset({"train", "training", "loss", "step", "batch", "iter", "iteration"})


def finest_loss(run: TrainingRun) -> Curve | None:
    """The training loss, or the same loss of single steps where the former has few points.

    nanoGPT and Lightning log both: an average at each validation, and that of every tenth batch
    or so, in which an event of a few steps can be seen.
    """
    main = run.curve("train_loss")
    if main is not None and len(main) >= ENOUGH:
        return main
    others = [
        curve
        for name, curve in run.curves.items()
        if "loss" in (words := name.split("_")) and _SAME.issuperset(words)
    ]
    return max(others, key=len, default=main)
