"""CKP002: a checkpoint is much smaller than those of the same run before it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from statistics import median

from ml_debugger.artifacts import Checkpoint, CheckpointSeries
from ml_debugger.artifacts.tensor_roles import is_optimizer_state
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.runs.architecture import kind_of
from ml_debugger.runs.saves import are_saves_of_one_run, by_part, name_of, places

_BEFORE = 5
_FEWEST = 3


@check(
    code="CKP002",
    name="checkpoint-size-drop",
    component="infrastructure",
    playbook="disk-and-checkpoints",
    limits=(
        Limit(
            "share_of_siblings",
            "share of the bytes",
            "below",
            "bytes of the smallest save over those of the saves before it, of the same kind",
            "arithmetic: half precision halves a file and is told by its types; a smaller save of "
            "the same kind lacks parts",
            warn=0.5,
            fail=0.1,
        ),
    ),
    explained_by=("checkpoint-mismatch", "missing-training-state", "no-space-left",
                  "disk-near-full", "quota-exceeded"),
    profiles=("pre-train", "full"),
)  # fmt: skip
def checkpoint_size_drop(series: CheckpointSeries) -> Outcome:
    """A checkpoint is much smaller than its siblings of the same run.

    What it measures:
        The bytes of each save against the median of up to five saves before it, or against the
        smaller of its two neighbours where only one came before. Only saves of one kind are
        compared: the same format, types of numbers, parts (weights, optimizer, scheduler), and
        the same fold. So a weights-only "best" beside full states, half-precision exports,
        adapters, a first save before the optimizer has any state, and files that grow with
        the run (trees, histories, replay buffers) are healthy. Files that cannot be opened
        are judged by unreadable-checkpoint.
    Why it matters:
        The save holds less than the others although it opens: parameters were filtered out,
        one process of several wrote, or an empty state was saved. Resuming from it or serving
        it goes on with random weights where the loader is lenient (strict=False).
    What to do:
        Compare the lists of tensors of the two files. Look at what ran between the two saves,
        and resume from the save before.
    Sources:
        Arithmetic on the sizes of the run's own saves. PyTorch, Module.load_state_dict: missing
        keys raise only with strict=True.
    """
    parts = by_part(series.members)
    if "" in parts and not are_saves_of_one_run(series.members):
        return NotMeasured("nothing shows that these files are saves of one run, by step or epoch")
    found = [
        (share, member, reference)
        for members in parts.values()
        for same in _same_kind(members)
        for share, member, reference in _shares(same)
    ]
    if not found:
        return NotMeasured(f"fewer than {_FEWEST} whole saves of one kind")
    share, smallest, reference = min(found, key=lambda one: one[0])
    evidence = (
        Evidence("size", smallest.size, "bytes", smallest.path),
        Evidence("siblings", round(reference), "bytes", "median of the saves before it"),
        Evidence("compared", len(found), "saves", series.path),
    )
    if share < 0.5:
        title = f"{name_of(smallest)} has {share:.0%} of the bytes of the saves before it"
    else:
        title = f"{len(found)} saves have at least {share:.0%} of the bytes of those before"
    return Measurement(title, {"share_of_siblings": share}, evidence, path=smallest.path)


def _same_kind(members: Sequence[Checkpoint]) -> list[list[Checkpoint]]:
    groups: dict[object, list[Checkpoint]] = defaultdict(list)
    for member in members:
        if member.problem is None:
            moments = any(map(is_optimizer_state, member.tensors))
            groups[(member.format, kind_of(member), member.training_state, moments)].append(member)
    return [group for group in groups.values() if len(group) >= _FEWEST]


def _shares(members: Sequence[Checkpoint]) -> list[tuple[float, Checkpoint, float]]:
    """Each save with what it is compared with, in the order of the training."""
    told = places(members)
    order = sorted(range(len(members)), key=lambda i: told[i]) if told else range(len(members))
    ordered = [members[i] for i in order]
    found = []
    for at, member in enumerate(ordered):
        before = [other.size for other in ordered[max(0, at - _BEFORE) : at]]
        after = [other.size for other in ordered[at + 1 : at + 2]]
        if len(before) >= 2:
            reference = median(before)
        elif before and after:
            reference = min(*before, *after)
        else:
            continue
        found.append((member.size / reference if reference else math.inf, member, reference))
    return found
