"""What is made of a file beside that which its format holds, whichever reader takes it."""

from __future__ import annotations

from collections.abc import Sequence

from ml_debugger.artifacts import Artifact
from ml_debugger.readers.head import Head
from ml_debugger.readers.pickles import contents_of
from ml_debugger.readers.searching import searched


def beside(head: Head, opened: Sequence[Artifact]) -> Sequence[Artifact]:
    """What loading the file would run, and the secrets in its text."""
    found = (contents_of(head), searched(head, opened))
    return tuple(one for one in found if one is not None)
