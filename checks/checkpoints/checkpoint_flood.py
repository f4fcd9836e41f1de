"""CKP005: a run keeps far more checkpoints than it can use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ml_debugger.artifacts import Checkpoint, CheckpointSeries
from ml_debugger.contract import (
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    Setting,
    Settings,
    check,
)
from ml_debugger.runs.saves import are_saves_of_one_run, by_part, spacing

_RECORD = "the project's record: save only the top 3 checkpoints by validation loss"


@check(
    code="CKP005",
    name="checkpoint-flood",
    component="infrastructure",
    playbook="disk-and-checkpoints",
    limits=(
        Limit(
            "times_kept",
            "times the policy",
            "above",
            "checkpoints kept, as a multiple of the number that the policy allows",
            f"{_RECORD}; five times that leaves room for a schedule of 15 saves",
            warn=5,
            fail=20,
        ),
        Limit(
            "excess_to_free",
            "times the free space",
            "above",
            "bytes of checkpoints beyond the policy, compared with what the volume has free",
            "arithmetic: above one, another run of this kind does not fit on the volume",
            warn=0.5,
            fail=1.0,
        ),
    ),
    settings=(
        Setting("policy", "checkpoints", 3, "checkpoints to keep where no index says", _RECORD),
    ),
    profiles=("pre-train", "full"),
    fix="rotate-checkpoints",
)
def checkpoint_flood(series: CheckpointSeries, settings: Settings) -> Outcome:
    """A run keeps far more checkpoints than it can use.

    What it measures:
        The checkpoints of one run against the number that its index promises to keep, or
        against the keep-best-3 policy, and the bytes that those beyond the policy hold
        against the free bytes of their volume. Models of folds, seeds or trials are counted for
        each of them, because each is wanted. Sweeps with one checkpoint in each run's folder
        are no series; a handful of checkpoints is no flood unless the volume is short.
    Why it matters:
        A run that saves at every epoch or step fills its volume. Then the next save is cut
        short, and so are logs and data that other jobs write there.
    What to do:
        Keep the best three by validation loss and the last one; save to a temporary name,
        rename, then delete the oldest. In Lightning that is ModelCheckpoint(save_top_k=3), in
        Transformers save_total_limit=3. Move the others to cheaper storage before deleting.
    Sources:
        The project's record (top 3 by validation loss, rotation on every save); the
        arithmetic of the volume's own free space.
    """
    members = series.members
    parts = by_part(members)
    if "" in parts and not are_saves_of_one_run(members):
        return NotMeasured("nothing shows that these files are saves of one run, by step or epoch")
    promised = series.rotation
    policy = max(1, promised if promised else int(settings["policy"]))
    most = max(map(len, parts.values()))
    excess = sum(_excess_bytes(one, policy) for one in parts.values())
    values = {"times_kept": most / policy}
    free = series.free_bytes
    if free is not None:
        values["excess_to_free"] = excess / max(1, free)
    origin = "promised" if promised else "the policy"
    evidence = [
        Evidence("kept", len(members), "checkpoints", series.path),
        Evidence("policy", policy, "checkpoints", origin),
        Evidence("beyond_policy", excess, "bytes"),
    ]
    every = spacing(max(parts.values(), key=len))
    if every is not None:
        evidence.append(Evidence("saved_every", *every))
    if free is not None:
        evidence.append(Evidence("free", free, "bytes", "on their volume"))
    return Measurement(
        title=f"{_kept(parts)}, {_gib(series.total_bytes)}; {origin}: {policy}",
        values=values,
        evidence=tuple(evidence),
    )


def _kept(parts: Mapping[str, Sequence[Checkpoint]]) -> str:
    if "" in parts:
        return f"{sum(map(len, parts.values()))} checkpoints kept"
    most = max(map(len, parts.values()))
    word = next(iter(parts)).rstrip("0123456789=_-. ")
    return f"{most} kept {'each ' if most > 1 else ''}of {len(parts)} {word}s"


def _excess_bytes(members: Sequence[Checkpoint], policy: int) -> int:
    return sum(member.size for member in members[:-policy])


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.1f} MiB"
