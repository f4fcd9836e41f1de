from __future__ import annotations

from collections.abc import Sequence

import pytest

from ml_debugger.contract import Status
from ml_debugger.runtime.playbook_file import parse
from ml_debugger.runtime.playbook_model import AnyStep, CommandStep
from ml_debugger.runtime.playbook_runner import (
    CommandOutcome,
    StepFinished,
    StepStarted,
    WalkFinished,
    walk,
)
from ml_debugger.runtime.report import Report

PLAYBOOK = parse(
    """
id = "test"
title = "a title"
category = "training"
codes = ["TRN001"]
symptoms = ["a symptom"]

[[step]]
name = "confirm"
title = "Confirm"
checks = ["finding"]
found = "It is there."
clean = "It is gone."
clean_to = "end"

[[step]]
name = "cause"
title = "Cause"
checks = ["unscaled-feature"]
found = "Scale it."
clean = "Scale is sound."

[[step]]
name = "command"
title = "Command"
command = "diagnostic check"
expect = { exit = 0, text = "grade" }
differs = "Repair it."

[[step]]
name = "ask"
title = "Ask"
question = "Trained again?"
choices = [{ answer = "yes" }, { answer = "no", to = "end", advice = "Train." }]

[[step]]
name = "close"
title = "Close"
checks = ["finding"]
found = "Still there."
clean = "Closed."
""",
    "test.toml",
)


class Hands:
    """Answers from lists: statuses of successive check runs, command outcomes, answers."""

    def __init__(self, make, result, statuses, answers=("go on", "yes"), outcome=None) -> None:
        self._make, self._result = make, result
        self._statuses = list(statuses)
        self._answers = list(answers)
        self._outcome = outcome or CommandOutcome(0, "grade A")
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.ran: list[tuple[str, ...]] = []

    def run_checks(self, words: Sequence[str]) -> Report:
        self.ran.append(tuple(words))
        status = self._statuses.pop(0)
        code = "TRN001" if "TRN001" in words else "FEA003"
        return self._make(self._result(code, status=status, reason="because"))

    def run_command(self, step: CommandStep) -> CommandOutcome:
        self.ran.append(step.command)
        return self._outcome

    def ask(self, step: AnyStep, _text: str, choices: Sequence[str]) -> str | None:
        self.asked.append((step.name, tuple(choices)))
        return self._answers.pop(0) if self._answers else None


@pytest.fixture
def go(report, result):
    def run(statuses, **given):
        start, noop = given.pop("start", 0), given.pop("noop", False)
        hands = Hands(report, result, statuses, **given)
        events = list(walk(PLAYBOOK, ("TRN001",), hands, start=start, noop=noop))
        return hands, events

    return run


def outcomes(events) -> dict[str, str]:
    return {e.step.name: e.outcome for e in events if isinstance(e, StepFinished)}


FAIL, PASS, SKIP, ERROR = Status.FAIL, Status.PASS, Status.SKIP, Status.ERROR


def test_a_repaired_finding_is_closed_by_its_own_check(go) -> None:
    hands, events = go([FAIL, FAIL, PASS])
    assert outcomes(events) == {
        "confirm": "found",
        "cause": "found",
        "command": "as expected",
        "ask": "answered",
        "close": "nothing found",
    }
    assert events[-1] == WalkFinished("closed", 0, "TRN001: nothing is found any more")
    assert hands.ran[-1] == ("TRN001",)


def test_a_finding_that_stays_is_still_open(go) -> None:
    _, events = go([FAIL, PASS, FAIL], answers=["yes"])
    assert (events[-1].verdict, events[-1].exit_code) == ("still open", 1)


def test_a_check_that_can_no_longer_look_closes_nothing(go) -> None:
    for status in (SKIP, ERROR):
        _, events = go([FAIL, PASS, status], answers=["yes"])
        assert (events[-1].verdict, events[-1].exit_code) == ("incomplete", 3)
        assert "because" in events[-1].reason


def test_nothing_found_at_first_ends_at_once(go) -> None:
    hands, events = go([PASS])
    assert events[-1].verdict == "closed"
    assert len(hands.ran) == 1


def test_a_question_that_nobody_answers_leaves_it_incomplete(go) -> None:
    _, events = go([FAIL, PASS], answers=[])
    assert outcomes(events)["ask"] == "not answered"
    assert (events[-1].verdict, events[-1].exit_code) == ("incomplete", 3)


def test_an_answer_may_end_the_walk_with_advice_and_leaves_the_finding_open(go) -> None:
    _, events = go([FAIL, PASS], answers=["no"])
    assert [e.advice for e in events if isinstance(e, StepFinished)][-1] == "Train."
    assert (events[-1].verdict, events[-1].exit_code) == ("still open", 1)


def test_a_repair_is_tried_by_the_same_step_again(go) -> None:
    hands, events = go([FAIL, FAIL, PASS, PASS], answers=["again", "yes"])
    numbers = [e.number for e in events if isinstance(e, StepStarted)]
    assert numbers == [1, 2, 2, 3, 4, 5]
    assert hands.asked[0] == ("cause", ("go on", "again", "stop"))
    assert events[-1].verdict == "closed"


def test_a_walk_may_be_stopped_after_a_difference(go) -> None:
    _, events = go([FAIL, FAIL], answers=["stop"])
    assert (events[-1].verdict, events[-1].exit_code) == ("still open", 1)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (CommandOutcome(0, "grade A"), "as expected"),
        (CommandOutcome(1, "grade A"), "differs"),
        (CommandOutcome(0, "no score"), "differs"),
        (CommandOutcome(None, reason="took longer than 300 s"), "not done"),
    ],
)
def test_a_command_is_compared_with_what_is_expected(go, outcome, expected) -> None:
    _, events = go([FAIL, PASS, PASS], answers=["go on", "yes", "yes"], outcome=outcome)
    assert outcomes(events)["command"] == expected


def test_checks_that_found_nothing_to_look_at_are_not_clean(go) -> None:
    _, events = go([FAIL, SKIP, PASS], answers=["yes"])
    assert outcomes(events)["cause"] == "not done"


def test_a_walk_may_start_at_its_last_step(go) -> None:
    hands, events = go([PASS], start=4)
    assert events[-1].verdict == "closed"
    assert hands.ran == [("TRN001",)]


def test_noop_shows_every_step_and_does_none(go) -> None:
    hands, events = go([], noop=True)
    assert set(outcomes(events).values()) == {"shown"}
    assert len(outcomes(events)) == 5
    assert not hands.ran
    assert events[-1].exit_code == 0


def test_an_interrupted_check_ends_the_walk(report, result) -> None:
    class Interrupted(Hands):
        def run_checks(self, _words: Sequence[str]) -> Report:
            return report(interrupted=True)

    hands = Interrupted(report, result, [])
    assert list(walk(PLAYBOOK, ("TRN001",), hands))[-1].exit_code == 130
