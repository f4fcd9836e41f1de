"""The frames that dmesg, the journal and syslog put around a kernel message.

Forms: dmesg(1) with its time formats, `/dev/kmsg` (Documentation/ABI/testing/dev-kmsg of the
kernel), journalctl(1) outputs, RFC 3164 and the ISO form of rsyslog.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

KERNEL = "kernel"
MAX_JSON = 65_536

_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[@-Z\\-_])")
_PRIORITY = re.compile(r"<(\d{1,3})>")
_RECORD = re.compile(r"(\d{1,4}),\d+,(\d{1,15}),[^;]{0,40};(.*)")
_DECODED = re.compile(
    r"(kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|local\d|res\d) *"
    r":(?:emerg|alert|crit|err|warn|notice|info|debug) *: *"
)
_SECONDS = re.compile(
    r"\[ *(\d{1,10}\.\d{6})(?: <[ \d.]+>)?\](?: ?\[ *[TC]\d+\])? ?(.*)"
)  # fmt: skip
_HUMAN = re.compile(r"\[(?:[A-Z][a-z]{2} ?\d{1,2} \d\d:\d\d| *\+\d+\.\d{6})\] (.*)")
_CTIME = re.compile(r"\[([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})\] ?(.*)")
_ISO = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?) (.*)")
_DMESG_ISO = re.compile(r"[-\d]{10}T[:\d]{8},\d{6}[+-]\d\d:\d\d")
_SYSLOG = re.compile(r"([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})?) (.*)")
_FULL = re.compile(r"[A-Z][a-z]{2} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})? [A-Z]{1,5}) (.*)")
_SENDER = re.compile(r"(?:(\S{1,255}) )?([A-Za-z_(][\w./@()~:+-]{0,63}?)(?:\[\d+\])?: (.*)")


@dataclass(frozen=True, slots=True)
class Framed:
    """A line taken out of its frame.

    `form` names the frame: "seconds", "human", "date", "iso", "record", "syslog" or "journal".
    `sender` is "kernel" where the frame says so, the program's name where it names another one,
    and None where it names nobody, as dmesg does. `stamp` is the time as written.
    """

    form: str
    message: str
    sender: str | None
    stamp: str | None


def unframe(raw: str) -> Framed | None:
    """The message of a line; None where the line has no frame that a kernel log has."""
    text = _cleaned(raw)
    sender: str | None = None
    priority = _PRIORITY.match(text)
    if priority is not None:
        sender = KERNEL if int(priority[1]) < 8 else None
        text = text[priority.end() :]
    decoded = _DECODED.match(text)
    if decoded is not None:
        sender = KERNEL if decoded[1] == "kern" else decoded[1]
        text = text[decoded.end() :]
    framed = _unstamped(text)
    if framed is None or sender is None or framed.sender is not None:
        return framed
    return Framed(framed.form, framed.message, sender, framed.stamp)


def _cleaned(raw: str) -> str:
    text = raw.rstrip("\r\n ")
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    # serial consoles end lines with a carriage return in front, too
    return text.lstrip("\r\ufeff")


def _unstamped(text: str) -> Framed | None:
    first = text[:1]
    if first == "[":
        return _bracketed(text)
    if first == "{":
        return _from_json(text)
    if first.isdigit():
        return _record(text) or _dated(text, _ISO)
    if first.isupper():
        return _dated(text, _SYSLOG) or _dated(text, _FULL)
    if text.startswith("kernel: "):
        return _inner("syslog", text[8:], KERNEL, None)
    return None


def _bracketed(text: str) -> Framed | None:
    found = _SECONDS.match(text)
    if found is not None:
        # journalctl -o short-monotonic names host and sender behind the seconds
        sender = re.match(r"\S+ kernel: ", found[2])
        if sender is not None:
            return Framed("syslog", found[2][sender.end() :], KERNEL, found[1])
        return Framed("seconds", found[2], None, found[1])
    found = _CTIME.match(text)
    if found is not None:
        return Framed("date", found[2], None, found[1])
    found = _HUMAN.match(text)
    return Framed("human", found[1], None, None) if found is not None else None


def _record(text: str) -> Framed | None:
    found = _RECORD.match(text)
    if found is None:
        return None
    seconds = int(found[2]) / 1_000_000
    return Framed("record", found[3], KERNEL if int(found[1]) < 8 else "user", f"{seconds:.6f}")


def _dated(text: str, pattern: re.Pattern[str]) -> Framed | None:
    found = pattern.match(text)
    if found is None:
        return None
    stamp, rest = found[1], found[2]
    sent = _SENDER.match(rest)
    if sent is not None and (sent[1] is not None or sent[2] == KERNEL):
        return _inner("syslog", sent[3], sent[2], stamp)
    # dmesg --time-format iso names nobody; its comma and six places are hardly anybody else's
    return Framed("iso", rest, None, stamp) if _DMESG_ISO.fullmatch(stamp) else None


def _inner(form: str, message: str, sender: str, stamp: str | None) -> Framed:
    """Without the seconds since boot that syslog keeps in front of the kernel's message."""
    if sender == KERNEL and message.startswith("["):
        seconds = _SECONDS.match(message)
        if seconds is not None:
            return Framed(form, seconds[2], sender, stamp or seconds[1])
    return Framed(form, message, sender, stamp)


def _from_json(text: str) -> Framed | None:
    """A line of `journalctl -o json`; a message that is no UTF-8 stands there as numbers."""
    if len(text) > MAX_JSON or '"MESSAGE"' not in text:
        return None
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):
        return None
    message = entry.get("MESSAGE") if isinstance(entry, dict) else None
    if isinstance(message, list) and all(isinstance(n, int) and 0 <= n < 256 for n in message):
        message = bytes(message).decode("utf-8", "replace")
    if not isinstance(message, str):
        return None
    is_kernel = entry.get("_TRANSPORT") == KERNEL
    name = entry.get("SYSLOG_IDENTIFIER")
    sender = KERNEL if is_kernel else name if isinstance(name, str) else "unknown"
    micros = entry.get("__REALTIME_TIMESTAMP")
    stamp = micros if isinstance(micros, str) and micros.isdigit() and len(micros) < 20 else None
    return Framed("journal", message, sender, stamp)
