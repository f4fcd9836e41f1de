"""LEK007 shuffled-split."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from ml_debugger.artifacts import FeatureTable, Split, Window
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

if TYPE_CHECKING:
    import polars as pl

LEAST_BLOCKS = 5
"""Held-out blocks in one series: combinatorial schemes hold out two or three, rarely four."""
LEAST_ROWS = 20
OWN = "\x1fown"


@dataclass(frozen=True)
class _Blocks:
    """How the parts of one fold lie in time, all tickers together.

    `runs` counts maximal stretches of one part, ticker by ticker; `fewest` is the number that
    parts in one piece each would have, `expected` the mean number after a shuffle. `most_held`
    is the largest number of held-out stretches in one ticker. `mixed` counts the tickers that
    stand in more than one part, of `tickers`.
    """

    fold: int | None
    rows: int
    runs: int
    fewest: int
    expected: float
    most_held: int
    mixed: int
    tickers: int

    @property
    def interleaving(self) -> float:
        """0 for parts in one piece, about 1 for rows drawn at random."""
        if self.most_held < LEAST_BLOCKS or self.expected <= self.fewest:
            return 0.0
        return max(0.0, (self.runs - self.fewest) / (self.expected - self.fewest))


@check(
    code="LEK007",
    name="shuffled-split",
    component="data",
    playbook="leakage",
    limits=(
        Limit(
            "interleaving",
            "ratio",
            "above",
            "changes of part along time over those of rows drawn at random: 0 in one piece, 1 "
            "shuffled",
            "the mean number of runs under a random order (Wald and Wolfowitz 1940); blocks of "
            "ten rows give about 0.1",
            warn=0.1,
            fail=0.5,
        ),
        Limit(
            "interleaved_positions",
            "ratio",
            "above",
            "the same along row numbers, where no table tells the time of a row",
            "rows of a table are mostly in the order of time, but need not be",
            warn=0.1,
        ),
        Limit(
            "stated_shuffle",
            "count",
            "above",
            "records that say themselves that rows were shuffled before they were split",
            "the default of scikit-learn's train_test_split; its user guide gives TimeSeriesSplit "
            "for ordered samples",
            fail=0,
        ),
    ),
    profiles=("quick", "pre-train", "full"),
)
def shuffled_split(split: Split, features: FeatureTable | None) -> Outcome:
    """Training rows and test rows interleave in time.

    What it measures:
        How often the part changes from one row to the next, ticker by ticker along time, over
        what a random order would give. A single cut, walking forward, embargo gaps, and the
        blocks of purged or combinatorial cross-validation change a handful of times; fewer than
        five held-out blocks in a series are never an alarm. Folds are judged one by one.
        Row numbers are placed in time by the linked table. A split by ticker, with the same
        dates in every part, does not interleave: each ticker stands in one part.

    Why it matters:
        Neighbouring rows share most of their windows and labels. A test row between two
        training rows is known almost by heart, so the score measures memory.

    What to do:
        Cut by date, or use blocks with a purge of the label's horizon on both sides. In
        scikit-learn take shuffle=False or TimeSeriesSplit. Then train and validate anew.

    Sources:
        Lopez de Prado, Advances in Financial Machine Learning, 2018, chapter 7.
        Wald and Wolfowitz, On a test whether two samples are from the same population, 1940.
    """
    stated = {"stated_shuffle": 1.0} if split.shuffled else {}
    if split.members is None:
        return _by_windows(split, stated)
    rows, placed = _placed(split, features)
    blocks = _blocks(rows)
    if not blocks:
        if stated:
            return Measurement("The record says that rows were shuffled", stated)
        return NotMeasured("too few rows stand in more than one part")
    worst = max(blocks, key=lambda fold: fold.interleaving)
    name = "interleaving" if placed else "interleaved_positions"
    return Measurement(
        _title(worst, len(blocks)),
        {name: worst.interleaving, **stated},
        tuple(
            Evidence("runs", fold.runs, "stretches", _where(fold))
            for fold in sorted(blocks, key=lambda fold: -fold.interleaving)[:5]
        ),
    )


def _title(worst: _Blocks, folds: int) -> str:
    if worst.interleaving > 0:
        return (
            f"Parts change {worst.runs - worst.tickers:,} times along {worst.rows:,} rows, "
            f"{worst.interleaving:.2f} of a shuffle"
        )
    if not worst.mixed:
        return f"Each of {worst.tickers} tickers stands in one part"
    return f"Parts lie in blocks of time, in {folds} fold{'s' if folds > 1 else ''}"


def _where(fold: _Blocks) -> str:
    number = "" if fold.fold is None else f"fold {fold.fold}: "
    return f"{number}{fold.expected:,.0f} if shuffled, {fold.fewest:,} if in one piece each"


def _placed(split: Split, features: FeatureTable | None) -> tuple[pl.LazyFrame, bool]:
    """The rows with their tickers and times, and whether these are known.

    Row numbers are looked up in the linked table, if it has as many rows.
    """
    import polars as pl

    rows = split.members
    if rows is None:
        raise ValueError("a split without rows")
    if rows.collect_schema()["time"] != pl.Int64:
        return rows, True
    last = rows.select(pl.col("time").max()).collect().item()
    if features is None or features.time is None or last is None or last >= features.rows:
        return rows, False
    ticker = pl.col(features.ticker).cast(pl.String) if features.ticker else pl.lit("")
    keys = features.frame.select(ticker.alias("ticker"), pl.col(features.time).alias("time"))
    keys = keys.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    found = rows.select(pl.col("time").alias("row"), "fold", "part").join(keys, on="row")
    return found.select("time", "ticker", "fold", "part").drop_nulls("time"), True


def _blocks(rows: pl.LazyFrame) -> list[_Blocks]:
    """Stretches of one part by fold.

    Training against held-out rows where there are training rows; without any, the folds in
    which rows are held out against each other.
    """
    import polars as pl

    held = pl.col("part") != "train"
    table = rows.select(
        "fold", pl.col("ticker").hash().alias("ticker"), "time", held.cast(pl.Int64).alias(OWN)
    ).collect(engine="streaming")
    if table[OWN].min() == 1:
        table = table.with_columns(pl.col("fold").alias(OWN), fold=pl.lit(None, pl.Int64))
    # one row a moment: rows in two parts are the matter of split-overlap
    table = table.sort("fold", "ticker", "time", OWN).unique(
        ["fold", "ticker", "time"], keep="first", maintain_order=True
    )
    series = ["fold", "ticker"]
    starts = (pl.col(OWN) != pl.col(OWN).shift()).fill_null(value=True)
    own = table.with_columns(starts.over(series).alias("starts"))
    by_part = own.group_by(*series, OWN).agg(
        pl.len().alias("rows"), pl.col("starts").sum().alias("runs")
    )
    held_runs = pl.col("runs").filter(pl.col(OWN) > 0).max().fill_null(0)
    share = pl.col("rows") / pl.col("rows").sum()
    by_series = by_part.group_by(series).agg(
        pl.col("rows").sum(),
        pl.col("runs").sum(),
        pl.len().alias("parts"),
        (1 + pl.col("rows").sum() * (1 - (share**2).sum())).alias("expected"),
        held_runs.alias("held"),
    )
    # a ticker that stands in one part says nothing about the order in time
    mixed = pl.col("parts") > 1
    folds = by_series.group_by("fold", maintain_order=True).agg(
        pl.col("rows").filter(mixed).sum(),
        pl.col("runs").filter(mixed).sum(),
        pl.col("parts").filter(mixed).sum(),
        pl.col("expected").filter(mixed).sum(),
        pl.col("held").filter(mixed).max().fill_null(0),
        mixed.sum().alias("mixed"),
        pl.len().alias("tickers"),
        pl.col("rows").sum().alias("all"),
    )
    return [
        _Blocks(
            row["fold"],
            row["rows"],
            row["runs"],
            row["parts"],
            row["expected"],
            row["held"],
            row["mixed"],
            row["mixed"] or row["tickers"],
        )
        for row in folds.sort("fold").iter_rows(named=True)
        if row["all"] >= LEAST_ROWS and (row["mixed"] or row["tickers"] > 1)
    ]


def _by_windows(split: Split, stated: dict[str, float]) -> Outcome:
    """Windows that lie apart cannot interleave; of those that overlap nothing more is known."""
    folds: dict[int | None, list[Window]] = defaultdict(list)
    for window in split.windows:
        folds[window.fold].append(window)
    judged = [windows for windows in folds.values() if len({window.part for window in windows}) > 1]
    if stated:
        return Measurement("The record says that rows were shuffled", stated)
    if not judged:
        return NotMeasured("the split has one part only")
    known = [held for windows in judged if (held := _held_stretches(windows)) is not None]
    if not known:
        return NotMeasured("parts cover the same time, and which rows they hold is not told")
    if max(known) >= LEAST_BLOCKS:
        return NotMeasured(f"{max(known)} held-out windows between training windows: by design")
    folds_said = f"{len(known)} fold{'s' if len(known) > 1 else ''}"
    return Measurement(f"Each part is one stretch of time, in {folds_said}", {"interleaving": 0.0})


def _held_stretches(windows: list[Window]) -> int | None:
    """Held-out stretches along time; None where the parts overlap."""
    ordered = sorted(windows, key=lambda window: (_day(window.start), _day(window.end)))
    held, before = 0, None
    for first, second in zip(ordered, [*ordered[1:], None], strict=True):
        if (
            second is not None
            and (first.part == "train") != (second.part == "train")
            and _day(first.end) > _day(second.start)
        ):
            return None
        here = first.part != "train"
        held += here and before is not True
        before = here
    return held


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment
