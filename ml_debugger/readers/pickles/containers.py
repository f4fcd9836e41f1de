"""What a file holds that loaders unpickle: archives and compressed streams, opened in turn."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator

from ml_debugger.readers.checkpoints.inflating import compression
from ml_debugger.readers.pickles import outside, zip_members
from ml_debugger.readers.pickles.following import CutBytes, follow
from ml_debugger.readers.pickles.parts import UNPACKING, Part, decompressed, of_bytes
from ml_debugger.readers.pickles.record import MAX_DEPTH, Record, SpentError

START = 1_024
_NUMPY = b"\x93NUMPY"
_PLACES = (0, 512, 1024, 2048, 4096, 8192)
_HDF5 = b"\x89HDF\r\n\x1a\n"
_CLOSED = {b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "RAR", b"\x28\xb5\x2f\xfd": "zstd"}
"""Archives and compressions that are not unpacked, by their first bytes."""

_OBJECTS = re.compile(rb"'descr':[^}]*\|O|'descr':\s*'O'|'descr':\s*'object'")
_MAX_TAR = 20_000


class Opener:
    """Opens a part, and what is in it, down to the bound of depth."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def open(self, part: Part, depth: int = 0, *, claimed: bool = False) -> str | None:
        """Look at a part by its content; what it is, None for nothing that holds a pickle.

        Raises SpentError where the budget of the file is spent.
        """
        start = part.start(START)
        form = self._form(part, start)
        if depth > MAX_DEPTH:
            if form is not None:
                self._record.left_out(part.name, f"lies deeper than {MAX_DEPTH} archives")
            return form
        match form:
            case "zip":
                self._all(zip_members.members(part, self._record), depth)
                # the archive may be hung on to a pickle
                if not start.startswith(b"PK"):
                    self._pickle(part, depth, claimed=False)
            case "tar":
                self._all(self._tar(part), depth)
            case "npy":
                self._array(part, start, depth)
            case "hdf5" | "onnx" | "keras-json":
                outside.look(form, part, self._record)
            case "7z" | "RAR" | "zstd" | "lz4":
                self._record.left_out(part.name, f"is a {form} archive, which is not unpacked")
            case "gzip" | "bz2" | "xz" | "lzma" | "zlib":
                inner = decompressed(part, form, self._record)
                return form if self.open(inner, depth + 1, claimed=claimed) else None
            case _:
                return "pickle" if self._pickle(part, depth, claimed=claimed) else None
        return form

    def _form(self, part: Part, start: bytes) -> str | None:
        for signature, name in _CLOSED.items():
            if start.startswith(signature):
                return name
        if start.startswith(_NUMPY):
            return "npy"
        if start.startswith(_HDF5) or any(start[at : at + 8] == _HDF5 for at in _PLACES[:3]):
            return "hdf5"
        if part.name is not None and part.name.endswith("config.json") and start[:1] == b"{":
            return "keras-json"
        if start[257:262] == b"ustar":
            return "tar"
        if part.at is not None and self._is_zip(part, start):
            return "zip"
        if outside.is_onnx(start):
            return "onnx"
        return compression(start)

    def _is_zip(self, part: Part, start: bytes) -> bool:
        if start.startswith((b"PK\x03\x04", zip_members.END)):
            return True
        if part.name is not None and not start.startswith(b"\x80"):
            return False
        assert part.at is not None
        begin = max(0, (part.size or 0) - zip_members.TAIL)
        tail = part.at(begin, zip_members.TAIL).start(zip_members.TAIL)
        return zip_members.END in tail

    def _all(self, inside: Iterator[Part], depth: int) -> None:
        for one in inside:
            self.open(one, depth + 1, claimed=_named(one.name or ""))

    def _pickle(self, part: Part, depth: int, *, claimed: bool) -> bool:
        embedded: list[Part] = []

        def on_bytes(content: bytes, name: str) -> None:
            if isinstance(content, CutBytes):
                self._record.left_out(part.name, f"{content.length:,} bytes that it would load")
            elif depth < MAX_DEPTH:
                embedded.append(of_bytes(content, part.within(name)))
            else:
                self._record.left_out(part.name, f"lies deeper than {MAX_DEPTH} archives")

        taken = follow(part, self._record, on_bytes, claimed=claimed)
        for one in embedded[:1_000] if taken else ():
            self.open(one, depth + 1, claimed=True)
        return taken

    def _array(self, part: Part, start: bytes, depth: int) -> None:
        """An array of objects: its pickle begins behind the header."""
        wide = len(start) > 6 and start[6] >= 2
        begin = 12 if wide else 10
        length = int.from_bytes(start[8:begin], "little")
        header = part.start(min(begin + length, 1 << 20))
        if _OBJECTS.search(header[begin:]) is None:
            return
        self._record.objects = True
        behind = part.at(begin + length, part.size or 0) if part.at else self._rest(part, header)
        if behind is not None:
            self._pickle(behind, depth, claimed=True)

    def _rest(self, part: Part, header: bytes) -> Part | None:
        """What stands behind a header that was unpacked; up to 64 MiB of it."""
        stream = part.open()
        try:
            stream.skip(len(header))
            content = stream.read(_UNPACKED + 1)
        except UNPACKING:
            self._record.left_out(part.name, "cannot be unpacked")
            return None
        finally:
            stream.close()
        if len(content) > _UNPACKED:
            self._record.left_out(part.name, f"only its first {_UNPACKED >> 20} MiB were followed")
        return of_bytes(content[:_UNPACKED], part.name)

    def _tar(self, part: Part) -> Iterator[Part]:
        """Members of a tar archive: stretches of it where it lies open, else in memory."""
        whole = part if part.at is not None else self._rest(part, b"")
        if whole is None or whole.at is None:
            return
        for name, begin, length in _tar_entries(whole):
            self._record.spend_part()
            inner = whole.at(begin, length)
            yield Part(part.within(name), inner.open, inner.size, inner.at)


_UNPACKED = 64 << 20


def _tar_entries(part: Part) -> Iterator[tuple[str, int, int]]:
    """Name, place and length of the regular files of a tar archive; links are not followed."""
    assert part.at is not None
    at, size = 0, part.size or 0
    for _ in range(_MAX_TAR):
        block = part.at(at, 512).start(512)
        if len(block) < 512 or at >= size:
            return
        if not block.strip(b"\0"):
            at += 512
            continue
        try:
            # the fields of a header alone: nothing is unpacked
            found = tarfile.TarInfo.frombuf(block, "utf-8", "replace")
        except tarfile.HeaderError:
            return
        if found.isreg() or found.type not in tarfile.SUPPORTED_TYPES:
            yield found.name, at + 512, found.size
        at += 512 + -(-found.size // 512) * 512


_NAMES = (".pkl", ".pickle", ".p", ".joblib", ".dill", ".sav", "data.pkl")


def _named(name: str) -> bool:
    return name.lower().endswith(_NAMES)


__all__ = ["Opener", "SpentError"]
