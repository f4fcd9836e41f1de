"""The stores of Parquet files in a workspace, with what they would save if written anew."""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate
from pathlib import Path
from statistics import median

from ml_debugger.artifacts.parquet_store import ParquetStore, Saving
from ml_debugger.readers.tables.damage import POLARS_ERRORS, sentence
from ml_debugger.readers.tables.footer import Footer, read_footer
from ml_debugger.readers.tables.recompression import WORTH, saved_bytes
from ml_debugger.readers.tables.thrift import Malformed
from ml_debugger.workspace.discovery import Found

SMALL = 128 * 2**10
"""Bytes that Linux reads ahead by default: a smaller file costs its opening, not its reading."""
MOST_FILES = 100_000
WALK_SECONDS = 1.0
SAMPLED = 6
SAMPLE_SECONDS = 1.0
_ENDINGS = frozenset({".parquet", ".pq"})


def parquet_stores(found: Sequence[Found], paths: Sequence[Path]) -> list[ParquetStore]:
    """One store for each partitioned folder, and for each folder just below one of the paths.

    A file that lies in one of the paths itself, or is one, is a store alone.
    """
    groups: dict[str, list[Found]] = defaultdict(list)
    stores: list[ParquetStore] = []
    for one in found:
        if one.is_folder:
            stores.extend(_of_folder(one))
        elif one.file.suffix.lower() in _ENDINGS:
            groups[_group(one, paths)].append(one)
    for members in groups.values():
        shown = [one.shown for one in members]
        name = shown[0] if len(shown) == 1 else os.path.commonpath(shown)
        stores.append(_store(name, [(one.shown, one.file) for one in members]))
    return [store for store in stores if store.files]


def _group(one: Found, paths: Sequence[Path]) -> str:
    """The folder below the given path that a file lies in, else the file itself."""
    file = one.file.absolute()
    above = [path.absolute() for path in paths if file.is_relative_to(path.absolute())]
    base = max(above, key=lambda path: len(path.parts), default=file.parent)
    inside = file.relative_to(base).parts
    return str(base / inside[0]) if len(inside) > 1 else str(file)


def _of_folder(one: Found) -> Iterator[ParquetStore]:
    files: list[tuple[str, Path]] = []
    end = time.monotonic() + WALK_SECONDS
    cut_short = None
    for folder, _, names in os.walk(one.file):
        below = Path(folder)
        shown = Path(one.shown) / below.relative_to(one.file)
        files += [(str(shown / n), below / n) for n in names if Path(n).suffix in _ENDINGS]
        if len(files) > MOST_FILES or time.monotonic() > end:
            cut_short = f"counted the first {len(files):,} files"
            break
    if files:
        yield _store(one.shown, files, cut_short)


def _store(
    name: str, files: Sequence[tuple[str, Path]], cut_short: str | None = None
) -> ParquetStore:
    sizes: list[tuple[str, Path, int]] = []
    for shown, file in files:
        try:
            sizes.append((shown, file, file.stat().st_size))
        except OSError:
            # it was moved away since the folder was listed
            continue
    numbers = [size for _, _, size in sizes]
    return ParquetStore(
        subject=name,
        path=name,
        files=len(sizes),
        size=sum(numbers),
        small=sum(size < SMALL for size in numbers),
        median=int(median(numbers)) if numbers else 0,
        saving=partial(estimate, sizes),
        cut_short=cut_short,
    )


def estimate(files: Sequence[tuple[str, Path, int]]) -> Saving:
    """What the files would save together; each counts by the rule of the repair.

    A few files are all taken. Of many, the sample is systematic with probability proportional
    to size, so the mean of its shares is that of all bytes (Cochran, "Sampling Techniques",
    chapter 9A).
    """
    end = time.monotonic() + SAMPLE_SECONDS
    shares: list[tuple[str, float]] = []
    weights: list[float] = []
    footers: list[Footer] = []
    problem = None
    for (shown, file, size), weight in _chosen(files):
        if shares and time.monotonic() > end:
            break
        try:
            footers.append(read_footer(file))
            share = saved_bytes(file, size) / max(1, size)
        except Malformed:
            problem = f"{shown}: is no whole Parquet file"
            continue
        except POLARS_ERRORS as error:
            problem = f"{shown}: {sentence(error)}"
            continue
        shares.append((shown, share if share >= WORTH else 0.0))
        weights.append(weight)
    codecs: Counter[str] = Counter()
    for footer in footers:
        codecs.update(footer.codecs)
    total = sum(codecs.values())
    return Saving(
        sampled=len(shares),
        share=sum(w * share for w, (_, share) in zip(weights, shares, strict=True)) / sum(weights)
        if shares
        else 0.0,
        codecs={name: size / total for name, size in codecs.most_common()} if total else {},
        rows=int(median(footer.rows for footer in footers)) if footers else None,
        worst=max(shares, key=lambda pair: pair[1], default=None),
        problem=problem,
    )


def _chosen(
    files: Sequence[tuple[str, Path, int]],
) -> list[tuple[tuple[str, Path, int], float]]:
    """The files to sample and the weight of each; a large one may stand for several draws."""
    ordered = sorted(files, key=lambda one: (-one[2], one[0]))
    if len(ordered) <= SAMPLED:
        return [(one, max(1.0, one[2])) for one in ordered]
    ends = list(accumulate(size for _, _, size in ordered))
    marks = [(n + 0.5) * ends[-1] / SAMPLED for n in range(SAMPLED)]
    draws = Counter(bisect_left(ends, mark) for mark in marks)
    return [(ordered[place], float(count)) for place, count in draws.items()]
