"""SEC003 exposed-permissions."""

from __future__ import annotations

import stat
from collections.abc import Sequence

from ml_debugger.artifacts import AccessRights, FileAccess
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

SHOWN = 5


@check(
    code="SEC003",
    name="exposed-permissions",
    component="infrastructure",
    playbook="disk-and-checkpoints",
    limits=(
        Limit(
            "writable_by_all",
            "files",
            "above",
            "secrets and models that every account may change or replace",
            "one is enough: a model that is a pickle runs as whoever loads it (CWE-732)",
            fail=0,
        ),
        Limit(
            "readable_by_all",
            "files",
            "above",
            "secrets that every account may read",
            "libpq ignores a .pgpass that others may read, and Kaggle's client warns of its key; "
            "a default umask of 022 makes such files without intent, so it warns",
            warn=0,
        ),
        Limit(
            "open_private_keys",
            "files",
            "above",
            "private keys that anyone but their owner may use",
            "OpenSSH, authfile.c: a key with any bit of 077 set is ignored",
            warn=0,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
)
def exposed_permissions(rights: AccessRights) -> Outcome:
    """Secrets or model files are writable or readable by everyone.

    What it measures:
        The permission bits of the files that hold secrets (by name, such as `.env`, `kaggle.json`
        and private keys, or because a secret was found in them) and of checkpoints and models,
        and the bits of the folders above them. A file counts as open when every account may read
        or write it and no folder above keeps others out; a folder that everyone may write to
        without the sticky bit lets them replace the file. Group bits are left alone: a umask of
        002 with a group for each user is ordinary. Where nobody else can log in, as on a rented
        box with one account or in a container, open bits are told and not counted. Private keys
        are judged by OpenSSH's own rule. File systems that keep no permissions are not judged.

    Why it matters:
        Whoever may write a checkpoint runs code as the user who loads it next. Whoever may read
        a broker's key trades with it. On a shared machine or a network volume that is everyone.

    What to do:
        `chmod 600` for secrets, `chmod o-w` for models, `chmod o-w,+t` for folders that several
        people share. Change a secret that was open for a while. Look for `umask 000` and
        `chmod -R 777` in images and start scripts.

    Sources:
        CWE-732 and CWE-276. OpenSSH, authfile.c, sshkey_perm_ok. PostgreSQL documentation, The
        Password File. POSIX.1-2024, chmod: the sticky bit of folders. login.defs(5): UID_MIN.
    """
    if not rights.files:
        return NotMeasured(
            rights.unknown[0] if rights.unknown else "no file that matters was found"
        )
    writable = [file for file in rights.files if _writable(file)]
    readable = [
        file
        for file in rights.files
        if file.kind == "secret" and file.reachable and file.mode & stat.S_IROTH
    ]
    keys = [file for file in rights.files if file.kind == "private-key" and file.mode & 0o077]
    counted = rights.accounts > 0
    values = {
        "writable_by_all": float(len(writable) if counted else 0),
        "readable_by_all": float(len(readable) if counted else 0),
        "open_private_keys": float(len(keys)),
    }
    found = list(dict.fromkeys([*writable, *keys, *readable] if counted else keys))
    if not found:
        return Measurement(_quiet(rights, len({*writable, *readable})), values)
    return Measurement(
        _title(found[0], found, writable if counted else []),
        values,
        tuple(
            Evidence(file.kind, f"mode {file.mode:04o}", None, file.path) for file in found[:SHOWN]
        ),
        path=found[0].path,
    )


def _writable(file: FileAccess) -> bool:
    return file.replaceable or bool(file.reachable and file.mode & stat.S_IWOTH)


def _title(first: FileAccess, found: Sequence[FileAccess], writable: Sequence[FileAccess]) -> str:
    if first in writable:
        what = "may be changed by everyone"
    elif first.kind == "private-key":
        what = f"is a private key with mode {first.mode:04o}"
    else:
        what = "holds a secret that everyone may read"
    more = f", and {len(found) - 1:,} more" if len(found) > 1 else ""
    return f"{first.path} {what}{more}"


def _quiet(rights: AccessRights, bare: int) -> str:
    count = f"{len(rights.files):,} file" + ("s" if len(rights.files) != 1 else "")
    if bare:
        return f"{bare:,} of {count} open to everyone, but nobody else can log in"
    return f"Secrets and models in {count} are closed to everyone else"
