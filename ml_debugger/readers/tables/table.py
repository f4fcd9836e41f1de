"""An opened table: what every format is turned into before its content is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from ml_debugger.nvidia_smi.names import is_telemetry

SAMPLE_ROWS = 2_000


@dataclass(frozen=True)
class Table:
    """Columns under the file's own names, lazily.

    `subject` is the short name of the file, `shown` the name that results use, `stem` the name
    without endings. `sample` holds the first rows. `problems` says by column what could not be
    read, and under `header` what is irregular in the header. `panel` maps a column to its price
    field and ticker where a header of two levels says so. `keys` are columns that come from the
    names of folders. `schemas` holds the columns and types of each file of a folder, `differing`
    by file and column what is unlike most files, `empty` the partitions without rows. `held` tells
    that the rows are in memory already, so that conversions are worth keeping. `typed` tells that
    the format gives each column its type, so that text is meant as text. `misread` says by column,
    or under `header`, what a plain reader of tables would take for something else.
    """

    subject: str
    shown: str
    stem: str
    frame: pl.LazyFrame
    schema: Mapping[str, pl.DataType]
    rows: int
    sample: pl.DataFrame
    problems: Mapping[str, str] = field(default_factory=dict)
    panel: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    schemas: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    held: bool = False
    differing: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    empty: tuple[str, ...] = ()
    typed: bool = False
    misread: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """All column names."""
        return tuple(self.schema)

    @property
    def content(self) -> str | None:
        """What to say of a table that holds nothing to judge; None of any other."""
        if is_telemetry(self.columns):
            return "measurements of nvidia-smi"
        if self.rows:
            return None
        return f"a table of {len(self.columns)} columns and no row"

    def numeric(self, column: str) -> bool:
        """Whether a column holds numbers."""
        return self.schema[column].is_numeric()

    def with_frame(
        self, frame: pl.LazyFrame, problems: Mapping[str, str], misread: Mapping[str, str]
    ) -> Table:
        """The same table with converted columns and the problems met in converting."""
        sample = frame.head(SAMPLE_ROWS).collect()
        return replace(
            self,
            frame=frame,
            schema=dict(sample.schema),
            sample=sample,
            problems={**self.problems, **problems},
            misread={**self.misread, **misread},
        )


def open_frame(
    frame: pl.LazyFrame,
    *,
    shown: str,
    stem: str,
    rows: int | None = None,
    problems: Mapping[str, str] | None = None,
    panel: Mapping[str, tuple[str, str]] | None = None,
    keys: tuple[str, ...] = (),
    schemas: Mapping[str, Mapping[str, str]] | None = None,
    held: bool = False,
    differing: Mapping[str, Mapping[str, str]] | None = None,
    empty: tuple[str, ...] = (),
    typed: bool = False,
    misread: Mapping[str, str] | None = None,
) -> Table:
    """A `Table` over a lazy frame; counts the rows unless the format already has."""
    sample = frame.head(SAMPLE_ROWS).collect()
    if rows is None:
        rows = int(frame.select(pl.len()).collect(engine="streaming").item())
    return Table(
        subject=shown,
        shown=shown,
        stem=stem,
        frame=frame,
        schema=dict(sample.schema),
        rows=rows,
        sample=sample,
        problems=problems or {},
        panel=panel or {},
        keys=keys,
        schemas=schemas or {},
        held=held,
        differing=differing or {},
        empty=empty,
        typed=typed,
        misread=misread or {},
    )
