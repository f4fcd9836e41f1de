"""Damaged and odd tables: what is sound is read, and the rest is named by file and column."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from ml_debugger.artifacts import Artifact, FeatureTable, FileRead, PriceTable, Unrecognised
from ml_debugger.readers.opening import open_file, open_folder

COUNT = 120
DAYS = [date(2024, 1, 1) + timedelta(days=n) for n in range(COUNT)]
WAVE = [100 + 3 * ((n * 7) % 11) / 11 for n in range(COUNT)]
PRICES = pl.DataFrame(
    {
        "date": DAYS,
        "open": WAVE,
        "high": [w + 1 for w in WAVE],
        "low": [w - 1 for w in WAVE],
        "close": [w + 0.5 for w in WAVE],
        "volume": [1_000 + 17 * n for n in range(COUNT)],
    }
)
FEATURES = pl.DataFrame(
    {
        "ticker": ["A"] * COUNT,
        "date": DAYS,
        **{
            name: [((n * k) % 13) / 13 for n in range(COUNT)]
            for k, name in ((3, "rsi"), (5, "beta"))
        },
        "momentum": [((n * 11) % 17) / 17 - 0.5 for n in range(COUNT)],
        "label_5": [((n * 5) % 7) / 700 for n in range(COUNT)],
    }
)
FORMATS = ("%Y-%m-%d", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d", "%b %d, %Y")
Table = PriceTable | FeatureTable


class Case(NamedTuple):
    """A sound table, what it is, and one of its columns."""

    table: pl.DataFrame
    kind: type[Table]
    column: str


KINDS = pytest.mark.parametrize(
    "case",
    [Case(PRICES, PriceTable, "close"), Case(FEATURES, FeatureTable, "beta")],
    ids=["prices", "features"],
)


def opened(path: Path, kind: type[Table]) -> Table:
    artifacts = open_folder(path, "x") if path.is_dir() else open_file(path, "x", named=True)
    return next(a for a in artifacts if isinstance(a, kind))


def times(table: Table) -> list[object]:
    name = "time" if isinstance(table, PriceTable) else "date"
    return table.frame.select(name).collect()[name].to_list()


def misread(table: Table, column: str) -> str:
    """What is said of a column; price tables name their columns by field."""
    return table.misread["time" if column == "date" and isinstance(table, PriceTable) else column]


def partitioned(table: pl.DataFrame, folder: Path) -> Path:
    """Three files of forty rows, each of several row groups."""
    for number in range(3):
        place = folder / f"month={number + 1}"
        place.mkdir(parents=True)
        table.slice(40 * number, 40).write_parquet(place / "0.parquet", row_group_size=10)
    return folder


@KINDS
@pytest.mark.parametrize("written", FORMATS)
def test_dates_as_text_in_one_notation(written: str, case: Case, tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    case.table.with_columns(pl.col("date").dt.strftime(written)).write_csv(file)
    found = opened(file, case.kind)
    assert times(found) == DAYS
    assert not found.misread


@KINDS
def test_dates_in_five_notations(case: Case, tmp_path: Path) -> None:
    mixed = [f"{day:{FORMATS[n % 5]}}" for n, day in enumerate(DAYS)]
    case.table.with_columns(date=pl.Series(mixed)).write_csv(tmp_path / "t.csv")
    found = opened(tmp_path / "t.csv", case.kind)
    assert times(found) == DAYS
    assert "5 notations" in misread(found, "date")


@pytest.mark.parametrize(
    ("later", "read"), [("%m/%d/%Y", 2_800), ("%m/%d/%Y 00:00:00", 2_800), ("footer", 2_400)]
)
def test_a_notation_that_begins_far_down_is_read_as_well(
    later: str, read: int, tmp_path: Path
) -> None:
    days = [date(2015, 1, 1) + timedelta(days=n) for n in range(2_800)]
    texts = [f"{day:{later}}" if n >= 2_400 else f"{day}" for n, day in enumerate(days)]
    bars = {name: [10.0 + n % 7 for n in range(2_800)] for name in ("open", "high", "low", "close")}
    pl.DataFrame({"date": texts, **bars}).write_csv(tmp_path / "t.csv")
    found = opened(tmp_path / "t.csv", PriceTable)
    assert times(found)[:read] == days[:read]
    said = "2 notations" if read == 2_800 else "400 of 2,800 cells hold no date"
    assert said in misread(found, "date")


def test_a_later_half_that_swaps_day_and_month_is_not_guessed(tmp_path: Path) -> None:
    days = [date(2015, 1, 1) + timedelta(days=n) for n in range(2_800)]
    texts = [f"{d:%m/%d/%Y}" if n >= 1_400 else f"{d:%d/%m/%Y}" for n, d in enumerate(days)]
    bars = {name: [10.0 + n % 7 for n in range(2_800)] for name in ("open", "high", "low", "close")}
    pl.DataFrame({"date": texts, **bars}).write_csv(tmp_path / "t.csv")
    assert "cells hold no date" in misread(opened(tmp_path / "t.csv", PriceTable), "date")


@KINDS
def test_mixed_time_zones_become_utc(case: Case, tmp_path: Path) -> None:
    zones = ("+00:00", "-05:00", "+05:30", "Z")
    stamps = [f"{day} 09:30:00{zones[n % 4]}" for n, day in enumerate(DAYS)]
    case.table.with_columns(date=pl.Series(stamps)).write_csv(tmp_path / "t.csv")
    hours = [f"{moment:%H:%M %Z}" for moment in times(opened(tmp_path / "t.csv", case.kind))[:4]]
    assert hours == ["09:30 UTC", "14:30 UTC", "04:00 UTC", "09:30 UTC"]


@KINDS
def test_rows_without_a_date_are_counted(case: Case, tmp_path: Path) -> None:
    dated = pl.when(pl.int_range(pl.len()) % 40 != 7).then("date").alias("date")
    case.table.with_columns(dated).write_parquet(tmp_path / "t.parquet")
    assert misread(opened(tmp_path / "t.parquet", case.kind), "date").endswith(
        f"3 of {COUNT} rows have none"
    )


@KINDS
def test_text_among_the_numbers_is_named(case: Case, tmp_path: Path) -> None:
    odd = pl.when(pl.int_range(pl.len()) % 50 == 7).then(pl.lit("abc"))
    case.table.with_columns(
        odd.otherwise(pl.col(case.column).cast(pl.String)).alias(case.column)
    ).write_csv(tmp_path / "t.csv")
    found = opened(tmp_path / "t.csv", case.kind)
    assert f"3 of {COUNT} cells are text, like 'abc'" in misread(found, case.column)
    assert found.frame.select(pl.col(case.column).null_count()).collect().item() == 3


@KINDS
def test_text_where_the_format_knows_numbers(case: Case, tmp_path: Path) -> None:
    case.table.with_columns(pl.col(case.column).cast(pl.String)).write_parquet(
        tmp_path / "t.parquet"
    )
    found = opened(tmp_path / "t.parquet", case.kind)
    assert misread(found, case.column).endswith("is text")
    assert found.frame.collect_schema()[case.column] == pl.Float64


@KINDS
def test_a_name_that_stands_twice(case: Case, tmp_path: Path) -> None:
    lines = case.table.write_csv().splitlines()
    text = "\n".join([f"{lines[0]},{case.column}", *(f"{line},1.5" for line in lines[1:])])
    (tmp_path / "t.csv").write_text(text + "\n")
    assert "stands twice in the header" in misread(
        opened(tmp_path / "t.csv", case.kind), case.column
    )


@KINDS
@pytest.mark.parametrize("suffix", ["csv", "parquet", "null.parquet"])
def test_a_column_without_a_value(suffix: str, case: Case, tmp_path: Path) -> None:
    empty = pl.lit(None, pl.Null if suffix.startswith("null") else pl.Float64).alias(case.column)
    file = tmp_path / f"t.{suffix}"
    blank = case.table.with_columns(empty)
    blank.write_csv(file) if suffix == "csv" else blank.write_parquet(file)
    found = opened(file, case.kind)
    if isinstance(found, FeatureTable):
        assert case.column in found.features
    else:
        assert case.column not in found.names
        assert "holds no value" in misread(found, case.column)


@KINDS
@pytest.mark.parametrize("rows", [0, 1])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_tables_of_one_row_and_of_none(suffix: str, rows: int, case: Case, tmp_path: Path) -> None:
    file = tmp_path / f"t.{suffix}"
    few = case.table.head(rows)
    few.write_csv(file) if suffix == "csv" else few.write_parquet(file)
    (*artifacts, last) = open_file(file, "x", named=True)
    if rows:
        assert [a.rows for a in artifacts if isinstance(a, case.kind)] == [1]
    else:
        assert isinstance(last, Unrecognised)
        assert last.content == f"a table of {case.table.width} columns and no row"


def corrupt(file: Path) -> None:
    """Overwrite the middle of a file: the footer stays, a row group is lost."""
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 3 : len(raw) // 3 + 300] = b"\xff" * 300
    file.write_bytes(raw)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:200])


def emptied(file: Path) -> None:
    file.write_bytes(b"")


@KINDS
@pytest.mark.parametrize("damage", [corrupt, cut, emptied])
def test_a_damaged_file_among_many_is_left_out_and_named(
    damage: Callable[[Path], None],
    case: Case,
    tmp_path: Path,
) -> None:
    damage(partitioned(case.table, tmp_path / "t") / "month=2" / "0.parquet")
    artifacts: list[Artifact] = list(open_folder(tmp_path / "t", "t"))
    read = artifacts.pop()
    assert isinstance(read, FileRead)
    assert read.salvaged
    assert list(read.lost) == ["t/month=2/0.parquet"]
    (found,) = (a for a in artifacts if isinstance(a, case.kind))
    assert found.rows == 80
    assert found.frame.collect().height == 80


@KINDS
def test_every_file_damaged(case: Case, tmp_path: Path) -> None:
    for file in partitioned(case.table, tmp_path / "t").rglob("*.parquet"):
        corrupt(file)
    (read,) = open_folder(tmp_path / "t", "t")
    assert isinstance(read, FileRead)
    assert "every partition is damaged; month=1/0.parquet" in str(read.problem)


@KINDS
def test_partitions_that_differ_are_one_table(case: Case, tmp_path: Path) -> None:
    file = partitioned(case.table, tmp_path / "t") / "month=3" / "0.parquet"
    part = pl.read_parquet(file, hive_partitioning=False)
    part.with_columns(pl.col(case.column).cast(pl.String)).select(
        reversed(part.columns)
    ).write_parquet(file)
    found = opened(tmp_path / "t", case.kind)
    assert found.rows == COUNT
    assert found.frame.select(pl.col(case.column).null_count()).collect().item() == 0
    if isinstance(found, PriceTable):
        assert list(found.differing) == ["month=3/0.parquet"]
    else:
        assert found.schemas["month=3/0.parquet"][case.column] == "String"


def test_a_folder_above_may_be_named_like_a_partition(tmp_path: Path) -> None:
    prices = opened(partitioned(PRICES, tmp_path / "run=3" / "t"), PriceTable)
    assert times(prices) == DAYS


def test_partitions_without_any_row(tmp_path: Path) -> None:
    partitioned(PRICES.head(0), tmp_path / "t")
    (read,) = open_folder(tmp_path / "t", "t")
    assert isinstance(read, FileRead)
    assert read.problem == "none of its 3 files holds a row"
