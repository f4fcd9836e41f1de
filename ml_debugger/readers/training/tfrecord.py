"""The framing of TFRecord files, as TensorFlow documents it.

A record is its length (uint64), the masked CRC-32C of the length, the data, and the masked
CRC-32C of the data, all little-endian. Source: TensorFlow, "TFRecord and tf.train.Example".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np

from ml_debugger.readers.training.crc32c import Bytes, Places, masked_crc32c, masked_crcs

MAX_CHECKED = 1 << 16
"""Data beyond this size (graphs, images) holds no scalar and is skipped unread."""

CHUNK = 1 << 22
_HEADER, _FOOTER = 12, 4
_AROUND = _HEADER + _FOOTER
_SEARCHED = 1 << 16
_MOST_LOST = 100
"""Times that reading may lose its place; a file beyond that is no event file any more."""

_frame = struct.Struct("<QI")


@dataclass(frozen=True, slots=True)
class Batch:
    """Sound records of one chunk: where the data of each lies, how long it is, its number."""

    chunk: Bytes
    starts: Places
    lengths: Places
    numbers: Places


class Records:
    """The records of a file, in batches; `problem` says afterwards what was damaged.

    A tail that breaks off inside a record is how a live file looks, and is no damage. A record
    whose checksum is wrong is passed over; where its length cannot be believed either, reading
    goes on at the next frame that is sound.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._data = b""
        self._at = 0
        self._lost = 0
        self._searching = False
        self.number = 0
        self.bad = 0
        self.first_bad: int | None = None
        self._reason = ""

    @property
    def problem(self) -> str | None:
        """What was damaged, None when nothing was."""
        if self.first_bad is None:
            return None
        more = f"; {self.bad:,} damaged records in all" if self.bad > 1 else ""
        return f"record {self.first_bad}: {self._reason}{more}"

    def damaged(self, number: int, reason: str) -> None:
        """Note a record that cannot be used."""
        self.bad += 1
        if self.first_bad is None or number < self.first_bad:
            self.first_bad, self._reason = number, reason

    def __iter__(self) -> Iterator[Batch]:
        while True:
            piece = self._stream.read(CHUNK)
            self._data = self._data[self._at :] + piece
            self._at = 0
            if self._searching:
                self._search()
            while not self._searching and self._lost <= _MOST_LOST:
                headers = self._frames()
                if len(headers) > 1:
                    yield self._sound(headers)
                if self._searching or not self._pass_over_one():
                    break
            if not piece or self._lost > _MOST_LOST:
                return

    def _frames(self) -> Places:
        """Where frames begin that lie whole in the data, by their lengths alone, and the end."""
        headers = [self._at]
        at, data = self._at, self._data
        end = len(data) - _HEADER
        whole = len(data) - _AROUND
        read = struct.Struct("<Q").unpack_from
        while at <= end:
            (length,) = read(data, at)
            if length > MAX_CHECKED or at + length > whole:
                break
            at += length + _AROUND
            headers.append(at)
        self._at = at
        return np.array(headers)

    def _sound(self, headers: Places) -> Batch:
        """The records whose checksums hold, up to a length that cannot be believed."""
        starts = headers[:-1] + _HEADER
        lengths = np.diff(headers) - _AROUND
        chunk = np.frombuffer(self._data, dtype=np.uint8)
        framed = _stored(chunk, starts - 4) == masked_crcs(
            chunk, starts - _HEADER, np.full_like(lengths, 8)
        )
        whole = _stored(chunk, starts + lengths) == masked_crcs(chunk, starts, lengths)
        wrong = np.flatnonzero(~framed & ~whole)
        count = int(wrong[0]) if len(wrong) else len(starts)
        numbers = np.arange(self.number + 1, self.number + 1 + count)
        self.number += count
        for at in np.flatnonzero(~(framed & whole)[:count]):
            part = "data" if framed[at] else "length"
            self.damaged(int(numbers[at]), f"the checksum of its {part} is wrong")
        if count < len(starts):
            self._lose(int(starts[count]) - _HEADER)
        kept = whole[:count]
        return Batch(chunk, starts[:count][kept], lengths[:count][kept], numbers[kept])

    def _pass_over_one(self) -> bool:
        """Go past a record that is not framed in the data; False when more data is wanted."""
        if len(self._data) - self._at < _HEADER:
            return False
        length, crc = _frame.unpack_from(self._data, self._at)
        if masked_crc32c(self._data[self._at : self._at + 8]) != crc:
            self._lose(self._at)
            return not self._searching
        if length <= MAX_CHECKED and self._at + length + _AROUND > len(self._data):
            return False
        if length > MAX_CHECKED:
            self.number += 1
            self._at += length + _AROUND
            if self._at > len(self._data):
                self._stream.seek(self._at - len(self._data), 1)
                self._at = len(self._data)
                return False
        return True

    def _lose(self, at: int) -> None:
        """A header that is none stands at `at`: look for the next that is one."""
        self.number += 1
        self.damaged(self.number, "the checksum of its length is wrong")
        self._lost += 1
        self._at = at + 1
        self._search()

    def _search(self) -> None:
        """Go to the next sound header of the data, else to where one may still begin."""
        chunk = np.frombuffer(self._data, dtype=np.uint8)
        end = len(chunk) - _HEADER + 1
        while self._at < end:
            until = min(end, self._at + _SEARCHED)
            places = np.arange(self._at, until)
            # lengths below 4 GiB have four zero bytes
            for offset in (4, 5, 6, 7):
                places = places[chunk[places + offset] == 0]
            sums = masked_crcs(chunk, places, np.full_like(places, 8))
            found = places[sums == _stored(chunk, places + 8)]
            if len(found):
                self._at = int(found[0])
                self._searching = False
                return
            self._at = until
        self._searching = True


def _stored(chunk: Bytes, places: Places) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """The little-endian words at these places."""
    windows = np.lib.stride_tricks.sliding_window_view(chunk, 4)
    return np.ascontiguousarray(windows[places]).view("<u4").ravel()
