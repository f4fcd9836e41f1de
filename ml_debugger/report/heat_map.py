"""A table's tickers by period as a picture: what is covered, and where findings lie."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from ml_debugger.contract import Status
from ml_debugger.report.style import Style

if TYPE_CHECKING:
    import polars as pl

MOST_TICKERS = 20
NARROWEST_NAME, WIDEST_NAME = 6, 12
STEPS = (0.999, 0.9, 0.5, 0.0)
"""Shares above which a cell has the sign at the same place; below the last it is empty."""
UNICODE, ASCII = "█▓▒░", "#+-."
FAULTY, EMPTY, NOT_ALIVE = "!", "0", " "


def heat_map(
    coverage: pl.DataFrame,
    rows: pl.DataFrame,
    style: Style,
    *,
    grave: Collection[str] = (),
    every: bool = False,
) -> str:
    """The picture of one table, worst tickers first, with a final newline.

    `coverage` has path, ticker, period, sessions and days; `rows` has path, ticker, date and
    fault. Tickers with one of the `grave` faults are worse than all others: one unadjusted split
    outweighs a year of missing volumes. At most 20 tickers are shown unless `every` is set.
    """
    import polars as pl

    path = coverage["path"][0]
    periods = coverage["period"].unique().sort()
    ranked = _ranked(coverage, rows.filter(pl.col("path") == path), periods, grave)
    shown = ranked if every else ranked.head(MOST_TICKERS)
    names = max((len(t) for t in shown["ticker"]), default=0)
    width = min(max(names, NARROWEST_NAME), WIDEST_NAME)
    tickers = f"{ranked.height:,} ticker{'' if ranked.height == 1 else 's'}"
    lines = [
        *style.wrap(f"{path}: {tickers} by {_unit(periods)}, worst first", "    "),
        *_axis(periods, width),
        *(_line(row, coverage, periods, width, style) for row in shown.iter_rows(named=True)),
    ]
    if ranked.height > shown.height:
        sound = ranked[shown.height :].filter((pl.col("rows") == 0) & (pl.col("share") == 1)).height
        rest = ranked.height - shown.height
        lines.append(f"{rest:,} more tickers, {sound:,} of them complete and without a finding")
    signs = UNICODE if style.unicode else ASCII
    lines.append(
        f"{signs[0]} complete  {signs[1]} over 90 %  {signs[2]} over 50 %  {signs[3]} less  "
        f"{EMPTY} none  {FAULTY} finding"
    )
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _unit(periods: pl.Series) -> str:
    """What one column stands for."""
    days = [(after - before).days for before, after in pairwise(periods)]
    usual = min(days, default=365)
    return next(
        name
        for most, name in ((7, "week"), (31, "month"), (92, "quarter"), (366, "year"))
        if usual <= most
    )


def _ranked(
    coverage: pl.DataFrame, rows: pl.DataFrame, periods: pl.Series, grave: Collection[str]
) -> pl.DataFrame:
    """One row a ticker, worst first: share covered, rows concerned, its faults, faulty periods."""
    import polars as pl

    known = rows.drop_nulls(["ticker", "date"])
    after = periods.search_sorted(known["date"].cast(pl.Date), side="right")
    known = known.with_columns(
        cell=after.cast(pl.Int64) - 1, grave=pl.col("fault").is_in(list(grave))
    )
    counts = known.group_by("ticker", "grave", "fault").agg(pl.len().alias("n"))
    order = counts.sort("grave", "n", "fault", descending=[True, True, False])
    faults = (
        order.group_by("ticker", maintain_order=True)
        .agg(pl.col("grave").any(), pl.col("n").sum().alias("rows"), pl.struct("fault", "n"))
        .rename({"fault": "faults"})
        .join(known.group_by("ticker").agg(pl.col("cell").unique().alias("cells")), on="ticker")
    )
    shares = coverage.group_by("ticker").agg(
        (pl.col("days").sum() / pl.col("sessions").sum()).alias("share")
    )
    return (
        shares.join(faults, on="ticker", how="left")
        .with_columns(pl.col("rows").fill_null(0), pl.col("grave").fill_null(False))
        .sort("grave", "rows", "share", "ticker", descending=[True, True, False, False])
    )


def _axis(periods: pl.Series, width: int) -> Iterator[str]:
    """The years above the columns, where they begin."""
    marks = [" "] * (len(periods) + 4)
    year = None
    free = 0
    for position, period in enumerate(periods):
        if period.year != year and position >= free:
            marks[position : position + 4] = f"{period.year}"
            free = position + 5
        year = period.year
    yield f"{'':<{width}}        {''.join(marks)}"


def _line(
    row: dict[str, object], coverage: pl.DataFrame, periods: pl.Series, width: int, style: Style
) -> str:
    import polars as pl

    own = coverage.filter(pl.col("ticker") == row["ticker"])
    shares = dict(zip(own["period"], own["days"] / own["sessions"], strict=True))
    faulty = set(row["cells"] or ())  # type: ignore[call-overload]
    cells = "".join(
        style.paint(FAULTY, Status.FAIL) if n in faulty else _cell(shares.get(period), style)
        for n, period in enumerate(periods)
    )
    name = style.plain(str(row["ticker"]))[:width]
    share = float(str(row["share"]))
    # a share that is not whole is never shown as 100 %
    percent = "100 %" if share == 1 else f"{min(99.9, 100 * share):.3g} %"
    said = ", ".join(f"{f['n']:,} {f['fault']}" for f in (row["faults"] or ())[:2])  # type: ignore[index]
    room = style.width - width - 8 - len(periods) - 2
    return f"{name:<{width}} {percent:>6} {cells}  {said[:room] if room > 8 else ''}"


def _cell(share: float | None, style: Style) -> str:
    if share is None:
        return NOT_ALIVE
    if share == 0:
        return EMPTY
    signs = UNICODE if style.unicode else ASCII
    return next(sign for least, sign in zip(STEPS, signs, strict=True) if share > least)
