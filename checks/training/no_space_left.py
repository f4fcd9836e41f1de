"""TRN023: a disk or quota was full."""

from __future__ import annotations

import re

from ml_debugger.artifacts import LogText, Passage
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.runs.log_end import LogEnd
from ml_debugger.runs.raised import raised

_FULL = re.compile(
    r"No space left on device|\[Errno 28\]|\bENOSPC\b|os error 28\b|code: 28, kind: StorageFull|"
    r"There is not enough space on the disk|(?i:disk (?:is )?full)|StorageFull|"
    r"PytorchStreamWriter failed writing|inline_container\.cc:\d+\] \. unexpected pos|"
    r"basic_ios::clear: iostream error|not enough (?:free )?disk space|"
    r"No usable temporary directory"
)
_QUOTA = re.compile(
    r"(?i:quota exceeded)|\[Errno 122\]|\bEDQUOT\b|os error 122\b|code: 122\b|"
    r"FilesystemQuotaExceeded"
)
_FILE = re.compile(
    r"(?:No space left on device|[Qq]uota exceeded)[^:'\"]{0,20}: ?b?['\"]([^'\"]+)['\"]|"
    r"(?:writing|write to|save(?:d|ing)?(?: \w+){0,3} to|open|create) (?:file )?['\"]?(/[^\s'\":]+)"
)


@check(
    code="TRN023",
    name="no-space-left",
    component="training",
    playbook="disk-and-checkpoints",
    limits=[
        Limit(
            name="ended_by_full_disk",
            unit="runs",
            direction="above",
            fail=0,
            meaning="runs that ended because a write found no space or quota",
            source="POSIX, errno ENOSPC (28 on Linux) and EDQUOT (122)",
        ),
        Limit(
            name="failed_writes",
            unit="writes",
            direction="above",
            warn=0,
            meaning="writes that found no space or quota while the run went on",
            source="POSIX, write(2): what was written is incomplete",
        ),
    ],
    explained_by=("quota-exceeded", "disk-near-full", "inodes-near-full"),
    profiles=("quick", "pre-train", "full"),
)  # fmt: skip
def no_space_left(log: LogText) -> Outcome:
    """A disk or quota was full.

    What it measures:
        Errors of a write that found no space: errno 28 and 122 as Python, Rust, the C library,
        torch.save and safetensors tell them. It fails where the run ended with it, and warns
        where it went on, because then a checkpoint or a log is incomplete.

    Why it matters:
        The checkpoint that was being written is broken, and it may be the only one. Other runs
        on the same disk end next.

    What to do:
        Do not start again before there is space. Check the last checkpoint, it may be cut off.
        Keep fewer checkpoints, write optimizer states less often, and move caches (Hugging
        Face, wandb, TMPDIR) off the home quota. "No space" with free bytes means inodes, a
        quota, or /dev/shm, which data loader workers fill.

    Sources:
        POSIX.1-2017, errno ENOSPC and EDQUOT. Linux errno-base.h. PyTorch, inline_container.cc.
    """
    if not log.lines:
        return NotMeasured("the log is empty")
    end = LogEnd(log)
    ended = [p for p in end.ended_by() if _is_full(p)]
    others = [p for p in end.log.passages if _is_full(p) and p not in ended]
    runs = sum(p.count if p.ended else 0 for p in ended) + any(not p.ended for p in ended)
    writes = sum(p.count for p in others)
    values = {"ended_by_full_disk": float(runs), "failed_writes": float(writes)}
    found = ended or others
    if not found:
        return Measurement(f"No write found a full disk in {log.lines:,} lines", values)
    first = found[0]
    text = " ".join(line.strip() for line in first.lines)
    told = raised(first)
    quota = _QUOTA.search(text) is not None
    message = told.brief if told.exception else first.lines[0]
    evidence = [Evidence("message", message[:300], None, f"line {first.line}")]
    file = _FILE.search(text)
    if file is not None:
        evidence.append(Evidence("file", file.group(1) or file.group(2)))
    if told.frame is not None and told.frame.own:
        place = f"{told.frame.file}:{told.frame.line}"
        evidence.append(Evidence("own_code", place, None, told.frame.where))
    what = "the disk quota was exceeded" if quota else "no space was left on the disk"
    if "PytorchStreamWriter" in text and not _plain(text):
        what = "a checkpoint could not be written, most likely a full disk"
    if ended:
        title = f"{runs} runs ended: {what}" if runs > 1 else f"Run ended: {what}"
    else:
        title = f"{writes:,} writes failed: {what}"
    return Measurement(title, values, tuple(evidence), line=first.line)


def _is_full(passage: Passage) -> bool:
    # a library that warns and finds another way has not lost anything
    return any(
        (_FULL.search(text) or _QUOTA.search(text))
        and "Warning:" not in text
        and not text.startswith(("    ", "  File"))
        for text in passage.lines
    )


def _plain(text: str) -> bool:
    return "No space left" in text or "Errno 28" in text
