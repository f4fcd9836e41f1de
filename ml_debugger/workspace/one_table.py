"""Tables that stand in many files of one folder: a file a ticker, or numbered parts."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import PurePath
from string import ascii_letters, digits
from typing import Any, TypeVar

from ml_debugger.artifacts import Artifact, FeatureTable, PriceTable

LEAST_FILES = 5
"""Fewer files that look alike are as likely versions of one table."""

NO_TICKERS = frozenset(
    (
        *("TRAIN", "TEST", "VAL", "VALID", "DEV", "OOS", "HOLDOUT"),
        *("RAW", "CLEAN", "FIXED", "OLD", "NEW", "BACKUP", "COPY", "FINAL", "TMP", "DATA"),
        *("DAILY", "HOURLY", "WEEKLY", "MONTHLY", "MINUTE"),
    )
)
"""Words that tell files of one table apart, and are no names of instruments."""

PART_WORDS = frozenset(
    ("", "part", "data", "chunk", "shard", "prices", "bars", "features", "train")
)
"""What numbered parts of one table are called; numbered folds, runs and epochs are no parts."""

_TICKER = re.compile(
    r"[A-Z][A-Z0-9]{0,9}(?:[.\-=^][A-Z0-9]{1,4})?|\^[A-Z0-9]{2,6}|\d{4,6}(?:\.[A-Z]{2})?"
)
_STEP = re.compile(r"\d+(?:M|MIN|H|D|W|MO)|[MHDW]\d+", re.IGNORECASE)
_PART = re.compile(r"([A-Za-z]*)[-_.]?(\d+)(?:-of-\d+)?(?:-[0-9a-f-]{8,})?")

Table = TypeVar("Table", PriceTable, FeatureTable)


def in_one_table(artifacts: Sequence[Artifact], named: Collection[str] = ()) -> list[Artifact]:
    """The artifacts, with tables of many files as one table each.

    Files belong together that stand in one folder, hold the same columns, and are called by
    tickers or by numbers of parts. `named` are paths that the user named one by one: these stay
    apart.
    """
    whole: dict[Artifact, Artifact] = {}
    parts: set[Artifact] = set()
    free = [a for a in artifacts if a.path is not None and a.path not in named]
    for kind in (PriceTable, FeatureTable):
        groups: dict[tuple[object, ...], list[Any]] = defaultdict(list)
        for table in free:
            if isinstance(table, kind):
                groups[_alike(table)].append(table)
        for tables in groups.values():
            own = _own_words([PurePath(table.path or "").stem for table in tables])
            if len(tables) >= LEAST_FILES and own is not None:
                parts.update(tables)
                whole[tables[0]] = _together(tables, own)
    kept = (artifact for artifact in artifacts if artifact in whole or artifact not in parts)
    return [whole.get(artifact, artifact) for artifact in kept]


def _alike(table: PriceTable | FeatureTable) -> tuple[object, ...]:
    """What files of one table have in common; what is irregular in a file stays its own."""
    path = PurePath(table.path or "")
    types = tuple(map(str, table.frame.collect_schema().items()))
    place = (type(table), str(path.parent), "".join(path.suffixes), types)
    if isinstance(table, PriceTable):
        odd = tuple(map(str, (table.problems, table.misread)))
        return (*place, tuple(table.names.items()), odd)
    return (*place, table.features, table.labels, table.ticker, table.time, str(table.misread))


def _own_words(stems: Sequence[str]) -> list[str] | None:
    """What tells the files apart, when that is a ticker each, or the number of a part."""
    if all(_is_part(stem) for stem in stems):
        return list(stems)
    ahead, behind = _shared(stems), _shared([stem[::-1] for stem in stems])
    words = [stem[ahead : len(stem) - behind] for stem in stems]
    return words if len(set(words)) == len(words) and all(map(_is_ticker, words)) else None


def _shared(stems: Sequence[str]) -> int:
    """How many characters all begin with, up to the last sign between words."""
    alike = takewhile(lambda signs: len(set(signs)) == 1, zip(*stems, strict=False))
    start = "".join(signs[0] for signs in alike)
    return len(start.rstrip(ascii_letters + digits))


def _is_part(stem: str) -> bool:
    found = _PART.fullmatch(stem)
    return found is not None and found[1].lower() in PART_WORDS


def _is_ticker(word: str) -> bool:
    upper = word.upper()
    known = upper in NO_TICKERS or _STEP.fullmatch(upper) is not None
    return not known and _TICKER.fullmatch(upper) is not None


def _together(tables: Sequence[Table], words: Sequence[str]) -> Table:
    """One table over all files, under the folder's name and the ending of the files."""
    import polars as pl

    first = tables[0]
    path = PurePath(first.path or "")
    shown = str(path.parent / f"*{''.join(path.suffixes)}")
    frames = [table.frame for table in tables]
    numbered = all(_is_part(PurePath(table.path or "").stem) for table in tables)
    if isinstance(first, PriceTable) and "ticker" not in first.names and not numbered:
        frames = [
            frame.with_columns(pl.lit(word).alias("ticker"))
            for frame, word in zip(frames, words, strict=True)
        ]
    return replace(
        first,
        subject=shown,
        path=shown,
        frame=pl.concat(frames),
        rows=sum(table.rows for table in tables),
        files={word: table.path or "" for word, table in zip(words, tables, strict=True)},
    )
