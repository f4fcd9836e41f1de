"""Any output of nvidia-smi: which form it has, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from ml_debugger.artifacts import GpuHistory, GpuSnapshot
from ml_debugger.nvidia_smi import listing, messages, monitor, query_csv, query_text, query_xml
from ml_debugger.nvidia_smi import table as plain
from ml_debugger.nvidia_smi.series import Samples

FORMS = (
    *(query_xml.FORM, query_text.FORM, plain.FORM, listing.FORM, query_csv.FORM),
    *(monitor.DEVICES, monitor.PROCESSES, messages.FORM),
)
FEW = 40
"""Lines that may stand before or between messages in a file that is nothing but messages."""

_SHARE = 0.6
_TITLES = (
    (query_text.FORM, "NVSMI LOG", query_text.TITLE.fullmatch, query_text.is_line),
    (plain.FORM, "NVIDIA-SMI", plain.TITLE.match, plain.is_line),
    (listing.FORM, "(UUID: GPU-", listing.CARD.match, listing.is_line),
)
"""The forms that a title or first line announces: by what text, and which lines are theirs."""


@dataclass(frozen=True, slots=True)
class Output:
    """What an output says. `problem` is what of it could not be read, at `line`."""

    snapshot: GpuSnapshot | None
    history: GpuHistory | None = None
    problem: str | None = None
    line: int | None = None


def form_of(text: str, *, whole: bool = True) -> str | None:
    """The form of an output by its beginning, None for other text.

    `whole` is false where the text is cut: its last line is left out then. A log of a training
    that prints the table of nvidia-smi first is a log of a training: most lines must be of the
    form.
    """
    lines = text.splitlines()
    lines = [line for line in (lines if whole else lines[:-1]) if line.strip()] or lines
    if f"<{query_xml.ROOT}" in text and any(line.lstrip()[:1] == "<" for line in lines[:FEW]):
        return query_xml.FORM
    for form, mark, is_first, is_own in _TITLES:
        # most files hold none of the marks, and are not looked at line by line
        if mark in text and any(map(is_first, lines)):
            return form if _share(lines, is_own) else None
    if query_csv.is_csv(lines):
        return query_csv.FORM
    heading = next(filter(None, map(monitor.header_of, lines[:FEW])), None)
    if heading is not None and _share(lines, monitor.is_line):
        return monitor.PROCESSES if "pid" in heading else monitor.DEVICES
    if query_text.is_fragment(lines):
        return query_text.FORM
    if len(lines) > FEW:
        return None
    said = sum(messages.message_of(line) is not None for line in lines)
    return messages.FORM if said and said * 2 >= len(lines) else None


def read_output(lines: Iterable[str], form: str, shown: str | None) -> Output:
    """Read an output of a known form, line by line; `shown` is its file, None for a live one."""
    if form == query_csv.FORM:
        snapshot, history, odd = query_csv.read(lines, shown)
        problem = f"{odd} lines are no rows of its columns" if odd else None
        return Output(snapshot, history, problem)
    if form in (monitor.DEVICES, monitor.PROCESSES):
        return Output(*monitor.read(lines, shown))
    if form == listing.FORM:
        return Output(listing.read(lines, shown))
    if form == messages.FORM:
        return Output(_said(lines, shown))
    readers: dict[str, Callable[[Iterable[str], str | None], Iterator[GpuSnapshot]]] = {
        query_xml.FORM: query_xml.snapshots,
        query_text.FORM: query_text.snapshots,
        plain.FORM: plain.snapshots,
    }
    return _last(readers[form](lines, shown), shown)


def _last(documents: Iterator[GpuSnapshot], shown: str | None) -> Output:
    """The last document that is whole, and the history of all of them."""
    samples = Samples()
    last: GpuSnapshot | None = None
    problem: str | None = None
    line: int | None = None
    try:
        for snapshot in documents:
            samples.add_snapshot(snapshot)
            if last is None or not _is_cut(snapshot, last):
                last = snapshot
    except query_xml.XmlRefused as refused:
        problem, line = refused.problem, refused.line
        last = last or refused.snapshot
    return Output(last, samples.history(shown), problem, line)


def _is_cut(snapshot: GpuSnapshot, before: GpuSnapshot) -> bool:
    """Whether a document of a log that goes on lacks cards that it counts."""
    counted = snapshot.attached or 0
    return len(snapshot.devices) < counted == before.attached == len(before.devices)


def _said(lines: Iterable[str], shown: str | None) -> GpuSnapshot:
    snapshot = GpuSnapshot(shown or "gpu", shown, state="answered", source=messages.FORM)
    for line in lines:
        if (message := messages.message_of(line)) is not None:
            snapshot = messages.with_message(snapshot, message)
    if snapshot.devices:
        snapshot = replace(snapshot, partial="cards with a message")
    return snapshot


def _share(lines: list[str], is_own: Callable[[str], bool]) -> bool:
    own = sum(is_own(line) or messages.message_of(line) is not None for line in lines)
    return own >= _SHARE * len(lines)
