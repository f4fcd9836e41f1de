"""Names that programs give to files which they have not finished writing."""

from __future__ import annotations

import re

_LEFTOVER = re.compile(
    r"""
    .+\.(?:tmp|temp|part|partial|crdownload|incomplete|swp)$   # torch, curl, browsers, vim
    | .+\.tmp[._-]?\w{1,12}$   # name.tmp.12345
    | \.?tmp[._-]?\w{6,}(?:\.\w{1,12})?$   # mkstemp: tmpab12cd34
    | \.~?\#?.+\.(?:lock|swo)$ | .+~$
    | \..+\.\w+\.(?-i:(?![a-z]{6}$)[A-Za-z0-9]{6})$   # rsync: .name.pt.Xy12Ab, not .name.py.backup
    | __tmp.*$ | core\.\d+$   # core dumps
    """,
    re.VERBOSE | re.IGNORECASE,
)


def is_leftover(name: str) -> bool:
    """Whether a file's name is one that an unfinished or interrupted writing leaves."""
    return _LEFTOVER.match(name) is not None
