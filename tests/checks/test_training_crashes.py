"""Crashes, exhausted memory, full disks and lost collectives are told from the text of logs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from checks.training.cuda_out_of_memory import cuda_out_of_memory
from checks.training.incomplete_run import incomplete_run
from checks.training.nccl_timeout import nccl_timeout
from checks.training.no_space_left import no_space_left
from checks.training.run_crashed import run_crashed
from checks.training.stalled_run import stalled_run
from ml_debugger.artifacts import Artifact
from ml_debugger.contract import Status
from ml_debugger.readers.opening import open_file
from ml_debugger.testing.plant import faults
from ml_debugger.testing.twins import logs as twin
from ml_debugger.testing.twins.logs import LOG
from tests.checks.crash_texts import CRASHES
from tests.checks.healthy_logs import HEALTHY
from tests.checks.log_judging import judged, log_of, read_log

SPECIAL = (cuda_out_of_memory, no_space_left, nccl_timeout)


@pytest.mark.parametrize("name", CRASHES)
def test_a_crash_is_named(name: str, tmp_path: Path) -> None:
    crash = CRASHES[name]
    found = read_log(tmp_path, crash.text)
    status, outcome = judged(run_crashed, found)
    assert status is Status.FAIL
    assert outcome is not None
    told = outcome.title + " ".join(str(one.value) for one in outcome.evidence)
    for words in crash.says:
        assert words in told
    assert {c.name for c in SPECIAL if judged(c, found)[0] is Status.FAIL} == (
        {crash.named} if crash.named else set()
    )


@pytest.mark.parametrize("name", [name for name, crash in CRASHES.items() if crash.amounts])
def test_amounts_of_memory_are_read(name: str, tmp_path: Path) -> None:
    crash = CRASHES[name]
    _, outcome = judged(cuda_out_of_memory, read_log(tmp_path, crash.text))
    assert outcome is not None
    read = {one.name: one.value for one in outcome.evidence}
    told = {name: value for name, value in crash.amounts.items() if name in read}
    assert len(told) >= min(3, len(crash.amounts))
    assert {name: read[name] for name in told} == pytest.approx(told, rel=1e-4)


@pytest.mark.parametrize("name", HEALTHY)
def test_frightening_words_accuse_nobody(name: str, tmp_path: Path) -> None:
    found = read_log(tmp_path, HEALTHY[name])
    assert log_of(found).lines
    for check in (run_crashed, *SPECIAL, incomplete_run, stalled_run):
        status, outcome = judged(check, found)
        assert not status.is_finding, (check.name, outcome)


@pytest.mark.parametrize("name", ["torch oom, new words", "key error", "gloo", "bare killed"])
def test_a_process_that_goes_on_has_not_ended(name: str, tmp_path: Path) -> None:
    log = replace(log_of(read_log(tmp_path, CRASHES[name].text)), running=True)
    for check in (run_crashed, *SPECIAL):
        assert judged(check, [log])[0] is not Status.FAIL


FAULTS = {
    "run-crashed": run_crashed,
    "cuda-out-of-memory": cuda_out_of_memory,
    "no-space-left": no_space_left,
    "nccl-timeout": nccl_timeout,
    "incomplete-run": incomplete_run,
    "stalled-run": stalled_run,
}


def _read_twin(folder: Path) -> list[Artifact]:
    return list(open_file(folder / LOG, str(LOG), named=True))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", FAULTS)
def test_the_planted_fault_is_found(name: str, seed: int, tmp_path: Path) -> None:
    twin.write(tmp_path, np.random.default_rng(seed))
    assert faults()[name].plant(tmp_path, np.random.default_rng(seed))
    status, outcome = judged(FAULTS[name], _read_twin(tmp_path))
    assert status.is_finding, outcome


@pytest.mark.parametrize("seed", range(5))
def test_the_twin_is_looked_at_and_accused_of_nothing(seed: int, tmp_path: Path) -> None:
    twin.write(tmp_path, np.random.default_rng(seed))
    found = _read_twin(tmp_path)
    for check in FAULTS.values():
        status, outcome = judged(check, found)
        assert status is Status.PASS, (check.name, outcome)
