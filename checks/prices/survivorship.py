"""PRC021 survivorship."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from checks.prices.lives import DAYS_IN_YEAR, Market, lives, market_of
from checks.prices.wording import plural
from ml_debugger.artifacts import Bars, PriceTable, Workspace
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

CHOSEN = 80
"""A list with fewer tickers is a choice and no universe."""
ENDED_DAYS, ENDED_BARS = 30, 10
"""A ticker has ended when its last bar lies so far before the last bar of all."""
SAMPLED = 20_000
WEEKEND = 0.05
"""A market with so large a share of its bars on Saturdays, and on Sundays, never closes."""
NO_SHARES = re.compile(
    r"^\^|=[XF]$|[-/_]?(?:USDT|USDC|BUSD|PERP)$|[-/_](?:USD|EUR|BTC|ETH|GBP|JPY)$"
    r"|^(?:EUR|USD|GBP|JPY|CHF|AUD|NZD|CAD){2}(?:=X)?$",
    re.IGNORECASE,
)
"""Names of indices, futures, currencies and coins: they do not end as companies do."""


def gather(bars: Bars) -> Mapping[str, pl.DataFrame]:
    """`lives`, and the `weekend`: how many of some bars lie on which of its days."""
    import polars as pl

    times = bars.frame["time"].drop_nulls()
    days = times.gather_every(max(1, len(times) // SAMPLED)).dt.weekday()
    weekend = pl.DataFrame(
        {
            "saturdays": [int((days == 6).sum())],
            "sundays": [int((days == 7).sum())],
            "of": [len(days)],
        }
    )
    return {**lives(bars), "weekend": weekend}


@check(
    code="PRC021",
    name="survivorship",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "chance",
            "probability",
            "below",
            "chance that so few tickers end in a market that was not chosen in hindsight",
            "one in a thousand: the rate it is reckoned with is a fifth of the observed ones",
            warn=0.001,
        ),
    ),
    settings=(
        Setting(
            "yearly_endings",
            "share",
            0.01,
            "share of the stocks of a market that end in a year at the least",
            "NYSE and AMEX 1963-1995: 4.8 % a year (61 % survive ten years; Baker and Kennedy, "
            "Survivorship and the Economic Grim Reaper, 2002); a fifth of it, for calmer markets",
        ),
    ),
    profiles=("pre-train", "full"),
    gather=gather,
)
def survivorship(
    prices: PriceTable, found: Gathered, workspace: Workspace | None, settings: Settings
) -> Outcome:
    """No ticker ever ends: the list was made of those that are still there.

    What it measures:
        Tickers whose last bar lies more than a month before the last bar of all, against how
        many endings a market has by mergers, takeovers and failures over as many tickers and
        years. At one ending in a hundred stocks a year, which is a fifth of what was observed,
        the chance of so few must be below one in a thousand. Lists of fewer than 80 tickers
        are a choice and are not accused; currencies, coins, indices and futures do not count.
        Prices in one file a ticker are judged as a whole.

    Why it matters:
        A model that is trained and tested on today's members knows which companies survived
        and which grew into the index. Its returns are too high by one to several per cent a
        year, and what it learns about crashed stocks is that they always come back.

    What to do:
        Take the members as they were at each date, with the delisted ones and their last
        prices. Where such data cannot be had, say so beside every figure of a backtest.

    Sources:
        Baker and Kennedy, Survivorship and the Economic Grim Reaper, Journal of Law, Economics
        and Organization 18 (2002): ten-year survival of 61 % on NYSE and AMEX. Elton, Gruber
        and Blake, Survivorship Bias and Mutual Fund Performance (1996), on the size of the bias.
    """
    if "time" not in prices.names:
        return NotMeasured("has no dates")
    market = market_of(prices, found["lives"], workspace)
    if isinstance(market, str):
        return NotMeasured(f"its folder is judged as a whole, on {market}")
    if _never_closes(found["weekend"]):
        return NotMeasured("trades on weekends as on other days: no stocks")
    shares = Market(_shares(market.lives), market.tables)
    if shares.lives.height < 2:
        return NotMeasured("fewer than two tickers of stocks")
    ended, years = _endings(shares)
    count, expected = shares.lives.height, settings["yearly_endings"] * years
    chance = _at_most(len(ended), expected)
    if count < CHOSEN and chance < 0.01:
        return NotMeasured(f"{count} tickers are a chosen list and no market")
    some = "No ticker" if not ended else plural(len(ended), "ticker")
    return Measurement(
        f"{some} of {count:,} {'end' if len(ended) > 1 else 'ends'} in {years:,.0f} ticker-years",
        {"chance": chance},
        (
            Evidence("endings to be expected at least", round(expected, 1), "tickers"),
            Evidence("last bar of all", str(shares.lives["last"].max())),
            *(Evidence("ended", ticker, None, str(last)) for ticker, last in ended[:3]),
        ),
    )


def _never_closes(weekend: pl.DataFrame) -> bool:
    total = weekend.sum().row(0, named=True)
    least = WEEKEND * max(1, total["of"])
    return bool(total["saturdays"] > least and total["sundays"] > least)


def _shares(table: pl.DataFrame) -> pl.DataFrame:
    keep = [not NO_SHARES.search(ticker) for ticker in table["ticker"]]
    return table.filter(keep)


def _endings(market: Market) -> tuple[list[tuple[str, date]], float]:
    """The tickers that ended, latest first, and the ticker-years in which they could."""
    import polars as pl

    until = market.lives["last"].max()
    assert isinstance(until, date)
    near = until - timedelta(days=max(ENDED_DAYS, ENDED_BARS * market.spacing))
    exposed = market.lives.filter(pl.col("first") < near)
    seen = pl.min_horizontal("last", pl.lit(near, pl.Date)) - pl.col("first")
    days = exposed.select(seen.dt.total_days().sum()).item() or 0
    ended = exposed.filter(pl.col("last") < near).sort("last", "ticker", descending=[True, False])
    return ended.select("ticker", "last").rows(), days / DAYS_IN_YEAR


def _at_most(count: int, expected: float) -> float:
    """The chance of at most `count` events where `expected` are expected (Poisson)."""
    if expected <= 0:
        return 1.0
    terms = (n * math.log(expected) - expected - math.lgamma(n + 1) for n in range(count + 1))
    return min(1.0, sum(map(math.exp, terms)))
