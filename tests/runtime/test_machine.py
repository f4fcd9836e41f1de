"""What each probe is asked for follows from the checks of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ml_debugger.artifacts import GpuSnapshot, StorageSnapshot
from ml_debugger.probes.probe import ProbeFailure
from ml_debugger.runtime import machine
from ml_debugger.runtime.machine import take_machine
from ml_debugger.runtime.registry import registry
from ml_debugger.workspace.configuration import load


class Taking:
    """Stands in for the probes and remembers what they were asked for."""

    def __init__(self) -> None:
        self.names: Sequence[str] = ()
        self.arguments: Mapping[str, Sequence[str]] = {}
        self.deadlines: Mapping[str, float] = {}

    def __call__(self, names: Sequence[str], deadlines: Any, *, arguments: Any) -> list[Any]:
        self.names, self.deadlines, self.arguments = names, deadlines, arguments
        return [ProbeFailure(name, "no answer", 1.0) for name in names]


@pytest.fixture
def taking(monkeypatch: pytest.MonkeyPatch) -> Taking:
    stand_in = Taking()
    monkeypatch.setattr(machine, "take", stand_in)
    return stand_in


def test_only_what_is_judged_is_asked(taking: Taking, tmp_path: Path) -> None:
    checks = [registry()["STO001"], registry()["GPU003"]]
    found = take_machine(checks, [tmp_path], load(tmp_path))
    assert list(taking.names) == ["gpu", "storage"]
    assert "--write" not in taking.arguments["storage"]
    assert "--walk" not in taking.arguments["storage"]
    assert found.failures == {StorageSnapshot: "the storage probe failed: no answer"}
    (gpu,) = found.snapshots
    assert isinstance(gpu, GpuSnapshot)
    assert gpu.state == "unreachable"


def test_a_look_alone_writes_and_fits_nothing(taking: Taking, tmp_path: Path) -> None:
    checks = [registry()["STO003"], registry()["STO007"], registry()["ENV003"]]
    take_machine(checks, [tmp_path], load(tmp_path))
    assert {"--write", "--walk", str(tmp_path)} <= set(taking.arguments["storage"])
    assert "--fits" in taking.arguments["environment"]
    assert "--all-reduce" not in taking.arguments["environment"]
    take_machine(checks, [tmp_path], load(tmp_path), looks_only=True)
    assert "--write" not in taking.arguments["storage"]
    assert "--walk" in taking.arguments["storage"]
    assert "--fits" not in taking.arguments["environment"]


def test_an_all_reduce_is_part_of_a_full_run_on_several_cards_alone(
    taking: Taking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = [registry()["ENV003"], registry()["TRN001"]]
    cards = ["/dev/nvidia0"]
    monkeypatch.setattr(machine, "device_files", lambda: cards)
    take_machine(checks, [], load(tmp_path))
    assert "--all-reduce" not in taking.arguments["environment"]
    cards.append("/dev/nvidia1")
    take_machine(checks, [], load(tmp_path))
    assert "--all-reduce" in taking.arguments["environment"]
    quick = load(tmp_path).with_flags({"run.profile": "quick"})
    take_machine(checks, [], quick)
    assert "--all-reduce" not in taking.arguments["environment"]


def test_an_interpreter_has_longer_than_a_mount(taking: Taking, tmp_path: Path) -> None:
    take_machine([registry()["ENV003"]], [], load(tmp_path))
    assert taking.deadlines["environment"] == 60
    assert taking.deadlines["host"] < 20
