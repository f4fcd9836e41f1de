"""Every frame around a kernel message is taken off, and the times come out in one form."""

from __future__ import annotations

import json

import pytest

from ml_debugger.artifacts.kernel_log import days_between
from ml_debugger.kernel_messages.framing import unframe
from ml_debugger.kernel_messages.times import normal

SAYS = "NVRM: Xid (PCI:0000:01:00): 79, GPU has fallen off the bus."


def journal(**fields: object) -> str:
    return json.dumps({"MESSAGE": SAYS, "_TRANSPORT": "kernel", **fields})


@pytest.mark.parametrize(
    ("line", "sender", "time"),
    [
        (f"[12345.678901] {SAYS}", None, "12345.678901"),
        (f"[    1.000000] [   T1] {SAYS}", None, "1.000000"),
        (f"[    1.000000][  T812] {SAYS}", None, "1.000000"),
        (f"[   12.345678 <    0.000020>] {SAYS}", None, "12.345678"),
        (f"[Tue Jan  2 10:11:12 2025] {SAYS}\r", None, "2025-01-02T10:11:12"),
        (f"[Jan 2 10:11] {SAYS}", None, None),
        (f"[  +0.000012] {SAYS}", None, None),
        (f"<4>[12345.678901] {SAYS}", "kernel", "12345.678901"),
        (f"4,812,12345678901,-;{SAYS}", "kernel", "12345.678901"),
        (f"12,812,12345678901,-,caller=T1;{SAYS}", "user", "12345.678901"),
        (f"kern  :warn  : [12345.678901] {SAYS}", "kernel", "12345.678901"),
        (f"kern  :err   : 2025-01-02T10:11:12,123456+02:00 {SAYS}", "kernel",
         "2025-01-02T08:11:12Z"),
        (f"user  :info  : [    1.000000] {SAYS}", "user", "1.000000"),
        (f"2025-01-02T10:11:12,123456+00:00 {SAYS}", None, "2025-01-02T10:11:12Z"),
        (f"Jan  2 10:11:12 node-1 kernel: {SAYS}", "kernel", "--01-02T10:11:12"),
        (f"Jan 22 10:11:12.123456 node-1 kernel: {SAYS}", "kernel", "--01-22T10:11:12"),
        (f"Jan  2 10:11:12 node-1 kernel: [12345.678901] {SAYS}", "kernel", "--01-02T10:11:12"),
        (f"Jan  2 10:11:12 node-1 python[12]: {SAYS}", "python", "--01-02T10:11:12"),
        (f"2025-01-02T10:11:12+0000 node-1 kernel: {SAYS}", "kernel", "2025-01-02T10:11:12Z"),
        (f"2025-01-02T10:11:12.123456-05:00 n kernel: [1.000000] {SAYS}", "kernel",
         "2025-01-02T15:11:12Z"),
        (f"Thu 2025-01-02 10:11:12 UTC node-1 kernel: {SAYS}", "kernel", "2025-01-02T10:11:12Z"),
        (f"[12345.678901] node-1 kernel: {SAYS}", "kernel", "12345.678901"),
        (f"kernel: {SAYS}", "kernel", None),
        (f"\x1b[32m[12345.678901] \x1b[0m{SAYS}", None, "12345.678901"),
        (journal(__REALTIME_TIMESTAMP="1735812672123456"), "kernel", "2025-01-02T10:11:12Z"),
        (journal(MESSAGE=list(SAYS.encode())), "kernel", None),
        (journal(_TRANSPORT="syslog", SYSLOG_IDENTIFIER="python"), "python", None),
    ],
)  # fmt: skip
def test_frames_of_all_outputs(line: str, sender: str | None, time: str | None) -> None:
    framed = unframe(line)
    assert framed is not None
    assert (framed.message, framed.sender) == (SAYS, sender)
    assert normal(framed.stamp) == time


@pytest.mark.parametrize(
    "line",
    [
        SAYS,
        "epoch 1 loss 0.3",
        "2025-01-02 epoch 1",
        "[12:34] chat",
        '{"loss": 0.3}',
        '{"MESSAGE": {"a": 1}}',
        '{"MESSAGE": "cut',
        "",
        "[",
        "Epoch 1: 100%|####| 10/10",
    ],
)
def test_other_lines_have_no_frame(line: str) -> None:
    assert unframe(line) is None


@pytest.mark.parametrize(
    ("earlier", "later", "days"),
    [
        ("86400.0", "259200.0", 2.0),
        ("2025-01-02T10:11:12Z", "2025-01-03T22:11:12Z", 1.5),
        ("--12-31T00:00:00", "--01-02T00:00:00", 2.0),
        ("--01-02T00:00:00", "--01-02T12:00:00", 0.5),
        ("12.5", "2025-01-03T22:11:12Z", None),
        ("--12-31T00:00:00", "2025-01-03T22:11:12Z", None),
        (None, "12.5", None),
        ("nonsense", "2025-01-03T22:11:12Z", None),
    ],
)
def test_days_between_times(earlier: str | None, later: str | None, days: float | None) -> None:
    assert days_between(earlier, later) == days


@pytest.mark.parametrize("stamp", ["9" * 19, "2025-13-45T99:99:99", "[", "Jan x 10", "1.2.3"])
def test_odd_stamps_are_no_times(stamp: str) -> None:
    assert normal(stamp) is None
