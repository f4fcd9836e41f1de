"""Which models lie in one folder, and which runs, settings and scalers belong to them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath
from typing import TypeVar

from ml_debugger.artifacts import (
    Artifact,
    BoosterModel,
    Checkpoint,
    CheckpointIndex,
    Scaler,
    TrainingConfig,
    TrainingRun,
)
from ml_debugger.artifacts.model_folder import ModelFolder, NearbyFile, SaveLeftover
from ml_debugger.workspace.discovery import Found

_HOLDS_MODELS = re.compile(
    r"(?:model_?)?(?:checkpoints?|ckpts?|weights|snapshots)|(?:saved|trained)?_?models?|best|saves?",
    re.IGNORECASE,
)
"""Names of folders that a run has for its models."""

_MADE_FOR_SAVES = re.compile(r"checkpoints?|ckpts?", re.IGNORECASE)
_OF_ONE_SAVE = re.compile(
    r"(?:checkpoint|ckpt|step|global_step|epoch|iter)[-_=]?\d+", re.IGNORECASE
)
_BESIDE = frozenset({".hydra", "config", "conf", "scaler", "scalers", "preprocessing", "artifacts"})
_NO_MODELS = frozenset({"npy", "npz", "hdf5"})

One = TypeVar("One", bound=Artifact)


def model_folders(
    artifacts: Sequence[Artifact],
    indexes: Sequence[CheckpointIndex],
    found: Sequence[Found],
    leftovers: Sequence[SaveLeftover] = (),
) -> list[ModelFolder]:
    """One for each folder with models, with an index of them, or made for them by a run."""
    members: dict[PurePath, list[Checkpoint]] = defaultdict(list)
    for artifact in artifacts:
        if isinstance(artifact, Checkpoint) and artifact.path and artifact.format not in _NO_MODELS:
            members[_home(artifact.path)].append(artifact)
    homes = {*members, *(PurePath(i.path).parent for i in indexes if i.path)}
    empty = _empty_folders(artifacts, found) - homes
    named = {one.shown for one in found if one.named}
    files = [NearbyFile(f.shown, _modified(f.file)) for f in found if not f.is_folder]
    scalers = [a for a in artifacts if isinstance(a, Scaler)]
    folders = []
    for home in sorted(homes | empty):
        around = [home, *(inner for inner in [_run_of(home)] if inner is not None)]
        alone = [p for p in around if not any(p in (o, _run_of(o)) for o in homes - {home})]
        held = sorted(members.get(home, ()), key=lambda one: (one.modified, one.path or ""))
        paths = {one.path for one in held}
        folders.append(
            ModelFolder(
                subject=str(home),
                path=str(home),
                checkpoints=tuple(held),
                boosters=tuple(
                    a for a in artifacts if isinstance(a, BoosterModel) and a.path in paths
                ),
                runs=_near(artifacts, TrainingRun, alone),
                configurations=_near(artifacts, TrainingConfig, alone),
                scalers=_near(scalers, Scaler, around),
                indexes=tuple(i for i in indexes if i.path and PurePath(i.path).parent == home),
                files=tuple(f for f in files if _lies_in(PurePath(f.path), around)),
                scaled_beside=_beside(home, scalers, homes),
                whole=not paths or not paths <= named,
                empty=home in empty,
                leftovers=sum(PurePath(one.path or "").parent == home for one in leftovers),
            )
        )
    return folders


def _home(path: str) -> PurePath:
    """The folder of the saves: that of the file, or around the folder of one save."""
    parent = PurePath(path).parent
    return parent.parent if _OF_ONE_SAVE.fullmatch(parent.name) else parent


def _run_of(home: PurePath) -> PurePath | None:
    """The folder of the run whose models lie in `home`."""
    if not _HOLDS_MODELS.fullmatch(home.name):
        return None
    return home.parent


def _lies_in(path: PurePath, folders: Iterable[PurePath]) -> bool:
    """Whether a file lies in one of the folders, or in one beside for settings and scalers."""
    parent = path.parent
    if _OF_ONE_SAVE.fullmatch(parent.name) or parent.name.lower() in _BESIDE:
        return parent in folders or parent.parent in folders
    return parent in folders


def _near(
    artifacts: Sequence[Artifact], kind: type[One], folders: Sequence[PurePath]
) -> tuple[One, ...]:
    return tuple(
        a
        for a in artifacts
        if isinstance(a, kind) and a.path is not None and _lies_in(PurePath(a.path), folders)
    )


def _beside(
    home: PurePath, scalers: Sequence[Scaler], homes: Iterable[PurePath]
) -> tuple[str, ...]:
    """Scalers of the runs that lie side by side with this one."""
    own = _run_of(home) or home
    others = {(_run_of(other) or other) for other in homes} - {own}
    siblings = [other for other in others if other.parent == own.parent and other != own.parent]
    found = _near(scalers, Scaler, [*siblings, *(o for o in homes if _run_of(o) in siblings)])
    return tuple(dict.fromkeys(scaler.path for scaler in found if scaler.path))


def _empty_folders(artifacts: Sequence[Artifact], found: Sequence[Found]) -> set[PurePath]:
    """Folders for checkpoints beside the log of a run that hold nothing at all."""
    logs = {a.path for a in artifacts if isinstance(a, TrainingRun)}
    places = {
        PurePath(one.shown).parent: one.file.parent
        for one in found
        if one.shown in logs and not one.named and not one.is_folder
    }
    return {shown / name for shown, folder in places.items() for name in _empty_below(folder)}


def _empty_below(folder: Path) -> list[str]:
    try:
        inner = [path for path in folder.iterdir() if _MADE_FOR_SAVES.fullmatch(path.name)]
        return [path.name for path in inner if path.is_dir() and not any(path.iterdir())]
    except OSError:
        # what cannot be listed is not known to be empty
        return []


def _modified(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        # removed since it was found
        return 0.0
