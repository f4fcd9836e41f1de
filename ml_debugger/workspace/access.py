"""Who may read and write the secrets and models of a workspace, by permission bits."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from ml_debugger.artifacts import (
    AccessRights,
    Artifact,
    BoosterModel,
    Checkpoint,
    FileAccess,
    PickleContents,
    SearchedText,
)
from ml_debugger.artifacts.secret_files import holds_secrets
from ml_debugger.workspace.discovery import Discovery

MAX_FILES = 5_000
_MAX_FOLDERS = 500
_HEAD = 4_096
_MOUNTS = Path("/proc/mounts")

WITHOUT_OWNERS = frozenset(
    {"vfat", "msdos", "exfat", "ntfs", "ntfs3", "fuseblk", "9p", "drvfs", "cifs", "smb3", "vboxsf"}
)
"""File systems that make up the permission bits of every file when they are mounted."""

_FIRST_ACCOUNT, _LAST_ACCOUNT = 1_000, 60_000
"""User numbers of people (login.defs: UID_MIN, UID_MAX)."""

_NO_LOGIN = frozenset({"nologin", "false", "sync", "halt", "shutdown", ""})


def access_rights(discovery: Discovery, artifacts: Sequence[Artifact]) -> list[AccessRights]:
    """The rights to the files that matter, as one artifact; none where no file does."""
    files: dict[str, FileAccess] = {}
    unknown: list[str] = []
    wanted = dict(_wanted(discovery, artifacts))
    for shown, (file, kind) in list(wanted.items())[:MAX_FILES]:
        system = _file_system(file)
        if system in WITHOUT_OWNERS or system.startswith("fuse."):
            unknown.append(f"{shown}: {system} keeps no permissions")
            continue
        found = _access(file, shown, kind)
        if found is not None:
            files[shown] = found
    if not files and not unknown:
        return []
    more = max(0, len(wanted) - MAX_FILES)
    return [
        AccessRights(
            "permissions", None, tuple(files.values()), other_accounts(), tuple(unknown), more
        )
    ]


@cache
def other_accounts() -> int:
    """How many people other than this one can log in here, by the list of accounts."""
    return sum(
        _FIRST_ACCOUNT <= entry.pw_uid < _LAST_ACCOUNT
        and entry.pw_uid != os.getuid()
        and Path(entry.pw_shell).name not in _NO_LOGIN
        for entry in pwd.getpwall()
    )


def _wanted(
    discovery: Discovery, artifacts: Sequence[Artifact]
) -> Iterator[tuple[str, tuple[Path, str]]]:
    """Files that matter, by the name that results give them: models, secrets found, hidden ones."""
    files = {found.shown: found.file for found in discovery.found if not found.is_folder}
    for artifact in artifacts:
        file = files.get(artifact.path or "")
        if file is None or artifact.path is None:
            continue
        if isinstance(artifact, Checkpoint | BoosterModel | PickleContents):
            yield artifact.path, (file, "model")
        elif isinstance(artifact, SearchedText):
            proven = any(spot.proven for spot in artifact.spots)
            if artifact.meant or proven:
                yield artifact.path, (file, "secret")
    folders = {file.parent: str(Path(shown).parent) for shown, file in files.items()}
    for folder, name in list(folders.items())[:_MAX_FOLDERS]:
        for file in _hidden(folder):
            yield str(Path(name) / file.name), (file, "secret")


def _hidden(folder: Path) -> list[Path]:
    """Files for secrets whose names begin with a dot: the walk passes them over."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return []
    return [
        Path(entry.path)
        for entry in entries
        if entry.name.startswith(".") and holds_secrets(entry.name) and _is_file(entry)
    ]


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file(follow_symlinks=False)
    except OSError:
        return False


def _access(file: Path, shown: str, kind: str) -> FileAccess | None:
    try:
        status = file.stat()
        if kind == "secret":
            with file.open("rb") as stream:
                head = stream.read(_HEAD)
            if b"PRIVATE KEY" in head:
                kind = "private-key"
            elif b"BEGIN CERTIFICATE" in head or b"PUBLIC KEY" in head:
                return None
    except OSError:
        # what cannot be read by whoever asks is not open to everyone
        return None
    folder = file.absolute().parent
    reachable = all(_mode(above) & stat.S_IXOTH for above in (folder, *folder.parents))
    mode = _mode(folder)
    replaceable = bool(reachable and mode & stat.S_IWOTH and not mode & stat.S_ISVTX)
    bits = stat.S_IMODE(status.st_mode)
    return FileAccess(shown, kind, bits, status.st_uid, reachable, replaceable)


@cache
def _mode(folder: Path) -> int:
    try:
        return folder.stat().st_mode
    except OSError:
        return 0


@cache
def _mounts() -> tuple[tuple[str, str], ...]:
    """Mount points and their file systems, the deepest first."""
    try:
        lines = _MOUNTS.read_text(errors="replace").splitlines()
    except OSError:
        return ()
    rows = [line.split() for line in lines]
    found = [(row[1].replace("\\040", " "), row[2]) for row in rows if len(row) > 2]
    return tuple(sorted(found, key=lambda mount: -len(mount[0])))


def _file_system(file: Path) -> str:
    place = file.absolute()
    for point, system in _mounts():
        if place.is_relative_to(point):
            return system
    return ""
