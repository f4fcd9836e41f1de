"""A command that is lost gets SIGINT, then SIGTERM, and never SIGKILL."""

from __future__ import annotations

from signal import SIGINT, SIGTERM, Signals

from ml_debugger.monitor.wrapped.ending import Ending


def test_signals_follow_each_other_after_the_grace() -> None:
    sent: list[Signals] = []
    ending = Ending(sent.append, grace=30.0)
    assert ending.tick(0.0) is None
    ending.ask(100.0)
    ending.ask(101.0)
    assert sent == [SIGINT]
    assert ending.tick(129.0) is None
    assert ending.tick(130.0) is SIGTERM
    assert [ending.tick(float(t)) for t in range(131, 1000)] == [None] * 869
    assert sent == [SIGINT, SIGTERM]
