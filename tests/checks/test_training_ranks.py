"""desynchronised-ranks: fires on ranks that fell apart, silent on those that agree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from checks.training.desynchronised_ranks import desynchronised_ranks
from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.contract import Measurement, NotMeasured, Settings, Status
from ml_debugger.readers.opening import open_file
from ml_debugger.testing.faults.training_ranks import plant_desynchronised_ranks
from ml_debugger.testing.twins import ranks


def run_of(**curves: Sequence[float]) -> TrainingRun:
    made = {
        name: Curve(
            name,
            name,
            [100.0 * (i + 1) for i in range(len(values))],
            values,
            list(range(1, len(values) + 1)),
        )
        for name, values in curves.items()
    }
    return TrainingRun("run", None, format="log", step_unit="step", curves=made)


def judged(run: TrainingRun) -> tuple[Status, Measurement]:
    outcome = desynchronised_ranks.run([run], Settings({}))
    assert isinstance(outcome, Measurement)
    limits = {limit.name: limit for limit in desynchronised_ranks.limits}
    found = [limits[name].judge(value) for name, value in outcome.values.items()]
    return max(found, key=lambda status: status.gravity), outcome


@pytest.mark.parametrize(
    ("apart", "lost", "expected"),
    [
        ([0] * 30, [0] * 30, Status.PASS),
        ([0], [0], Status.PASS),
        ([0, 0, 0, 1], [0] * 4, Status.PASS),
        ([0, 0, 1, 1], [0] * 4, Status.WARN),
        ([0, 0, 1, 1, 2], [0] * 5, Status.FAIL),
        ([3] * 10, [0] * 10, Status.FAIL),
        # averaged again: parameters that come together now and then are no lost copies
        ([1, 1, 1, 1, 0], [0] * 5, Status.PASS),
        ([0] * 5, [0, 0, 1, 0, 0], Status.FAIL),
    ],
)
def test_what_counts(apart, lost, expected) -> None:
    status, _ = judged(run_of(ranks_apart=apart, ranks_non_finite=lost))
    assert status is expected


def test_it_says_where_it_began() -> None:
    _, outcome = judged(
        run_of(ranks_apart=[0, 1, 1, 1], **{"rank_spread/weight_norm": [0, 1e-6, 1e-5, 1e-4]})
    )
    assert outcome.title == "Parameters differ between ranks from step 200 on"
    assert outcome.line == 2
    assert [evidence.value for evidence in outcome.evidence] == [1, 1e-4]


def test_a_run_of_one_process_is_not_judged() -> None:
    assert isinstance(
        desynchronised_ranks.run([run_of(train_loss=[1.0])], Settings({})), NotMeasured
    )


def test_it_fires_on_the_planted_fault_and_not_on_the_twin(tmp_path) -> None:
    rng = np.random.default_rng(3)
    ranks.write(tmp_path, rng)
    clean = open_file(tmp_path / ranks.LOG, "log", named=True)[0]
    assert judged(clean)[0] is Status.PASS
    assert plant_desynchronised_ranks(tmp_path, rng).startswith("rank ")
    status, outcome = judged(open_file(tmp_path / ranks.LOG, "log", named=True)[0])
    assert status is Status.FAIL
    assert "hold different parameters" in str(outcome.evidence[0].value)
