"""PRC018 universe-incomplete."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from checks.prices.lives import Market, lives, market_of
from checks.prices.wording import plural
from ml_debugger.artifacts import Coverage, Expectations, PriceTable, Workspace
from ml_debugger.contract import (
    Evidence,
    Gathered,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    check,
)

if TYPE_CHECKING:
    import polars as pl

LEAST_TICKERS = 20
"""Fewer tickers than this do not show a loss: one fifth of them is an ordinary event."""
SAME_DAYS = 3
"""Tickers that end within so many days end together: a holiday of one exchange lies between."""
REST_DAYS, REST_BARS = 7, 5
"""The others must go on for so long, or they were only fetched a little later."""
UNLIKE = 5
"""The loss is so many times as large as any other day's: contracts that expire end in turn."""
PARTS = re.compile(r"[^A-Z0-9]+")


@dataclass(frozen=True)
class Loss:
    """Tickers that ended together while others went on."""

    day: date
    tickers: tuple[str, ...]
    living: int


@check(
    code="PRC018",
    name="universe-incomplete",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "missing_share",
            "share",
            "above",
            "share of the tickers that the configuration asks for which have no prices",
            "the project's record: all 500 tickers are to be there; one in twenty missing is "
            "more than a year's changes of the index",
            fail=0.05,
            warn=0,
        ),
        Limit(
            "lost_share",
            "share",
            "above",
            "largest share of the living tickers that ended on one day while others went on",
            "an index loses 36 % of its members in ten years (Goldman Sachs on the S&P 500 since "
            "1980), never a fifth on a day",
            fail=0.5,
            warn=0.2,
        ),
        Limit(
            "empty_partitions",
            "partitions",
            "above",
            "partitions of the folder that hold no bars",
            "a partition is written because it has rows",
            warn=0,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
    gather=lives,
    explained_by=("source-unreachable", "rate-limited", "unreadable-artifact"),
)
def universe_incomplete(
    prices: PriceTable, found: Gathered, expect: Expectations | None, workspace: Workspace | None
) -> Outcome:
    """Prices are there for fewer tickers than the universe asks.

    What it measures:
        The tickers of the prices against `expect.members` (names), `expect.universe` (a
        number) or `expect.tickers` of the configuration. Names match whatever stands between
        their parts: BRK.B is BRK-B. A universe that lies in one file a ticker is judged as a
        whole. Without a configuration only what the table itself proves is measured: a fifth
        of its tickers ended together while others went on, or partitions without bars.

    Why it matters:
        A download that was refused halfway leaves a smaller universe without a word. The model
        learns from part of the market, ranks across sections are over other stocks than in
        production, and predictions for the rest are missing.

    What to do:
        Fetch the named tickers again, slowly, and look at the log of the fetch for refused
        requests. Where a ticker was renamed or delisted, say so in the list of members.

    Sources:
        The project's record (data validation: all 500 tickers present). Turnover of an index:
        Goldman Sachs Portfolio Strategy Research, D. Kostin: 36 % of the S&P 500 in the average
        ten years since 1980.
    """
    own = found["lives"]
    values: dict[str, float] = {}
    titles: list[str] = []
    evidence: list[Evidence] = []
    lost: tuple[tuple[str, date | None, str], ...] = ()
    asked = _asked(prices, own, expect, workspace)
    if isinstance(asked, Demand):
        absent = asked.absent
        values["missing_share"] = asked.missing / asked.wanted
        titles.append(asked.title)
        lost += tuple((name, None, "missing") for name in absent)
        if absent:
            evidence.append(Evidence("missing", _some(absent), None, f"{len(absent)} tickers"))
    market = market_of(prices, own, workspace) if "time" in prices.names else "no dates"
    if isinstance(market, Market) and market.lives.height >= LEAST_TICKERS:
        loss = _loss(market)
        values["lost_share"] = len(loss.tickers) / loss.living if loss else 0.0
        if loss:
            titles.append(
                f"{len(loss.tickers):,} of {loss.living:,} tickers end on {loss.day}, others go on"
            )
            evidence.append(Evidence("ended", _some(loss.tickers), None, str(loss.day)))
            lost += tuple((name, loss.day, "ended with many others") for name in loss.tickers)
    if prices.empty:
        values["empty_partitions"] = len(prices.empty)
        titles.append(f"{plural(len(prices.empty), 'partition')} without bars")
        evidence.append(Evidence("empty", _some(prices.empty)))
    if not values:
        few = f"{own.height} tickers" if own.height != 1 else "one ticker"
        why = asked or "the configuration asks for no universe"
        return NotMeasured(f"{why}, and {few} cannot show a loss")
    count = market.lives.height if isinstance(market, Market) else own.height
    return Measurement(
        "; ".join(titles) or f"None of {count:,} tickers was lost on the way",
        values,
        tuple(evidence),
        rows=lambda: _rows(lost),
    )


