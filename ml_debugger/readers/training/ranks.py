"""The marks by which the processes of one training tell their lines apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from ml_debugger.readers.training.skeleton import MARK

_SEARCHED = 200
_FORMS = (
    # mpirun --tag-output: job and rank
    re.compile(rf"^\[{MARK},(?P<at>{MARK})\]\s?<std(?:out|err|diag)>:?"),
    re.compile(r"^\s*\[(?:default|node\w*:?rank|worker|gpu|rank)[ _-]?(?P<said>\d+)\]:?", re.I),
    re.compile(
        rf"\[?\b(?:local_|global_|world_)?rank[ _]?[=:]?\s?(?P<at>{MARK})(?![.\d])\]?:?", re.I
    ),
    re.compile(
        rf"^\s*\[?\b(?:gpu|worker|device|proc(?:ess)?)[ :#=]{{1,2}}(?P<at>{MARK})\]?[:|]", re.I
    ),
    re.compile(r"^\s*(?:worker|node|host)[-_]?(?P<said>\d+): ", re.I),
    # Ray: (RayTrainWorker pid=123, ip=10.0.0.1)
    re.compile(rf"^\s*\(\w+ pid=(?P<at>{MARK})[^)]*\)"),
)
_NUMBERED = re.compile(rf"^\s*(?P<at>{MARK}): ")


def find(skeleton: str, numbered: bool) -> tuple[int | None, int, int, int] | None:
    """The rank that a line names: its value or the number that holds it (-1: none), its span.

    `numbered` says that the file's lines begin with the rank, as those of `srun --label` do.
    """
    head = skeleton[:_SEARCHED]
    for form in (_NUMBERED, *_FORMS) if numbered else _FORMS:
        found = form.search(head)
        if found is None:
            continue
        groups = found.groupdict()
        if groups.get("at") is not None:
            return None, head.count(MARK, 0, found.start("at")), found.start(), found.end()
        return int(groups["said"][:6]), -1, found.start(), found.end()
    return None


def are_numbered(first_numbers: Sequence[float], lines: int) -> bool:
    """Whether the numbers that `lines` lines begin with are ranks and no counter.

    `first_numbers` are those of the lines of the form `3: text`. Ranks stand before nearly every
    line, come back again and again and in no order.
    """
    if len(first_numbers) < 4 or len(first_numbers) < 0.8 * lines:
        return False
    falls = sum(after < before for before, after in pairwise(first_numbers))
    distinct = len(set(first_numbers))
    return falls >= 2 and 2 <= distinct <= min(4096, len(first_numbers) // 2)
