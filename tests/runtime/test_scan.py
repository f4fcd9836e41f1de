import polars as pl
import pytest

from ml_debugger.runtime.scan import fuse


def test_the_aggregations_of_all_askers_come_back_by_name() -> None:
    frame = pl.LazyFrame({"a": [1.0, None, 3.0], "b": [1, 2, 3]})
    scans, _ = fuse(
        frame,
        {
            "X": {"nulls": pl.col("a").null_count(), "mean": pl.col("a").mean()},
            "Y": {"nulls": pl.col("b").null_count()},
        },
    )
    assert scans["X"].count("nulls") == 1
    assert scans["X"].number("mean") == 2.0
    assert scans["Y"].count("nulls") == 0


def test_one_pass_reads_the_table_once() -> None:
    reads = []

    def source(with_columns, predicate, n_rows, batch_size):  # noqa: ARG001  polars' protocol
        reads.append(with_columns)
        yield pl.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})

    frame = pl.io.plugins.register_io_source(source, schema={"a": pl.Float64, "b": pl.Float64})
    fuse(frame, {code: {"m": pl.col(c).mean()} for code, c in (("X", "a"), ("Y", "b"))})
    assert len(reads) == 1


def test_an_aggregation_over_nothing_is_not_a_number() -> None:
    scans, _ = fuse(
        pl.LazyFrame({"a": pl.Series([], dtype=pl.Float64)}), {"X": {"m": pl.col("a").mean()}}
    )
    assert scans["X"].number("m") != scans["X"].number("m")


def test_no_asker_runs_nothing() -> None:
    assert fuse(pl.LazyFrame({"a": [1]}), {}) == ({}, [])


def test_a_wrong_aggregation_raises_for_the_asker() -> None:
    with pytest.raises(pl.exceptions.PolarsError):
        fuse(pl.LazyFrame({"a": [1]}), {"X": {"m": pl.col("nothing").sum()}})
