"""Judging has a budget; what cannot wait does not."""

from __future__ import annotations

import math

import pytest

from ml_debugger.errors import UsageError
from ml_debugger.monitor import TrainingMonitor
from ml_debugger.monitor.looking import Looking
from ml_debugger.monitor.policy import Policy, line_of
from tests.monitor.live import Judge, finding


class Live:
    def artifact(self):
        return None


class Seen(Judge):
    def look(self, _artifacts):
        self.looks += 1
        return []


def test_looks_become_rarer_as_they_cost_more(monkeypatch) -> None:
    now = [0.0]
    monkeypatch.setattr("ml_debugger.monitor.looking.time.perf_counter", lambda: now[0])

    class Slow(Seen):
        def look(self, artifacts):
            now[0] += 0.05 * (self.looks + 1)
            return super().look(artifacts)

    judge = Slow()
    looking = Looking(Policy(), 0.005, judge, None)
    looking.begin(0.0)
    while now[0] < 3600:
        now[0] += 1.0
        looking.look_if_due(Live(), [(0.0, {"train_loss": 1.0})], now[0])
    assert 15 < judge.looks < 30
    assert looking.spent() <= 0.005 * 3600


def test_values_that_are_no_numbers_are_looked_at_without_waiting_three_times() -> None:
    judge = Seen()
    looking = Looking(Policy(), 1e-9, judge, None)
    looking.begin(0.0)
    looking.look_if_due(Live(), [(0.0, {"train_loss": 1.0})], 1.0)
    assert judge.looks == 0
    for step in range(9):
        looking.look_if_due(Live(), [(step, {"val_loss": math.inf})], 1.0)
    assert judge.looks == 3


def test_saving_comes_once_and_before_stopping() -> None:
    order = []
    policy = Policy(
        on_finding=lambda found: order.append(found.status.value),
        stop_on=finding().status,
        save=lambda: order.append("save"),
    )
    policy.act(finding(status="warn"))
    assert order == ["warn"]
    assert policy.stop is None
    policy.act(finding())
    policy.act(finding())
    assert order == ["warn", "fail", "save", "fail"]
    assert policy.stop == finding()


def test_a_function_of_the_user_that_fails_is_reported(caplog) -> None:
    def broken(_found):
        raise KeyError("who")

    policy = Policy(on_finding=broken, save=lambda: 1 / 0)
    policy.act(finding())
    assert [r.message for r in caplog.records] == [
        "on_finding failed: KeyError: 'who'",
        "save failed: ZeroDivisionError: division by zero",
    ]


def test_a_finding_in_one_line() -> None:
    text = line_of(finding(caused_by=("GRD002",)))
    assert text == (
        "FAIL TRN006 loss-plateau: seen (because of GRD002); see 'diagnostic explain TRN006'"
    )


@pytest.mark.parametrize("given", [{"stop_on": "error"}, {"every": 0}, {"overhead": 2.0}])
def test_wrong_settings_are_an_error_at_once(given) -> None:
    with pytest.raises(UsageError):
        TrainingMonitor("run", **given)