@dataclass(frozen=True)
class Demand:
    """What the configuration asks: how many tickers, how many are missing, and their names."""

    wanted: int
    missing: int
    absent: tuple[str, ...]

    @property
    def title(self) -> str:
        """How many are there, and the first names that are not."""
        there = f"{self.wanted - self.missing:,} of {self.wanted:,} tickers"
        return f"{there}; missing {_some(self.absent)}" if self.absent else there


def _asked(
    prices: PriceTable,
    own: pl.DataFrame,
    expect: Expectations | None,
    workspace: Workspace | None,
) -> Demand | str:
    """The demand held against the largest market of the workspace, or why it is not."""
    names = () if expect is None else expect.members or expect.tickers
    number = None if expect is None else expect.universe
    if not names and not number:
        return "the configuration asks for no universe"
    have = set(own["ticker"].to_list())
    if workspace is not None and workspace.prices:
        speaker, together = _largest(workspace.prices)
        if prices.path != speaker:
            return f"the universe is judged on {speaker}"
        have |= together
    if len(have) == 1 and len(names) != 1 and not (workspace and workspace.configured):
        return "one ticker alone is no universe"
    known = {_plain(ticker) for ticker in have}
    known |= {part for ticker in have for part in PARTS.split(ticker.upper())}
    absent = tuple(name for name in names if _plain(name) not in known)
    wanted = max(number or 0, len(set(names)))
    return Demand(wanted, max(len(absent), wanted - len(have), 0), absent)


def _largest(tables: Sequence[Coverage]) -> tuple[str, frozenset[str]]:
    """The folder whose tables hold most tickers: the largest of them, and all tickers."""
    folders: dict[PurePath, list[Coverage]] = defaultdict(list)
    for table in tables:
        folders[PurePath(table.path).parent].append(table)
    held = {folder: frozenset().union(*(t.tickers for t in ts)) for folder, ts in folders.items()}
    best = max(held, key=lambda folder: len(held[folder]))
    speaker = min(folders[best], key=lambda table: (-len(table.tickers), table.path))
    return speaker.path, held[best]


def _plain(ticker: str) -> str:
    return PARTS.sub("", ticker.upper())


def _loss(market: Market) -> Loss | None:
    """The day on which most of the living tickers ended for good while others went on."""
    import polars as pl

    table = market.lives
    rest = timedelta(days=max(REST_DAYS, REST_BARS * market.spacing))
    last = pl.col("last")
    until = table["last"].max()
    assert isinstance(until, date)
    ends = table.filter(last < until - rest).group_by("last").len().sort("last")
    groups: list[tuple[int, date]] = []
    for day in ends["last"]:
        near = last.is_between(day - timedelta(days=SAME_DAYS), day)
        groups.append((int(ends.filter(near)["len"].sum()), day))
    if not groups:
        return None
    count, day = max(groups)
    others = [n for n, other in groups if abs((other - day).days) > SAME_DAYS]
    going_on = table.filter(last > day + rest).height
    if UNLIKE * max(others, default=0) > count or going_on < max(2, 0.01 * table.height):
        return None
    since = day - timedelta(days=SAME_DAYS)
    tickers = table.filter(last.is_between(since, day))["ticker"].sort()
    living = table.filter((pl.col("first") <= day) & (last >= since)).height
    if living < LEAST_TICKERS:
        return None
    return Loss(day, tuple(tickers.to_list()), living)


def _some(names: Sequence[str]) -> str:
    more = len(names) - 5
    return ", ".join(names[:5]) + (f" and {more:,} more" if more > 0 else "")


def _rows(lost: Sequence[tuple[str, Any, str]]) -> pl.DataFrame:
    import polars as pl

    schema = {"ticker": pl.String, "time": pl.Date, "detail": pl.String}
    return pl.DataFrame(list(lost), schema=schema, orient="row")
