"""Walking through a playbook: from step to step, until the finding is closed or still open.

The walk knows no terminal. Checks, commands and answers come from callables that the front end
gives; what happens is yielded as events.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ml_debugger.contract import Status
from ml_debugger.runtime.playbook_model import (
    END,
    FINDING,
    NEXT,
    AnyStep,
    ChecksStep,
    CommandStep,
    Playbook,
    QuestionStep,
)
from ml_debugger.runtime.report import FINDINGS, INCOMPLETE, INTERRUPTED, OK, Report

GO_ON, AGAIN, STOP = "go on", "again", "stop"
AFTER_DIFFERENCE = (GO_ON, AGAIN, STOP)
"""What is asked after a step whose outcome differs: the repair may be tried at once."""


@dataclass(frozen=True, slots=True)
class CommandOutcome:
    """How a command ended. `exit` is None where it was not run or ran out of time (`reason`)."""

    exit: int | None
    output: str = ""
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step begins; `number` counts from 1."""

    number: int
    total: int
    step: AnyStep


@dataclass(frozen=True, slots=True)
class StepFinished:
    """A step ended. `outcome` is "found" or "nothing found" (checks), "as expected" or "differs"
    (commands), "answered" or "not answered" (questions), "not done" or "shown" (any).

    `advice` says what to do now; `shown` is what was seen.
    """

    step: AnyStep
    outcome: str
    advice: str = ""
    shown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WalkFinished:
    """The end: "closed", "still open", "incomplete" or "shown", and the exit code."""

    verdict: str
    exit_code: int
    reason: str


WalkEvent = StepStarted | StepFinished | WalkFinished


class Hands(Protocol):
    """What the front end does for a walk."""

    def run_checks(self, words: Sequence[str]) -> Report:
        """Run checks on the workspace and give back their report."""

    def run_command(self, step: CommandStep) -> CommandOutcome:
        """Run a command, or not, when it is not permitted."""

    def ask(self, step: AnyStep, text: str, choices: Sequence[str]) -> str | None:
        """One of the choices; None where nobody answers."""


def walk(
    playbook: Playbook,
    finding: Sequence[str],
    hands: Hands,
    *,
    start: int = 0,
    noop: bool = False,
) -> Iterator[WalkEvent]:
    """Go through a playbook and yield what happens; the last event is `WalkFinished`.

    `finding` holds the codes that the walk is to close. With `noop` every step is shown and none
    is done. The walk ends after at most one visit of each step, repetitions that `ask` wanted
    aside: steps lead forward only.
    """
    steps = playbook.steps
    last: Report | None = None
    index = start
    while index < len(steps):
        step = steps[index]
        yield StepStarted(index + 1, len(steps), step)
        if noop:
            yield StepFinished(step, "shown")
            index += 1
            continue
        to, finished, report = _do(step, finding, hands)
        if isinstance(step, ChecksStep) and FINDING in step.checks:
            last = report
        yield finished
        if finished.outcome == "not answered":
            yield WalkFinished("incomplete", INCOMPLETE, f"step '{step.name}' was not answered")
            return
        if report is not None and report.interrupted:
            yield WalkFinished("incomplete", INTERRUPTED, "interrupted")
            return
        if _wants_repair(step, finished) and index < len(steps) - 1:
            choice = hands.ask(step, "What now?", AFTER_DIFFERENCE)
            if choice == AGAIN:
                continue
            if choice == STOP:
                yield WalkFinished("still open", FINDINGS, f"stopped at step '{step.name}'")
                return
        if to == END:
            break
        index = index + 1 if to == NEXT else playbook.position(to)
    if noop:
        yield WalkFinished("shown", OK, "nothing was done")
    else:
        yield _close(finding, last if to == END else report, ended_early=to == END)


def _wants_repair(step: AnyStep, finished: StepFinished) -> bool:
    """True after a step that found a cause; confirming the finding itself finds none."""
    confirms = isinstance(step, ChecksStep) and FINDING in step.checks
    return finished.outcome in ("found", "differs") and not confirms


def _do(
    step: AnyStep, finding: Sequence[str], hands: Hands
) -> tuple[str, StepFinished, Report | None]:
    """Do a step: where it leads, how it ended, and the report of its checks."""
    match step:
        case ChecksStep():
            words = [w for word in step.checks for w in (finding if word == FINDING else (word,))]
            report = hands.run_checks(words)
            found = any(result.status.is_finding for result in report.results)
            outcome = "found" if found else "nothing found"
            seen = bool(found or any(r.status is Status.PASS for r in report.results))
            if not seen:
                finished = StepFinished(step, "not done", "", _shown(report))
                return NEXT, finished, report
            advice = step.found if found else step.clean
            to = step.found_to if found else step.clean_to
            return to, StepFinished(step, outcome, advice, _shown(report)), report
        case CommandStep():
            return (*_command(step, hands.run_command(step)), None)
        case QuestionStep():
            answers = {choice.answer: choice for choice in step.choices}
            answer = hands.ask(step, step.question, tuple(answers))
            if answer not in answers:
                return NEXT, StepFinished(step, "not answered"), None
            choice = answers[answer]
            return choice.to, StepFinished(step, "answered", choice.advice, (answer,)), None


def _command(step: CommandStep, outcome: CommandOutcome) -> tuple[str, StepFinished]:
    shown = tuple(outcome.output.splitlines())
    if outcome.exit is None:
        return NEXT, StepFinished(step, "not done", outcome.reason or "", shown)
    right = step.exit in (None, outcome.exit) and (step.text or "") in outcome.output
    if right:
        return NEXT, StepFinished(step, "as expected", "", shown)
    seen = f"exit code {outcome.exit}, expected {expectation(step)}"
    return step.differs_to, StepFinished(step, "differs", step.differs, (*shown, seen))


def expectation(step: CommandStep) -> str:
    """The expected outcome of a command in words."""
    parts = [f"exit code {step.exit}"] if step.exit is not None else []
    return " and ".join([*parts, *([f'the text "{step.text}"'] if step.text else [])])


def _shown(report: Report) -> tuple[str, ...]:
    """One line for each result, passes counted together."""
    lines = [
        f"{r.status.value} {r.code} {r.name} ({r.subject}): "
        f"{r.title if r.status.is_finding else r.reason}"
        for r in report.results
        if r.status is not Status.PASS
    ]
    passed = sorted({r.code for r in report.results if r.status is Status.PASS})
    return (*lines, *([f"pass {' '.join(passed)}"] if passed else ()))


def _close(finding: Sequence[str], report: Report | None, *, ended_early: bool) -> WalkFinished:
    codes = " ".join(finding)
    if report is None:
        return WalkFinished("still open", FINDINGS, f"{codes} was not run again: do this first")
    results = [result for result in report.results if result.code in finding]
    found = [result for result in results if result.status.is_finding]
    if found:
        why = "do what the answer says first" if ended_early else found[0].title
        return WalkFinished("still open", FINDINGS, f"{found[0].code}: {why}")
    failed = [result for result in results if result.status is Status.ERROR]
    if failed or report.broken or not any(r.status is Status.PASS for r in results):
        reason = report.broken or next((r.reason for r in (*failed, *results) if r.reason), "")
        return WalkFinished("incomplete", INCOMPLETE, f"{codes} could not look: {reason}")
    return WalkFinished("closed", OK, f"{codes}: nothing is found any more")
