"""Kernel logs are known by their lines, read in any size, and never mistaken for other logs."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_debugger.artifacts import KernelLog
from ml_debugger.kernel_messages.events import Events
from ml_debugger.kernel_messages.framing import unframe
from ml_debugger.readers.head import read_head
from ml_debugger.readers.kernel import kernel_log
from ml_debugger.readers.opening import open_file

Write = Callable[[str, str | bytes], Path]

MESSAGES = (
    "Linux version 6.8.0-45-generic (buildd@lcy02) (gcc 13.2.0)",
    "Command line: BOOT_IMAGE=/vmlinuz root=/dev/nvme0n1p1 quiet",
    "nvme nvme0: 8/0/0 default/read/poll queues",
    "EXT4-fs (nvme0n1p1): mounted filesystem with ordered data mode",
    "docker0: port 1(veth1a2b3c4) entered forwarding state",
    "NVRM: loading NVIDIA UNIX x86_64 Kernel Module  570.124.06",
    "NVRM: Xid (PCI:0000:01:00): 31, pid=77, name=python, Ch 0000000b, MMU Fault",
)
FRAMES = {
    "dmesg": lambda n, text: f"[{n * 1.5:12.6f}] {text}",
    "raw": lambda n, text: f"<6>[{n * 1.5:12.6f}] {text}",
    "date": lambda n, text: f"[Thu Jan  2 10:11:{n:02} 2025] {text}",
    "record": lambda n, text: f"6,{n},{n * 1500},-;{text}",
    "decoded": lambda n, text: f"kern  :info  : 2025-01-02T10:11:{n:02},000000+00:00 {text}",
    "journal": lambda n, text: f"Jan 02 10:11:{n:02} box kernel: {text}",
    "short-iso": lambda n, text: f"2025-01-02T10:11:{n:02}+0000 box kernel: {text}",
    "syslog": lambda n, text: f"Jan  2 10:11:{n:02} box kernel: [{n * 1.5:12.6f}] {text}",
    "json": lambda n, text: json.dumps(
        {"MESSAGE": text, "_TRANSPORT": "kernel", "__REALTIME_TIMESTAMP": f"17358126{n:02}000000"}
    ),
}


def framed(form: str, messages: tuple[str, ...] = MESSAGES) -> str:
    return "".join(FRAMES[form](n, text) + "\n" for n, text in enumerate(messages))


def read(file: Path) -> KernelLog | None:
    found = open_file(file, file.name, named=True)
    return next((one for one in found if isinstance(one, KernelLog)), None)


@pytest.mark.parametrize("form", FRAMES)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_every_form_is_known(form: str, ends: str, write: Write) -> None:
    log = read(write("output.txt", framed(form).replace("\n", ends)))
    assert log is not None
    (event,) = log.events
    assert (event.code, event.device, event.process) == (31, "0000:01:00", "python")
    assert (event.line, log.lines) == (7, 7)
    assert log.ended == event.last


def test_a_rotated_log_is_read_through_gzip(write: Write) -> None:
    log = read(write("kern.log.2.gz", gzip.compress(framed("syslog").encode())))
    assert log is not None
    assert len(log.events) == 1


def test_a_gzip_that_breaks_off_keeps_what_was_read(write: Write) -> None:
    filling = "".join(f"[{n:5}.000000] usb 1-1: {n * 7919 % 104729:x}\n" for n in range(99, 40_000))
    whole = gzip.compress(framed("dmesg").encode() + filling.encode())
    found = open_file(write("dmesg.gz", whole[: len(whole) // 2]), "dmesg.gz", named=True)
    assert isinstance(found[0], KernelLog)
    assert len(found[0].events) == 1


def test_a_log_of_all_services_is_read_for_its_kernel_lines(write: Write) -> None:
    services = "".join(
        f"Jan  2 10:12:{n:02} box systemd[1]: Started Session {n} of User root.\n"
        for n in range(20)
    )
    log = read(write("syslog", framed("syslog") + services))
    assert log is not None
    assert len(log.events) == 1


def test_a_console_dump_has_lines_without_a_frame(write: Write) -> None:
    dump = framed("dmesg") + "[  OK  ] Started Session\n\nUbuntu 24.04 LTS box ttyS0\n"
    assert read(write("console.txt", dump)) is not None


TRAINING = "".join(
    f"2025-01-02 10:11:{n:02} INFO epoch {n} train_loss {1 / (n + 1):.4f} val_loss 0.5\n"
    for n in range(40)
)
XID = "[12345.678901] NVRM: Xid (PCI:0000:01:00): 79, GPU has fallen off the bus.\n"


@pytest.mark.parametrize(
    "text",
    [
        TRAINING + XID * 10,
        XID * 3 + TRAINING,
        "".join(f"[{n}.123456] epoch {n} loss {1 / (n + 1):.3f}\n" for n in range(50)),
        "".join(f"[Thu Jan  2 10:11:{n:02} 2025] step {n} loss 0.4\n" for n in range(50)),
        "".join(f"Jan  2 10:11:{n:02} box python[7]: epoch {n} loss 0.4\n" for n in range(50))
        + framed("syslog"),
        "".join(
            f"[Wed Oct 11 14:32:{n:02} 2000] [error] [client 127.0.0.1] denied\n" for n in range(9)
        ),
        "# Incident\n\nThe card was lost. The log said:\n\n```\n"
        + XID
        + "```\n\nWe restarted it.\n",
        "".join(json.dumps({"step": n, "loss": 0.3}) + "\n" for n in range(20)),
        "import re\n" + XID,
    ],
    ids=range(9),
)
def test_logs_that_quote_the_kernel_are_not_it(text: str, write: Write) -> None:
    assert read(write("train.log", text)) is None


def test_a_long_log_takes_little_memory(write: Write) -> None:
    line = "[  100.000000] docker0: port 1(veth1a2b3c4) entered forwarding state\n"
    file = write("dmesg.log", framed("dmesg") + line * 100_000)
    log = read(file)
    assert log is not None
    assert (log.lines, len(log.events)) == (100_007, 1)


LINES = st.one_of(
    st.text(max_size=200),
    st.builds(
        lambda frame, n, text: FRAMES[frame](n, text),
        st.sampled_from(sorted(FRAMES)),
        st.integers(0, 59),
        st.one_of(st.sampled_from(MESSAGES), st.text(max_size=80)),
    ),
    st.builds(
        lambda code, rest: f"[1.000000] NVRM: Xid (PCI:0000:01:00): {code}{rest}",
        st.integers(-1, 10**12),
        st.text(max_size=40),
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES, max_size=30))
def test_any_lines_are_survived(lines: list[str]) -> None:
    events = Events()
    events.take(1, lines)
    assert len(events.finish()) <= len(lines)
    assert events.ended is None or isinstance(events.ended, str)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(sorted(FRAMES)), st.integers(0, 400))
def test_damaged_files_are_survived(noise: bytes, form: str, cut: int) -> None:
    whole = framed(form).encode()
    text = (whole[:cut] + noise + whole[cut:]).decode("utf-8", "replace")
    events = Events()
    events.take(1, text.split("\n"))
    assert all(event.count >= 1 for event in events.finish())
    for line in text.split("\n"):
        unframe(line)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=2_000))
def test_recognition_survives_any_bytes(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    file = tmp_path_factory.mktemp("any") / "any.log"
    file.write_bytes(raw)
    head = read_head(file, "any.log")
    kind = kernel_log.recognise(head)
    if kind is not None:
        kernel_log.read(head, kind)
