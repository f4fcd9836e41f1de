"""Secrets and models that everyone may read or write, where there is anyone else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from checks.security.exposed_permissions import exposed_permissions
from ml_debugger.artifacts import AccessRights, FileAccess
from ml_debugger.contract import Measurement, NotMeasured, Settings, Status
from ml_debugger.readers.opening import open_whole
from ml_debugger.testing.plant import faults
from ml_debugger.workspace.access import access_rights
from ml_debugger.workspace.discovery import discover


def judge(rights: AccessRights) -> Status:
    outcome = exposed_permissions.run((rights,), Settings({}))
    if isinstance(outcome, NotMeasured):
        return Status.SKIP
    limits = {limit.name: limit for limit in exposed_permissions.limits}
    return max(
        (limits[name].judge(value) for name, value in outcome.values.items()),
        key=lambda status: status.gravity,
    )


def rights_of(workspace: Path) -> AccessRights:
    discovery = discover([workspace], relative_to=workspace)
    artifacts = [a for f in discovery.found for a in open_whole(f.file, f.shown, named=False)]
    (found,) = access_rights(discovery, artifacts)
    return found


def one(
    kind: str,
    mode: int,
    *,
    accounts: int = 3,
    reachable: bool = True,
    replaceable: bool = False,
) -> AccessRights:
    file = FileAccess("a", kind, mode, 1000, reachable, replaceable)
    return AccessRights("permissions", None, (file,), accounts)


def test_the_clean_twin_passes(twin: Path) -> None:
    rights = rights_of(twin)
    assert len(rights.files) >= 10
    assert judge(rights) is Status.PASS


def test_the_planted_key_is_found(twin: Path) -> None:
    faults()["exposed-permissions"].plant(twin, np.random.default_rng(1))
    rights = rights_of(twin)
    assert judge(rights) is Status.WARN
    outcome = exposed_permissions.run((rights,), Settings({}))
    assert isinstance(outcome, Measurement)
    assert outcome.title == "keys/id_ed25519 is a private key with mode 0644"
    assert outcome.path == "keys/id_ed25519"


@pytest.mark.parametrize(
    ("rights", "expected"),
    [
        (one("secret", 0o600), Status.PASS),
        (one("secret", 0o644), Status.WARN),
        (one("secret", 0o640), Status.PASS),
        (one("secret", 0o666), Status.FAIL),
        (one("model", 0o644), Status.PASS),
        (one("model", 0o664), Status.PASS),
        (one("model", 0o666), Status.FAIL),
        (one("model", 0o777), Status.FAIL),
        (one("model", 0o644, replaceable=True), Status.FAIL),
        (one("model", 0o666, reachable=False), Status.PASS),
        (one("secret", 0o644, reachable=False), Status.PASS),
        (one("model", 0o666, accounts=0), Status.PASS),
        (one("secret", 0o644, accounts=0), Status.PASS),
        (one("private-key", 0o600), Status.PASS),
        (one("private-key", 0o640), Status.WARN),
        (one("private-key", 0o644, accounts=0, reachable=False), Status.WARN),
    ],
)
def test_who_may_do_what(rights: AccessRights, expected: Status) -> None:
    assert judge(rights) is expected


def test_open_bits_on_a_box_of_one_are_told() -> None:
    outcome = exposed_permissions.run((one("model", 0o666, accounts=0),), Settings({}))
    assert isinstance(outcome, Measurement)
    assert outcome.title == "1 of 1 file open to everyone, but nobody else can log in"


def test_unknown_permissions_are_no_pass() -> None:
    assert judge(AccessRights("permissions", None, (), 3, ("a: drvfs keeps no permissions",))) is (
        Status.SKIP
    )
