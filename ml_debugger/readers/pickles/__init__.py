"""What loading a file would import, call or run: found by content, whatever its name says.

Nothing is unpickled, imported or executed. Every file is read within the budget of `record`.
"""

from __future__ import annotations

from ml_debugger.artifacts import PickleContents
from ml_debugger.readers.head import Head
from ml_debugger.readers.pickles.containers import Opener
from ml_debugger.readers.pickles.parts import UNPACKING, of_file
from ml_debugger.readers.pickles.record import Record, SpentError

_CLAIMS = frozenset(
    {".pkl", ".pickle", ".p", ".dill", ".sav", ".joblib", ".pt", ".pth", ".ckpt", ".npy", ".npz"}
)
"""Endings by which a file says that it is loaded by unpickling."""

_OTHERS = (
    b"PAR1", b"ARROW1", b"SQLite format 3", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF",
    b"\x7fELF", b"MZ", b"fLaC", b"RIFF", b"OggS",
)  # fmt: skip
_OPCODES = b"(]})NIJKMLGFVXSTUCBcilP\x80\x88\x89\x8a\x8c\x8d\x8e\x95\x96"
"""Bytes with which a pickle can begin that goes on to import something."""


def contents_of(head: Head) -> PickleContents | None:
    """What loading a file would do; None for a file that no loader unpickles."""
    if not _may_hold(head):
        return None
    record = Record()
    claimed = head.suffix in _CLAIMS
    try:
        form = Opener(record).open(of_file(head.file, head.size), claimed=claimed)
    except SpentError as error:
        record.left_out(None, str(error))
        form = "archive"
    except UNPACKING as error:
        record.left_out(None, f"cannot be read: {error}")
        form = None
    nothing = not (record.pickles or record.code or record.unread or record.objects)
    if form is None or (nothing and not (claimed and form == "npy")):
        return None
    return PickleContents(
        subject=head.shown,
        path=head.shown,
        format=form,
        pickles=record.pickles,
        imports=record.imports,
        calls=record.calls,
        code=tuple(record.code),
        repeated=frozenset(record.repeated),
        unread=tuple(record.unread),
        objects=record.objects,
    )


def _may_hold(head: Head) -> bool:
    start = head.start
    if head.size < 2 or start.startswith(_OTHERS):
        return False
    if head.gzipped or head.encoding is None or head.suffix in _CLAIMS:
        return True
    return start[:1] in {bytes([byte]) for byte in _OPCODES}
