"""CKP005: a run keeps far more checkpoints than it can use."""

from __future__ import annotations

from ml_debugger.artifacts import Checkpoint, CheckpointSeries
from ml_debugger.contract import Evidence, Limit, Measurement, Outcome, Setting, Settings, check

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
)
def checkpoint_flood(series: CheckpointSeries, settings: Settings) -> Outcome:
    """A run keeps far more checkpoints than it can use.

    What it measures:
        The checkpoints of one run against the number that its index promises to keep, or
        against the keep-best-3 policy, and the bytes that those beyond the policy hold
        against the free bytes of their volume. Sweeps with one checkpoint in each run's
        folder are no series; a handful of checkpoints is no flood unless the volume is short.
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
    promised = series.rotation
    policy = max(1, promised if promised else int(settings["policy"]))
    members = series.members
    excess = _excess_bytes(members, policy) if len(members) > policy else 0
    values = {"times_kept": len(members) / policy}
    free = series.free_bytes
    if free is not None:
        values["excess_to_free"] = excess / max(1, free)
    origin = "promised" if promised else "the policy"
    evidence = [
        Evidence("kept", len(members), "checkpoints", series.path),
        Evidence("policy", policy, "checkpoints", origin),
        Evidence("beyond_policy", excess, "bytes"),
    ]
    spacing = _spacing(members)
    if spacing is not None:
        evidence.append(Evidence("saved_every", spacing[0], spacing[1]))
    if free is not None:
        evidence.append(Evidence("free", free, "bytes", "on their volume"))
    return Measurement(
        title=f"{len(members)} checkpoints kept, {_gib(series.total_bytes)}; {origin}: {policy}",
        values=values,
        evidence=tuple(evidence),
    )


def _excess_bytes(members: tuple[Checkpoint, ...], policy: int) -> int:
    return sum(member.size for member in members[:-policy])


def _spacing(members: tuple[Checkpoint, ...]) -> tuple[int, str] | None:
    """The usual distance between saves, in epochs or steps."""
    for unit in ("epoch", "step"):
        known = sorted({n for m in members if (n := getattr(m, unit)) is not None})
        if len(known) > 1:
            gaps = sorted(b - a for a, b in zip(known, known[1:], strict=False))
            return gaps[len(gaps) // 2], f"{unit}s"
    return None


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.1f} MiB"
