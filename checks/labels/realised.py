"""Outcomes that predictions carry, recomputed from prices as labels are."""

from __future__ import annotations

from checks.labels.recomputed import Label, recomputed
from ml_debugger.artifacts import FeatureTable, Predictions, PriceTable
from ml_debugger.contract import Sample

MOST_HORIZONS = 6


def realised(
    predictions: Predictions, prices: PriceTable, sample: Sample, features: FeatureTable
) -> list[Label]:
    """The outcomes by horizon, of the tickers in the sample; none where the file has none.

    Raises polars errors of a file that cannot be read.
    """
    import polars as pl

    if not {"actual", "date"} <= predictions.names.keys() or predictions.kind != "return":
        return []
    frame = predictions.frame.filter(pl.col("actual").is_finite())
    keys = ["date"]
    if "ticker" in predictions.names:
        keys = ["ticker", "date"]
        if features.ticker is not None:
            tickers = sample.series[features.ticker].unique().cast(pl.String).implode()
            frame = frame.filter(pl.col("ticker").is_in(tickers))
    wanted = [*keys, "actual", *(["horizon"] if "horizon" in predictions.names else [])]
    rows = frame.select(wanted).collect(engine="streaming")
    horizons: list[int | None] = [None]
    if "horizon" in rows.columns:
        horizons = rows["horizon"].drop_nulls().unique().sort().to_list()[:MOST_HORIZONS]
    found: list[Label] = []
    for horizon in horizons:
        part = rows if horizon is None else rows.filter(pl.col("horizon") == horizon)
        # several models forecast the same outcome
        part = part.unique(keys, keep="first", maintain_order=True).sort(keys)
        name = predictions.names["actual"]
        table = FeatureTable(
            predictions.subject,
            predictions.path,
            frame=part.lazy(),
            features=(),
            labels=(name,),
            ticker="ticker" if "ticker" in keys else None,
            time="date",
            rows=part.height,
            label_horizons={} if horizon is None else {name: int(horizon)},
        )
        renamed = part.rename({"actual": name})
        labels = recomputed(table, prices, Sample(renamed, 1, renamed), None)
        found += [] if isinstance(labels, str) else labels
    return found
