import polars as pl

from ml_debugger.sizing import holdout_win_rate


def test_it_starts_at_one_half_and_stays_within_its_limits(
    predictions: pl.DataFrame, prices: pl.DataFrame
) -> None:
    rates = holdout_win_rate(predictions, prices, 1)
    assert rates["win_rate"][0] == 0.5
    assert rates["win_rate"].is_between(0.5, 0.6).all()
    assert 0.54 < rates["win_rate"][-1] <= 0.6
    assert rates["date"].to_list() == predictions["date"].unique().sort().to_list()


def test_a_perfect_record_counts_for_sixty_percent_only(prices: pl.DataFrame) -> None:
    ahead = pl.col("close").shift(-1).over("ticker") / pl.col("close") - 1
    oracle = prices.select(
        "ticker", "date", pl.lit(1, dtype=pl.Int32).alias("horizon"), ahead.alias("prediction")
    ).drop_nulls()
    assert holdout_win_rate(oracle, prices, 1)["win_rate"][-1] == 0.6


def test_a_date_knows_nothing_of_later_outcomes(
    predictions: pl.DataFrame, prices: pl.DataFrame
) -> None:
    last = prices["date"].unique().sort()[300]
    past = pl.col("date") <= last
    whole = holdout_win_rate(predictions, prices, 1).filter(past)
    cut = holdout_win_rate(predictions.filter(past), prices.filter(past), 1)
    assert whole.equals(cut)


def test_overlapping_outcomes_need_more_rows(
    predictions: pl.DataFrame, prices: pl.DataFrame
) -> None:
    sixty = predictions.with_columns(pl.lit(60, dtype=pl.Int32).alias("horizon"))
    assert holdout_win_rate(sixty, prices, 60)["win_rate"].unique().to_list() == [0.5]
