"""From what a format's reader learned to the artifact: one place that fills the common fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ml_debugger.artifacts import Checkpoint, Tensor, TensorFigures
from ml_debugger.readers.checkpoints.naming import facts_of
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reading

MAX_PROBLEM = 400
"""Characters of what is wrong: names and numbers in it may be of any length."""

MAX_DETAIL = 20_000
"""Characters kept of one detail: a list of imported names may be made endless on purpose."""


def describe(
    head: Head,
    kind: str,
    problem: str | None = None,
    *,
    tensors: Sequence[Tensor] = (),
    features: Sequence[str] = (),
    epoch: int | None = None,
    step: int | None = None,
    val_loss: float | None = None,
    details: Mapping[str, str] | None = None,
    figures: Mapping[str, TensorFigures] | None = None,
    optimised: frozenset[str] | None = None,
    training_state: frozenset[str] | None = None,
) -> Reading:
    """A reading that holds one checkpoint; what the content does not say, the name may."""
    named = facts_of(head.shown)
    checkpoint = Checkpoint(
        subject=head.shown,
        path=head.shown,
        format=kind,
        size=head.size,
        modified=head.modified,
        problem=problem[:MAX_PROBLEM] if problem else problem,
        tensors=tuple(tensors),
        step=named.step if step is None else step,
        epoch=named.epoch if epoch is None else epoch,
        val_loss=named.val_loss if val_loss is None else val_loss,
        features=tuple(features),
        details={key: text[:MAX_DETAIL] for key, text in (details or {}).items()},
        figures={t.name: figures[t.name] for t in tensors if figures and t.name in figures},
        optimised=optimised,
        training_state=training_state,
    )
    return Reading([checkpoint])
