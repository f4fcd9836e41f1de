"""PRC019 history-too-short."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from checks.prices.lives import DAYS_IN_YEAR, Market, lives, market_of
from checks.prices.wording import plural
from ml_debugger.artifacts import Expectations, PriceTable, Workspace
from ml_debugger.contract import (
    Evidence,
    Gathered,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    Setting,
    Settings,
    check,
)

if TYPE_CHECKING:
    import polars as pl

ESTABLISHED = 0.25
"""The share of the tickers that must reach back as far as asked: the others were listed later."""


@check(
    code="PRC019",
    name="history-too-short",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "years_missing",
            "share",
            "above",
            "share of the years asked for that the prices do not span",
            "half a year of 25 is a late download, a fifth is another history",
            fail=0.2,
            warn=0.02,
        ),
        Limit(
            "short_tickers",
            "share",
            "above",
            "share of the tickers with fewer bars than training needs",
            "measured: 4 of 505 stocks of an index file over five years had fewer than 200 bars",
            fail=0.5,
            warn=0.1,
        ),
    ),
    settings=(
        Setting(
            "train_bars",
            "bars",
            200,
            "bars that a ticker needs for training, where horizons and lookback need no more",
            "the project's record of 2025-11: minimum 200 candles for training",
        ),
        Setting(
            "predict_bars",
            "bars",
            100,
            "bars that a ticker needs for a prediction",
            "the project's record of 2025-11: minimum 100 candles for prediction",
        ),
    ),
    profiles=("quick", "pre-train", "full"),
    gather=lives,
    explained_by=("source-unreachable", "rate-limited"),
)
def history_too_short(
    prices: PriceTable,
    found: Gathered,
    expect: Expectations,
    workspace: Workspace | None,
    settings: Settings,
) -> Outcome:
    """The prices reach less far back than the work on them needs.

    What it measures:
        Where the configuration asks for years (`expect.years`), the history up to the last bar
        that a quarter of the tickers have, because others were listed later. Where it names
        horizons or a lookback, the share of tickers with fewer bars than 200, or than lookback
        and longest horizon together if that is more. A table that nothing was asked of is not
        judged. Prices in one file a ticker are judged as a whole.

    Why it matters:
        Short histories hold one regime. A ticker with fewer bars than lookback and horizon
        gives no training row at all, and walk-forward folds come out empty.

    What to do:
        Fetch with an earlier start. Leave out tickers that were listed too late, or train with
        a shorter horizon.

    Sources:
        The project's record: 25 years as the target; at least 200 bars to train and 100 to
        predict.
    """
    market = market_of(prices, found["lives"], workspace)
    if not expect.years and not expect.horizons and not expect.lookback:
        return NotMeasured("the configuration asks for no history (expect.years, expect.horizons)")
    if isinstance(market, str):
        return NotMeasured(f"its folder is judged as a whole, on {market}")
    if market.lives.is_empty():
        return NotMeasured("holds no dated bar")
    values: dict[str, float] = {}
    titles: list[str] = []
    evidence: list[Evidence] = []
    if expect.years and "time" in prices.names:
        have, since = _years(market)
        values["years_missing"] = max(0.0, 1 - have / expect.years)
        titles.append(f"{have:.1f} of {expect.years:g} years")
        evidence.append(Evidence("a quarter of the tickers begin by", str(since)))
    short = market.lives.head(0)
    if expect.horizons or expect.lookback:
        reach = (expect.lookback or 0) + max(expect.horizons, default=0)
        least = max(int(settings["train_bars"]), reach)
        short = _shorter(market, least)
        values["short_tickers"] = short.height / market.lives.height
        titles.append(f"{plural(short.height, 'ticker')} below {least:,} bars")
        unfit = _shorter(market, int(settings["predict_bars"])).height
        evidence.append(Evidence("too short even to predict", unfit, "tickers"))
        evidence += [
            Evidence("bars", row["bars"], "bars", f"{row['ticker']} from {row['first']}")
            for row in short.sort("bars", "ticker").head(3).to_dicts()
        ]
    if not values:
        return NotMeasured("has no dates, so its years are unknown")
    return Measurement(
        "; ".join(titles), values, tuple(evidence), rows=lambda: _rows(short, prices)
    )


def _years(market: Market) -> tuple[float, date]:
    """The history up to the last bar of the market that a quarter of its tickers have."""
    firsts = market.lives["first"].sort()
    since = firsts[int(ESTABLISHED * (len(firsts) - 1))]
    until = market.lives["last"].max()
    assert isinstance(since, date)
    assert isinstance(until, date)
    return (until - since).days / DAYS_IN_YEAR, since


def _shorter(market: Market, bars: int) -> pl.DataFrame:
    import polars as pl

    return market.lives.filter(pl.col("bars") < bars)


def _rows(short: pl.DataFrame, prices: PriceTable) -> pl.DataFrame:
    """The tickers that are too short; their first day stands for them."""
    import polars as pl

    time = pl.col("first") if "time" in prices.names else pl.lit(None, pl.Date)
    said = pl.format("{} bars", "bars")
    return short.sort("bars", "ticker").select("ticker", time.alias("time"), said.alias("detail"))
