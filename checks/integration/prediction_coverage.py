"""INT002 prediction-coverage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_debugger.artifacts import Expectations, Predictions, PriceTable
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

if TYPE_CHECKING:
    import polars as pl

COMMON = 0.8
"""Share of the tickers that must have a date before the others are said to lack it."""


@dataclass(frozen=True)
class _Holes:
    """Predictions that are there, those that could be, and where most are missing."""

    have: int
    expected: int
    worst: tuple[tuple[str, int], ...]

    @property
    def share(self) -> float:
        return 1 - self.have / self.expected if self.expected else 0.0


@check(
    code="INT002",
    name="prediction-coverage",
    component="integration",
    playbook="broken-flow",
    limits=(
        Limit(
            "missing_horizons",
            "count",
            "above",
            "horizons that the configuration expects and the file lacks",
            "the user's own configuration; the record of the project uses 1, 5, 20 and 60",
            fail=0,
        ),
        Limit(
            "missing_tickers",
            "count",
            "above",
            "expected tickers that the file lacks",
            "the user's own configuration",
            fail=0,
        ),
        Limit(
            "partial_tickers",
            "count",
            "above",
            "tickers that lack a horizon which most others have",
            "the file's own cross-section",
            warn=0,
        ),
        Limit(
            "missing_share",
            "share",
            "above",
            "share of ticker and date pairs without a prediction between the first and the last",
            "exchange holidays of mixed markets leave 2 to 4 % of days open; out-of-fold files "
            "may leave a purge between folds",
            fail=0.20,
            warn=0.05,
        ),
    ),
    explained_by=("calendar-gap", "missing-values", "broken-flow", "non-finite-feature"),
    profiles=("quick", "full"),
)
def prediction_coverage(
    predictions: Predictions, prices: PriceTable | None, expect: Expectations | None
) -> Outcome:
    """Horizons, tickers or dates have no prediction.

    What it measures:
        Expected horizons and tickers that the file lacks; tickers without a horizon that four
        in five others have; and pairs of ticker and date without a finite prediction. A pair is
        expected where the linked prices have a bar between the ticker's first prediction and
        the file's last date, or, without prices, on dates that four in five of the tickers have
        within their own first and last date.

    Why it matters:
        Sizing treats a missing prediction as none or as the last one. Either way the position
        is not what the model wanted.

    What to do:
        See where the rows were lost: a feature that was not ready, an inner join, a ticker that
        failed in a batch.

    Sources:
        The project's record of 2025-12 (horizons 1, 5, 20 and 60).
    """
    import polars as pl

    keys = [key for key in ("ticker", "date", "horizon") if key in predictions.names]
    if not keys or (keys == ["date"] and not (expect and expect.horizons)):
        return NotMeasured("the file has neither tickers nor horizons")
    rows = (
        predictions.frame.filter(pl.col("prediction").is_finite())
        .select(keys)
        .unique()
        .collect(engine="streaming")
    )
    if rows.is_empty():
        return NotMeasured("holds no finite prediction")
    values: dict[str, float] = {}
    evidence: list[Evidence] = []
    if expect is not None and expect.horizons and "horizon" in keys:
        absent = sorted(set(expect.horizons) - set(rows["horizon"].unique()))
        values["missing_horizons"] = float(len(absent))
        evidence += [Evidence("missing_horizon", h, "sessions", "configuration") for h in absent]
    if expect is not None and expect.tickers and "ticker" in keys:
        lost = sorted(set(expect.tickers) - set(rows["ticker"].unique()))
        values["missing_tickers"] = float(len(lost))
        evidence += [Evidence("missing_ticker", t, None, "configuration") for t in lost[:3]]
    if {"ticker", "horizon"} <= set(keys):
        partial = _partial(rows)
        values["partial_tickers"] = float(len(partial))
        evidence += [
            Evidence("missing_horizon", horizon, "sessions", ticker)
            for ticker, horizon in partial[:3]
        ]
    if {"ticker", "date"} <= set(keys):
        holes = _holes(rows, prices)
        if holes is not None:
            values["missing_share"] = holes.share
            if holes.share > 0.01:
                evidence += [Evidence("missing", n, "rows", ticker) for ticker, n in holes.worst]
    if not values:
        return NotMeasured("nothing says which predictions should be there")
    return Measurement(_title(values, rows, keys), values, tuple(evidence[:5]))


def _title(values: dict[str, float], rows: pl.DataFrame, keys: list[str]) -> str:
    faults = [
        (f"{values[name]:.0f} {words}")
        for name, words in (
            ("missing_horizons", "expected horizons are missing"),
            ("missing_tickers", "expected tickers are missing"),
            ("partial_tickers", "tickers lack a horizon"),
        )
        if values.get(name)
    ]
    share = values.get("missing_share", 0.0)
    if share > 0.01 or (share > 0 and not faults):
        faults.append(f"{share:.1%} of predictions are missing")
    if faults:
        return ", ".join(faults)
    return "Complete: " + ", ".join(
        f"{rows[key].n_unique()} {key}s" for key in keys if key in rows.columns
    )


def _partial(rows: pl.DataFrame) -> list[tuple[str, int]]:
    """Tickers without a horizon that most tickers have."""
    import polars as pl

    held = rows.select("ticker", "horizon").unique().drop_nulls()
    tickers = held["ticker"].n_unique()
    if tickers < 3:
        return []
    common = held.group_by("horizon").len().filter(pl.col("len") >= COMMON * tickers)
    wanted = held.select("ticker").unique().join(common.select("horizon"), how="cross")
    absent = wanted.join(held, on=["ticker", "horizon"], how="anti").sort("ticker", "horizon")
    return [(ticker, horizon) for ticker, horizon in absent.iter_rows()]


def _holes(rows: pl.DataFrame, prices: PriceTable | None) -> _Holes | None:
    import polars as pl

    keys = ["horizon"] if "horizon" in rows.columns else []
    days = rows.with_columns(pl.col("date").cast(pl.Date).alias("day"))
    if days.select("ticker", "day", *keys).n_unique() < 0.9 * len(days):
        # several predictions a day: their times are not known from prices or neighbours
        return None
    lives = days.group_by("ticker", *keys).agg(
        pl.col("day").min().alias("first"), pl.col("day").max().alias("last")
    )
    if prices is not None:
        end = days.group_by(keys).agg(pl.col("day").max().alias("last")) if keys else None
        last = days["day"].max()
        lives = (
            lives.drop("last").join(end, on=keys)
            if end is not None
            else lives.with_columns(pl.lit(last).alias("last"))
        )
        wanted = prices.bars.select("ticker", pl.col("time").cast(pl.Date).alias("day")).unique()
        expected = lives.join(wanted, on="ticker", how="inner")
    else:
        if days["ticker"].n_unique() < 3:
            return None
        expected = _common_days(days, lives, keys)
    expected = expected.filter(pl.col("day").is_between(pl.col("first"), pl.col("last")))
    expected = expected.select("ticker", "day", *keys).unique()
    if expected.is_empty():
        return None
    lacking = expected.join(days, on=["ticker", "day", *keys], how="anti")
    worst = lacking.group_by("ticker").len().sort("len", "ticker", descending=[True, False])
    return _Holes(len(expected) - len(lacking), len(expected), tuple(worst.head(3).iter_rows()))


def _common_days(days: pl.DataFrame, lives: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Every ticker with every day that most tickers alive on it have."""
    import polars as pl

    present = days.group_by("day", *keys).agg(pl.col("ticker").n_unique().alias("present"))
    every = lives.join(present, on=keys, how="inner") if keys else lives.join(present, how="cross")
    every = every.filter(pl.col("day").is_between(pl.col("first"), pl.col("last")))
    alive = pl.len().over("day", *keys)
    return every.filter(pl.col("present") >= COMMON * alive)
