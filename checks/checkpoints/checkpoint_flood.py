"""CKP005: a run keeps far more checkpoints than it can use."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import PurePath

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

_OTHER_COUNT = re.compile(r"(?:fold|seed|trial|member|split|bag|cv|horizon)s?[=_\-.]?\d", re.I)
_BARE = re.compile(r"(?:.*[_\-.])?(?:model|net|weights|snapshot|save|state|g|d)?[_\-.]?(\d+)", re.I)
_EVEN = 0.8
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
    if not _saves_of_one_run(series.members):
        return NotMeasured("nothing shows that these files are saves of one run, by step or epoch")
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


def _saves_of_one_run(members: tuple[Checkpoint, ...]) -> bool:
    """Models of folds, seeds or tickers are numbered too, and each of them is wanted."""
    names = [PurePath(member.path or "") for member in members]
    if any(_OTHER_COUNT.search(name.name) for name in names):
        return False
    if _spacing(members) is not None:
        return True
    bare = [_BARE.fullmatch(name.stem) for name in names]
    numbers = sorted(int(found[1]) for found in bare if found)
    gaps = [later - earlier for earlier, later in pairwise(numbers)]
    usual = max(map(gaps.count, gaps), default=0)
    return len(numbers) == len(names) and usual >= _EVEN * len(gaps)


def _excess_bytes(members: tuple[Checkpoint, ...], policy: int) -> int:
    return sum(member.size for member in members[:-policy])


def _spacing(members: tuple[Checkpoint, ...]) -> tuple[int, str] | None:
    """The usual distance between saves, in epochs or steps."""
    for unit in ("epoch", "step"):
        known = sorted({n for m in members if (n := getattr(m, unit)) is not None})
        if len(known) > 1:
            gaps = sorted(b - a for a, b in pairwise(known))
            return gaps[len(gaps) // 2], f"{unit}s"
    return None


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.1f} MiB"
