"""TRN024: a collective timed out, or a rank was lost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ml_debugger.artifacts import LogText, Passage
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.runs.log_end import LogEnd

_TROUBLE = re.compile(
    r"collective operation timeout|Some NCCL operations have failed or timed out|"
    r"ncclRemoteError|ncclSystemError|NCCL error.*(?:unhandled system error|remote process exited)|"
    r"remote process exited or there was a network error|DistBackendError|"
    r"(?:Gloo|gloo|[Cc]onnection).*closed by (?:remote )?peer|"
    r"Timed out waiting \d+ ?ms for (?:recv|send)|Timed out after \d+ seconds waiting for clients|"
    r"monitoredBarrier|Socket Timeout|[Ss]tore.*(?:timed? ?out|Timeout)|wait timeout after \d+|"
    r"watchdog thread terminated with exception|Received a (?:global )?timeout signal|"
    r"Rendezvous.*(?:[Tt]imed? ?out|Timeout)|client socket has timed out|"
    r"Heartbeat monitor timed out|"
    r"rabit.*(?:timed? ?out|closed)|Rank \d+ (?:is|was) (?:dead|lost|unreachable)"
)
_ONLY_SHOWN = re.compile(
    r"NCCL INFO|NCCL_(?:ASYNC|BLOCKING|TIMEOUT)\w*\s*[=:]|\bset(?:ting)? \w*timeout"
)
_COLLECTIVE = re.compile(
    r"SeqNum=(\d+), OpType=(\w+)(?:,[^)]*?)?, ?Timeout\(ms\)=(\d+)\) ran for (\d+) milliseconds"
)
_RANK = re.compile(r"\b[Rr]ank:? (\d+)\b")
_NAMED = re.compile(
    r"[Rr]anks? ([\d, ]+?) failed to (?:pass|join)|[Rr]ank (\d+) (?:is|was) (?:dead|lost|"
    r"unreachable)|"
    r"missing ranks?:? ([\d, ]+)"
)
_CLIENTS = re.compile(r"(\d+)/(\d+) clients joined")
_WORLD = re.compile(r"(?i)\bworld[_ ]size\W{1,3}(\d+)|num_processes\W{1,3}(\d+)")


@dataclass(frozen=True, slots=True)
class _Timeout:
    """What one rank reported: the collective that it waited in, and for how long."""

    rank: int | None
    sequence: int
    operation: str
    limit: float
    waited: float


@check(
    code="TRN024",
    name="nccl-timeout",
    component="training",
    playbook="gpu-box",
    limits=[
        Limit(
            name="lost_collectives",
            unit="runs",
            direction="above",
            fail=0,
            meaning="runs that ended because a collective timed out or a rank was lost",
            source="PyTorch documentation, torch.distributed, timeout (10 minutes for NCCL)",
        ),
        Limit(
            name="outlived_timeouts",
            unit="messages",
            direction="above",
            warn=0,
            meaning="timeouts of collectives after which the log goes on",
            source="PyTorch documentation, TORCH_NCCL_ASYNC_ERROR_HANDLING: without it the other "
            "ranks may go on with wrong data",
        ),
    ],
    explained_by=("cuda-out-of-memory", "no-space-left", "oom-killed", "gpu-lost", "xid-error"),
    profiles=("quick", "pre-train", "full"),
)  # fmt: skip
def nccl_timeout(log: LogText) -> Outcome:
    """A collective timed out, or a rank was lost.

    What it measures:
        Messages of NCCL's watchdog, of Gloo, of the rendezvous store and of closed connections,
        and whether the run ended with them. From them it reads the operation, its sequence
        number, the timeout and the wait, and which rank lags: one that reports an earlier
        sequence number than the others, or is named as missing, or is silent where all others
        complain.

    Why it matters:
        All ranks wait for the slowest, until the timeout ends them all. The rank that complains
        first is mostly not the one that is at fault.

    What to do:
        Look at the rank that is named and at its last lines: an exception there, an evaluation
        or a save that only rank 0 does between two collectives, batches of unequal number
        (torch.distributed.algorithms.join), a loader that hangs, a GPU that fell off the bus.
        Start again with TORCH_DISTRIBUTED_DEBUG=DETAIL and NCCL_DEBUG=WARN. Raise the timeout
        only where the wait is planned.

    Sources:
        PyTorch documentation, torch.distributed, debugging. NCCL documentation, environment
        variables and error codes (ncclRemoteError, ncclSystemError).
    """
    if not log.lines:
        return NotMeasured("the log is empty")
    end = LogEnd(log)
    ended = [p for p in end.ended_by() if _is_trouble(p)]
    others = [p for p in log.passages if _is_trouble(p) and p not in ended]
    # the launcher's report behind it makes the end, whatever a rank said before
    if others and not ended and any(p.line > others[-1].line for p in end.ended_by()):
        ended, others = others, []
    values = {
        "lost_collectives": float(bool(ended)),
        "outlived_timeouts": float(sum(p.count for p in others)) if not ended else 0.0,
    }
    found = sorted(ended or others, key=lambda p: p.line)
    if not found:
        return Measurement(f"No collective timed out in {log.lines:,} lines", values)
    first = found[0]
    text = next((t for t in first.lines if _TROUBLE.search(t)), first.lines[0]).strip()
    timeouts = _timeouts(found)
    missing = _missing(found, timeouts, log)
    evidence = [Evidence("message", text[:200], None, f"line {first.line}")]
    title = "Connection between ranks lost"
    if timeouts:
        one = timeouts[0]
        title = f"{one.operation} timed out after {one.waited:,.0f} s"
        evidence.append(Evidence("waited", round(one.waited, 1), "s", f"limit {one.limit:g} s"))
        evidence.append(Evidence("sequence", one.sequence, None, one.operation))
    elif re.search(r"(?i)time[d ]?-?out", text):
        title = "Waiting for another rank timed out"
    if missing:
        evidence.append(Evidence("lagging_rank", missing))
        title += f"; rank {missing} lags"
    complaining = sorted({rank for rank in map(_rank, found) if rank is not None})
    if complaining:
        evidence.append(Evidence("complaining_ranks", ", ".join(map(str, complaining[:16]))))
    return Measurement(title, values, tuple(evidence), line=first.line)


def _is_trouble(passage: Passage) -> bool:
    return any(
        _TROUBLE.search(text) and not _ONLY_SHOWN.search(text)
        for text in passage.lines
        if not text.startswith(("    ", "  File"))
    )


def _rank(passage: Passage) -> int | None:
    if passage.rank is not None:
        return passage.rank
    found = _RANK.search(" ".join(passage.lines))
    return int(found.group(1)) if found else None


def _timeouts(passages: Sequence[Passage]) -> list[_Timeout]:
    found = []
    for passage in passages:
        for text in passage.lines:
            match = _COLLECTIVE.search(text)
            if match is not None:
                sequence, operation, limit, waited = match.groups()
                named = _RANK.search(text)
                rank = int(named.group(1)) if named else passage.rank
                found.append(
                    _Timeout(rank, int(sequence), operation, int(limit) / 1e3, int(waited) / 1e3)
                )
    return found


def _missing(passages: Sequence[Passage], timeouts: Sequence[_Timeout], log: LogText) -> str | None:
    """The rank that the others wait for, as far as the messages tell."""
    for passage in passages:
        for text in passage.lines:
            named = _NAMED.search(text)
            if named is not None:
                return next(group for group in named.groups() if group).strip(", ")
            clients = _CLIENTS.search(text)
            if clients is not None:
                joined, all_ = map(int, clients.groups())
                return f"unknown: {all_ - joined} of {all_} never joined"
    reached: dict[int, int] = {}
    for one in timeouts:
        if one.rank is not None:
            reached[one.rank] = max(one.sequence, reached.get(one.rank, -1))
    if len(reached) < 2:
        return None
    last = min(reached.values())
    behind = [rank for rank, sequence in reached.items() if sequence == last]
    if last < max(reached.values()) and len(behind) <= len(reached) / 2:
        return ", ".join(map(str, sorted(behind)))
    silent = set(range(_world(log) or 0)) - set(reached)
    return ", ".join(map(str, sorted(silent))) if 0 < len(silent) <= len(reached) / 2 else None


def _world(log: LogText) -> int | None:
    for text in (*log.tail, *(t for p in log.passages for t in p.lines)):
        found = _WORLD.search(text)
        if found is not None:
            return int(found.group(1) or found.group(2))
    return None
