"""Rotation of checkpoints: the best three by validation loss stay, each found to be sound first."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ml_debugger.artifacts import Checkpoint, CheckpointIndex, CheckpointSeries
from ml_debugger.contract import Result
from ml_debugger.readers.opening import open_file
from ml_debugger.remedies.plan import Kept, Plan, Seen, Step
from ml_debugger.runs.saves import by_part
from ml_debugger.workspace.series import indexed, series

ID = "rotate-checkpoints"
KEEP = 3
"""The project's record: save only the top 3 checkpoints by validation loss."""
MOST_FILES = 20_000


def plan(root: Path, results: Sequence[Result]) -> Plan:
    """Which checkpoints of the series in the findings would go.

    Checkpoints that cannot be opened or hold values that are no numbers never count among those
    that stay, and the newest one always stays: a run may go on from it. Without validation losses
    the newest three stay. Where fewer than three are sound nothing goes. Folds, seeds and trials
    keep their three each: a model of one does not stand for another.
    """
    steps: list[Step] = []
    kept: list[Kept] = []
    obstacles = []
    for subject, folder in dict.fromkeys((r.subject, r.path) for r in results if r.path):
        one = _series(root, root / folder, subject)
        if one is None:
            obstacles.append(f"{subject}: its checkpoints are not there any more")
            continue
        staying: dict[Checkpoint, str] = {}
        for part, members in by_part(one.members).items():
            sound = _staying(members)
            if len(sound) < KEEP:
                obstacles.append(
                    f"{part or subject}: only {len(sound)} of {len(members)} are sound"
                )
                sound = dict.fromkeys(members, "fewer than three of its kind are sound")
            staying.update(sound)
        for member in one.members:
            files = _files(root, one, member)
            why = staying.get(member)
            if why is not None:
                kept.extend(Kept(file, why) for file in files)
                continue
            # another repair may have taken it away by now
            with suppress(FileNotFoundError):
                seen = [(file, Seen.of(file)) for file in files]
                steps.extend(Step(f, _why_not(member), state, state.size) for f, state in seen)
    obstacle = None if steps else "; ".join(obstacles) or "there is no finding to repair"
    return Plan(ID, root, tuple(steps), tuple(kept), obstacle)


def _series(root: Path, folder: Path, subject: str) -> CheckpointSeries | None:
    found = [
        artifact
        for file in sorted(folder.rglob("*"))[:MOST_FILES]
        if file.is_file() and not file.is_symlink()
        for artifact in open_file(file, str(file.relative_to(root)), named=False)
    ]
    indexes = [a for a in found if isinstance(a, CheckpointIndex)]
    checkpoints = indexed([a for a in found if isinstance(a, Checkpoint)], indexes)
    return next((s for s in series(checkpoints, indexes) if s.subject == subject), None)


def _staying(members: Sequence[Checkpoint]) -> dict[Checkpoint, str]:
    """The members that stay, each with the reason."""
    sound = [member for member in members if _sound(member)]
    if not sound:
        return {}
    staying: dict[Checkpoint, str] = {}
    scored = [m for m in sound if m.val_loss is not None]
    if len(scored) >= KEEP:
        best = sorted(scored, key=lambda m: (m.val_loss or 0.0, m.modified))[:KEEP]
        staying = {m: f"validation loss {m.val_loss:.6g}, number {n}"
                   for n, m in enumerate(best, start=1)}  # fmt: skip
    else:
        staying = dict.fromkeys(sound[-KEEP:], "among the newest three; no validation losses")
    staying.setdefault(sound[-1], "the newest")
    return staying


def _sound(member: Checkpoint) -> bool:
    broken = any(figures.nan or figures.infinite for figures in member.figures.values())
    return member.problem is None and not broken


def _why_not(member: Checkpoint) -> str:
    if member.problem is not None:
        return f"not sound: {member.problem}"
    if not _sound(member):
        return "holds weights that are no numbers"
    if member.val_loss is None:
        return "older than those that stay"
    return f"validation loss {member.val_loss:.6g}"


def _files(root: Path, one: CheckpointSeries, member: Checkpoint) -> list[Path]:
    """The folder of a save, its shards, or its file."""
    path = root / (member.path or "")
    top = root / (one.path or "")
    if path.parent != top:
        return [top / path.relative_to(top).parts[0]]
    stem, shard, _ = path.name.partition("-of-")
    if shard and stem[-5:].isdigit():
        return sorted(path.parent.glob(f"{_escaped(stem[:-5])}*-of-*"))
    return [path]


def _escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)
