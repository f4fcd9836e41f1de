"""A finding of a live run stands when it lasts."""

from __future__ import annotations

from ml_debugger.contract import Result, Status
from ml_debugger.monitor.standing import PATIENCE, Standing


def finding(name: str = "loss-plateau", caused_by: tuple[str, ...] = ()) -> Result:
    """A failure of a run."""
    return Result(
        "TRN006", name, "training", Status.FAIL, name, "title", caused_by=caused_by
    )  # fmt: skip


def test_it_stands_in_a_later_look_that_knows_more() -> None:
    standing, one = Standing(), finding()
    assert standing.of([one], seen=10, now=0.0) == []
    assert standing.of([one], seen=10, now=2.0) == []
    assert standing.of([one], seen=11, now=4.0) == [one]


def test_one_that_goes_away_begins_anew() -> None:
    standing, one = Standing(), finding()
    standing.of([one], seen=10, now=0.0)
    standing.of([], seen=11, now=2.0)
    assert standing.of([one], seen=12, now=4.0) == []


def test_a_hang_stands_after_a_minute() -> None:
    standing, one = Standing(), finding()
    standing.of([one], seen=10, now=0.0)
    assert standing.of([one], seen=10, now=PATIENCE + 1) == [one]


def test_a_nan_and_the_end_do_not_wait() -> None:
    lost, one = finding("non-finite-loss"), finding()
    assert Standing().of([lost, one], seen=1, now=0.0) == [lost]
    assert Standing().of([one], seen=1, now=0.0, final=True) == [one]


def test_roots_come_first_and_a_pass_never() -> None:
    root, after = finding("exploding-gradient"), finding("diverging-loss", ("GRD002",))
    passed = Result("TRN001", "non-finite-loss", "training", Status.PASS, "run", "title")
    assert Standing().of([after, root, passed], seen=1, now=0.0, final=True) == [root, after]
