"""Who may read and write secrets and models, by bits of files and of the folders above."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ml_debugger.artifacts import AccessRights, FileAccess
from ml_debugger.readers.opening import open_whole
from ml_debugger.testing.hostile_pickles import CALL
from ml_debugger.workspace import access
from ml_debugger.workspace.discovery import discover

Write = Callable[[str, str | bytes], Path]
PEM = "-----BEGIN {0}-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END {0}-----\n"


def rights(folder: Path) -> list[AccessRights]:
    discovery = discover([folder], relative_to=folder)
    artifacts = [a for f in discovery.found for a in open_whole(f.file, f.shown, named=False)]
    return access.access_rights(discovery, artifacts)


def files(folder: Path) -> dict[str, FileAccess]:
    return {one.path: one for found in rights(folder) for one in found.files}


def test_models_secrets_and_hidden_files_are_looked_at(tmp_path: Path, write: Write) -> None:
    write("models/m.pkl", CALL)
    write("models/.env", "A=1\n")
    write(".env", "A=1\n")
    write("kaggle.json", '{"username": "a"}')
    write("keys/id_rsa", PEM.format("RSA PRIVATE KEY"))
    write("keys/chain.pem", PEM.format("CERTIFICATE"))
    write(
        "train.log",
        "2025-01-01 12:00:00 start\nWANDB_API_KEY=" + "5ed7e70cad19461922995d84016e51c6b36d6f3c\n",
    )
    write("notes.log", "2025-01-01 12:00:00 start\n")
    assert {path: one.kind for path, one in files(tmp_path).items()} == {
        "models/m.pkl": "model",
        "models/.env": "secret",
        ".env": "secret",
        "kaggle.json": "secret",
        "keys/id_rsa": "private-key",
        "train.log": "secret",
    }


def test_a_workspace_without_any_has_none(tmp_path: Path, write: Write) -> None:
    write("notes.log", "2025-01-01 12:00:00 start\n")
    assert rights(tmp_path) == []


def test_folders_above_decide_who_gets_there(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write("models/m.pkl", CALL)
    modes = dict.fromkeys((file.parent, *file.parent.parents), 0o755)
    monkeypatch.setattr(access, "_mode", modes.__getitem__)
    assert files(tmp_path)["models/m.pkl"].reachable
    modes[file.parent] = 0o777
    assert files(tmp_path)["models/m.pkl"].replaceable
    modes[file.parent] = 0o1777
    assert not files(tmp_path)["models/m.pkl"].replaceable
    modes[tmp_path] = 0o700
    assert not files(tmp_path)["models/m.pkl"].reachable


def test_file_systems_without_owners_are_not_judged(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("m.pkl", CALL)
    monkeypatch.setattr(access, "_mounts", lambda: ((str(tmp_path), "drvfs"), ("/", "ext4")))
    (found,) = rights(tmp_path)
    assert (found.files, found.unknown) == ((), ("m.pkl: drvfs keeps no permissions",))


def test_only_people_who_can_log_in_count(monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        def __init__(self, number: int, shell: str) -> None:
            self.pw_uid, self.pw_shell = number, shell

    entries = [
        Entry(0, "/bin/bash"), Entry(33, "/bin/sh"), Entry(1000, "/bin/bash"),
        Entry(1001, "/usr/sbin/nologin"), Entry(1002, "/bin/zsh"), Entry(65534, "/bin/sh"),
    ]  # fmt: skip
    monkeypatch.setattr(access.pwd, "getpwall", lambda: entries)
    monkeypatch.setattr(access.os, "getuid", lambda: 1000)
    access.other_accounts.cache_clear()
    assert access.other_accounts() == 1
    access.other_accounts.cache_clear()
