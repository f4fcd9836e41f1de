from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from checks.features.non_finite_feature import non_finite_feature
from checks.features.unscaled_feature import unscaled_feature
from checks.prices.duplicate_bar import duplicate_bar
from ml_debugger.runtime.scan import fuse, look
from tests.checks.table_judging import features_of, prices_of


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


def test_a_check_whose_question_is_wrong_costs_only_itself() -> None:
    def wrong(table):  # noqa: ARG001
        return {"m": pl.col("nothing").sum()}

    table = features_of(pl.DataFrame({"a": [1.0] * 60, "b": [2.0] * 60, "c": [3.0] * 60}))
    broken = replace(non_finite_feature, code="XXX001", ask=wrong)
    found = look(table, [broken, non_finite_feature, unscaled_feature])
    assert isinstance(found["XXX001"], Exception)
    assert isinstance(found["FEA001"], tuple)
    assert isinstance(found["FEA003"], tuple)


def test_a_walk_that_fails_costs_only_its_check() -> None:
    def wrong(bars):  # noqa: ARG001
        raise ValueError("no")

    prices = twin_prices()
    found = look(prices, [replace(duplicate_bar, code="XXX001", gather=wrong), duplicate_bar])
    assert isinstance(found["XXX001"], ValueError)
    assert isinstance(found["PRC005"], tuple)


def twin_prices():
    frame = pl.DataFrame({"ticker": ["A", "A"], "date": [date(2024, 1, 2), date(2024, 1, 3)]})
    return prices_of(frame.with_columns(close=pl.Series([1.0, 2.0])))
