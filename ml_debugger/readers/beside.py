"""What is made of a file beside that which its format holds: what loading it would run."""

from __future__ import annotations

from collections.abc import Sequence

from ml_debugger.artifacts import Artifact
from ml_debugger.readers.head import Head
from ml_debugger.readers.pickles import contents_of


def beside(head: Head) -> Sequence[Artifact]:
    """Artifacts that do not depend on which reader takes the file."""
    contents = contents_of(head)
    return () if contents is None else (contents,)
