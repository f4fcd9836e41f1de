"""The interpreter that trains is asked in processes of its own."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ml_debugger.artifacts.environment import Card, Environment
from ml_debugger.probes.environment import Wanted, take_snapshot

FITS = Wanted(fits=True)
NOTHING = Wanted()


class StandIn:
    """A script that answers as an interpreter does, program by program."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "python"
        self.cases: dict[str, str] = {}

    def answers(self, word: str, body: str) -> None:
        """What it does when it is given a program with that word."""
        self.cases[word] = body

    def says(self, word: str, said: dict[str, Any]) -> None:
        """The object that it prints for a program with that word."""
        self.answers(word, f"cat <<'END'\nwelcome\n{json.dumps(said)}\nEND")

    @property
    def path(self) -> str:
        """The script, written as it is now."""
        cases = "".join(f"*'{word}'*)\n{body}\n;;\n" for word, body in self.cases.items())
        self.file.write_text(f'#!/bin/sh\ncase "$2" in\n{cases}esac\n')
        self.file.chmod(0o755)
        return str(self.file)


@pytest.fixture
def stand_in(tmp_path: Path) -> StandIn:
    made = StandIn(tmp_path)
    made.says(
        "importlib.metadata",
        {
            "python_version": "3.12.1",
            "packages": {"torch": "2.7.1", "xgboost": "2.0", "lightgbm": "4.6"},
            "torch_version_file": "__version__ = '2.7.1'\ncuda: Optional[str] = '12.6'\nhip = None",
        },
    )
    return made


def take(python: str, wanted: Wanted = FITS, **more: Any) -> Environment:
    given = {"gpu_seen": True, "variables": {}, **more}
    return take_snapshot(python, wanted, **given)


def test_this_interpreter_names_its_packages() -> None:
    environment = take(sys.executable, NOTHING, gpu_seen=False)
    assert environment.problem is None
    assert environment.python_version == sys.version.split()[0]
    assert "numpy" in environment.packages
    assert environment.conflicts is not None
    assert environment.xgboost_gpu is None


def test_what_its_files_say_of_torch_needs_no_import(stand_in: StandIn) -> None:
    environment = take(stand_in.path, gpu_seen=False)
    assert environment.torch is not None
    assert (environment.torch.cuda, environment.torch.hip) == ("12.6", None)
    assert environment.torch.available is None


def test_every_fit_is_a_process_of_its_own(stand_in: StandIn) -> None:
    stand_in.says("_cuda_getArchFlags", {"available": True, "architectures": ["sm_90"]})
    stand_in.says("xgboost.train", {"state": "works", "detail": "the tiny fit ran on cuda:0"})
    stand_in.answers("lightgbm.train", "echo 'terminate called' >&2; kill -ABRT $$")
    environment = take(stand_in.path)
    assert environment.torch is not None
    assert (environment.torch.available, environment.torch.architectures) == (True, ("sm_90",))
    assert (environment.xgboost_gpu, environment.lightgbm_gpu) == ("works", "fails")
    assert environment.lightgbm_detail == "did not answer: terminate called"
    assert take(stand_in.path, NOTHING).xgboost_gpu is None


def test_a_slow_import_of_torch_costs_nothing_else(stand_in: StandIn) -> None:
    stand_in.answers("_cuda_getArchFlags", "exec sleep 20")
    stand_in.says("xgboost.train", {"state": "works", "detail": "d"})
    stand_in.answers("lightgbm.train", "exec sleep 20")
    begun = time.monotonic()
    environment = take(stand_in.path, deadline=1.5)
    assert time.monotonic() - begun < 60
    assert environment.torch is not None
    assert environment.torch.cuda == "12.6"
    assert (environment.torch.problem or "").startswith("no answer within")
    assert environment.xgboost_gpu == "works"
    # slow is not broken
    assert environment.lightgbm_gpu is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("echo 'bad magic number' >&2; exit 1", "did not answer: bad magic number"),
        ("exit 3", "did not answer: exit code 3"),
        ("kill -SEGV $$", "did not answer: signal 11"),
        ("echo '[1, 2]'", "did not answer: exit code 0"),
        ("echo '{\"a\": 1}'", "did not answer: exit code 0"),
    ],
)
def test_an_interpreter_that_fails_is_a_problem(body: str, said: str, stand_in: StandIn) -> None:
    stand_in.cases = {"": body}
    assert take(stand_in.path).problem == said


def test_an_interpreter_that_is_missing_is_a_problem(tmp_path: Path) -> None:
    assert take(str(tmp_path / "python")).problem == "No such file or directory"


def test_an_interpreter_that_hangs_costs_its_deadline(stand_in: StandIn) -> None:
    stand_in.cases = {"": "exec sleep 20"}
    assert take(stand_in.path, deadline=0.1).problem == "no answer within 0.1 s"


def test_processes_are_added_up_where_a_world_is_set_or_it_is_asked_for(
    stand_in: StandIn,
) -> None:
    stand_in.says("dist.all_reduce", {"state": "fails", "detail": "Connection refused"})
    assert take(stand_in.path, gpu_seen=False).all_reduce is None
    own = {"WORLD_SIZE": "2", "HF_TOKEN": "hf_secret", "TORCH_API_KEY": "x", "RANK": "0"}
    environment = take(stand_in.path, gpu_seen=False, variables=own)
    assert environment.all_reduce == "fails"
    assert environment.all_reduce_detail == "Connection refused"
    assert environment.variables == {"WORLD_SIZE": "2", "RANK": "0"}
    assert take(stand_in.path, Wanted(all_reduce=True), gpu_seen=False).all_reduce == "fails"


def test_what_was_given_is_handed_on(stand_in: StandIn, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import torch\ntorch.manual_seed(1)  # autocast\n")
    cards = ((Card("a card", "9.0"),), "12.8")
    environment = take(stand_in.path, Wanted(code=(str(tmp_path),)), cards=cards)
    assert environment.said == {"manual_seed": f"{tmp_path}/train.py:2"}
    assert (environment.cards, environment.driver_cuda) == cards
    assert {cache.kind for cache in environment.caches} == {"cuda", "inductor", "triton"}
    assert take(stand_in.path, NOTHING).said is None
