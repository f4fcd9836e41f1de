"""Who may read and write the files that matter: secrets, and models that run when loaded."""

from __future__ import annotations

from dataclasses import dataclass

from ml_debugger.artifacts.base import Artifact


@dataclass(frozen=True, slots=True)
class FileAccess:
    """One file: why it matters and who may do what.

    `kind` is "secret" (by its name or by what was found in it), "private-key" or "model". `mode`
    holds the permission bits, `owner` the user number. `reachable` is false where a folder above
    it keeps everyone else out. `replaceable` is true where everyone may write into its folder and
    no sticky bit keeps them from replacing it.
    """

    path: str
    kind: str
    mode: int
    owner: int
    reachable: bool
    replaceable: bool


@dataclass(frozen=True, eq=False)
class AccessRights(Artifact):
    """The permissions of the files that matter in a workspace.

    `accounts` counts the other people who can log in: accounts with a login shell, and members
    of a directory service are not known. `unknown` says why the bits of some files mean nothing
    (a file system without owners), by file; `more` counts files beyond those kept.
    """

    files: tuple[FileAccess, ...]
    accounts: int
    unknown: tuple[str, ...] = ()
    more: int = 0
