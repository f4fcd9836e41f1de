"""Which checkpoints belong to one run: one folder, and names that differ only in numbers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import PurePath

from ml_debugger.artifacts import Checkpoint, CheckpointIndex, CheckpointSeries

NO_SAVES = frozenset({"npy", "npz", "hdf5"})
"""Formats of tables and arrays: files of them that differ in a number are data."""

_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e-?\d+)?")
_SHARD = re.compile(r"-\d{5}-of-\d{5}(?=\.)")
_STEP_FOLDER = re.compile(r"(?:checkpoint|ckpt|step|global_step|epoch|iter)[-_=]?\d+", re.I)

Key = tuple[str, str]


def series(
    checkpoints: Sequence[Checkpoint],
    indexes: Sequence[CheckpointIndex] = (),
    free_bytes: Callable[[str], int | None] | None = None,
) -> list[CheckpointSeries]:
    """Group checkpoints into the series of their runs, in order of modification time.

    A folder per checkpoint (`checkpoint-500/model.safetensors`) counts by the folder's name;
    the shards of one checkpoint count as one member. `indexes` add step, loss and the number
    that a run promises to keep; `free_bytes` tells the free bytes of a folder's volume.
    """
    groups: dict[Key, list[Checkpoint]] = defaultdict(list)
    for checkpoint in checkpoints:
        if checkpoint.path is not None and checkpoint.format not in NO_SAVES:
            groups[_key(checkpoint.path)].append(checkpoint)
    found = []
    for (folder, pattern), members in groups.items():
        merged = _one_per_save(members)
        if len(merged) < 2:
            continue
        index = next((i for i in indexes if i.folder == PurePath(folder)), None)
        ordered = sorted(merged, key=lambda member: (member.modified, member.path or ""))
        found.append(
            CheckpointSeries(
                subject=str(PurePath(folder) / pattern),
                path=folder,
                members=tuple(ordered),
                rotation=index.keep if index is not None else None,
                free_bytes=free_bytes(folder) if free_bytes is not None else None,
            )
        )
    return found


def indexed(
    checkpoints: Sequence[Checkpoint], indexes: Sequence[CheckpointIndex]
) -> list[Checkpoint]:
    """The checkpoints with step and validation loss from the indexes beside them."""
    entries = {
        str(index.folder / entry.file): entry
        for index in indexes
        if index.folder is not None
        for entry in index.entries
    }
    completed = []
    for checkpoint in checkpoints:
        entry = entries.get(checkpoint.path or "")
        if entry is not None:
            checkpoint = replace(
                checkpoint,
                step=entry.step if entry.step is not None else checkpoint.step,
                val_loss=entry.val_loss if entry.val_loss is not None else checkpoint.val_loss,
            )
        completed.append(checkpoint)
    return completed


def _key(path: str) -> Key:
    pure = PurePath(path)
    name = _NUMBER.sub("*", _SHARD.sub("", pure.name))
    if _STEP_FOLDER.fullmatch(pure.parent.name):
        return str(pure.parent.parent), f"{_NUMBER.sub('*', pure.parent.name)}/{name}"
    return str(pure.parent), name


def _one_per_save(members: Sequence[Checkpoint]) -> list[Checkpoint]:
    """Shards of one save become one member with the bytes of all."""
    saves: dict[str, list[Checkpoint]] = defaultdict(list)
    for member in members:
        saves[_SHARD.sub("", member.path or "")].append(member)
    return [
        shards[0]
        if len(shards) == 1
        else replace(
            shards[0],
            size=sum(shard.size for shard in shards),
            modified=max(shard.modified for shard in shards),
            problem=next((s.problem for s in shards if s.problem is not None), None),
            tensors=tuple(tensor for shard in shards for tensor in shard.tensors),
            figures={name: one for shard in shards for name, one in shard.figures.items()},
        )
        for shards in saves.values()
    ]
