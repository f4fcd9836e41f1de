"""Damage that polars meets in a file, as one sentence for a person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from ml_debugger.readers.reader import Unreadable

POLARS_ERRORS: tuple[type[BaseException], ...] = (
    pl.exceptions.PolarsError,
    pl.exceptions.PanicException,
    OSError,
    UnicodeDecodeError,
    OverflowError,
)
"""What reading a damaged table raises. A panic of the Rust core derives from BaseException:
it is as ordinary here as any other sign of a corrupt file."""

DAMAGE: tuple[type[BaseException], ...] = (
    pl.exceptions.ComputeError,
    pl.exceptions.PanicException,
    OSError,
)
"""Those of them that a damaged page raises; the others come from a question that is wrong."""


def sentence(error: BaseException) -> str:
    """The first line of an error, without the wrapping that Rust adds."""
    text = str(error).strip()
    # a panic wraps the panic that caused it, again and again: the innermost one says most
    _, nested, innermost = text.rpartition("JoinError::Panic(")
    inner = re.search(r'"([^"\\]+)', innermost) if nested else None
    wrapped = re.search(r'ErrString\("((?:[^"\\]|\\.)*)"', text)
    if inner:
        text = f"the decoder stopped: {inner[1]}"
    elif wrapped:
        text = wrapped[1].replace('\\"', '"').replace("\\n", "\n")
    lines = text.splitlines()
    return (lines[0] if lines else type(error).__name__)[:200]


@contextmanager
def unreadable(what: str) -> Iterator[None]:
    """Turn whatever polars raises on damaged content into `Unreadable`."""
    try:
        yield
    except POLARS_ERRORS as error:
        raise Unreadable(f"{what}: {sentence(error)}") from error
