"""What interrupted saves of models left, told from temporary files of other programs."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from ml_debugger.artifacts import Artifact, BoosterModel, Checkpoint
from ml_debugger.artifacts.leftovers import is_leftover
from ml_debugger.artifacts.model_folder import SaveLeftover
from ml_debugger.readers.checkpoints.misnamed import CLAIMS
from ml_debugger.workspace.discovery import Found
from ml_debugger.workspace.open_files import open_files

MAX_ENTRIES = 10_000
"""Entries of one folder that are gone through."""

_OTHERS = re.compile(r"~$|\.(?:swp|swo|bak|lock|crdownload)$|^core\.", re.IGNORECASE)
"""Leftovers of editors and browsers, and copies that a person made."""

_ENDING = re.compile(r"\.(?:tmp|temp|part|partial|incomplete)(?:[._-]?\w{1,12})?$|\.\w{6}$", re.I)
_MODELS = (*CLAIMS, ".bin", ".weights", ".msgpack", ".pb", ".npz")


def is_save_leftover(name: str, *, among_models: bool) -> bool:
    """Whether a name is that of an unfinished save.

    `among_models` is true in a folder of models, where any temporary file is one.
    """
    if not is_leftover(name) or _OTHERS.search(name):
        return False
    final = _ENDING.sub("", name)
    return among_models or PurePath(final).suffix.lower() in _MODELS


def without_leftovers(artifacts: Sequence[Artifact], found: Sequence[Found]) -> list[Artifact]:
    """The artifacts but for models in leftovers: those are judged as what they are.

    A leftover that the user named himself is judged as the model that it claims to be.
    """
    named = {one.shown for one in found if one.named}
    return [
        artifact
        for artifact in artifacts
        if not isinstance(artifact, Checkpoint | BoosterModel)
        or artifact.path in named
        or not is_save_leftover(PurePath(artifact.path or "").name, among_models=True)
    ]


def save_leftovers(artifacts: Sequence[Artifact], found: Sequence[Found]) -> list[SaveLeftover]:
    """The leftovers in the folders that were looked at whole, hidden ones of model folders too.

    `artifacts` are all that were read, those of leftovers among them.
    """
    models = [a for a in artifacts if isinstance(a, Checkpoint) and a.path is not None]
    content = {model.path: model for model in models}
    seen: dict[str, Path] = {}
    homes: dict[PurePath, Path] = {}
    for one in found:
        if one.named or one.is_folder:
            continue
        if is_save_leftover(one.file.name, among_models=one.shown in content):
            seen[one.shown] = one.file
        elif one.shown in content:
            homes.setdefault(PurePath(one.shown).parent, one.file.parent)
    for shown, folder in homes.items():
        for name in _names(folder):
            if is_save_leftover(name, among_models=True):
                seen.setdefault(str(shown / name), folder / name)
    newest: dict[PurePath, float] = {}
    for model in models:
        if model.path not in seen:
            home = PurePath(model.path or "").parent
            newest[home] = max(newest.get(home, 0.0), model.modified)
    opened = open_files() if seen else {}
    return [
        leftover
        for shown, file in sorted(seen.items())
        if (leftover := _leftover(shown, file, content.get(shown), newest, opened)) is not None
    ]


def _leftover(
    shown: str,
    file: Path,
    model: Checkpoint | None,
    newest: dict[PurePath, float],
    opened: dict[str, str],
) -> SaveLeftover | None:
    try:
        status = file.lstat()
    except OSError:
        # it was finished or removed since the folder was walked
        return None
    return SaveLeftover(
        subject=shown,
        path=shown,
        size=status.st_size,
        modified=status.st_mtime,
        read=time.time(),
        problem=model.problem if model is not None else "" if status.st_size else "is empty",
        open_in=opened.get(os.path.realpath(file)),
        newest=status.st_mtime > newest.get(PurePath(shown).parent, 0.0),
    )


def _names(folder: Path) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            for _, entry in zip(range(MAX_ENTRIES), entries, strict=False):
                if entry.is_file(follow_symlinks=False):
                    yield entry.name
    except OSError:
        # a folder that is gone by now has no leftovers
        return
