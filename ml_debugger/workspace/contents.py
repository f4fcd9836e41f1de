"""What an artifact says about its identity: model, horizon, tickers and dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePath
from typing import Any
from weakref import WeakKeyDictionary

from ml_debugger.artifacts import (
    Artifact,
    Backtest,
    BoosterModel,
    Checkpoint,
    CheckpointSeries,
    FeatureTable,
    Positions,
    Predictions,
    PriceTable,
    Split,
    TrainingRun,
    ValidationRecord,
)


@dataclass(frozen=True, slots=True)
class Contents:
    """Identity by content; an empty set or None means "says nothing"."""

    models: frozenset[str] = frozenset()
    horizons: frozenset[int] = frozenset()
    tickers: frozenset[str] = frozenset()
    start: date | None = None
    end: date | None = None

    def fit(self, other: Contents) -> int | None:
        """How many aspects agree; None when one contradicts.

        Names of models are free text ("xgboost", "xgb-h5"), so two names never contradict.
        """
        agreements = int(bool(self.models & other.models))
        for mine, theirs in (
            (self.horizons, other.horizons),
            (self.tickers, other.tickers),
        ):
            if mine and theirs:
                if not mine & theirs:
                    return None
                agreements += 1
        if self.start and self.end and other.start and other.end:
            if self.start > other.end or other.start > self.end:
                return None
            agreements += 1
        return agreements


_KNOWN: WeakKeyDictionary[Artifact, Contents] = WeakKeyDictionary()


def contents(artifact: Artifact) -> Contents:
    """The identity of an artifact; tables are asked once, in one small lazy query."""
    if artifact not in _KNOWN:
        _KNOWN[artifact] = _read(artifact)
    return _KNOWN[artifact]


def _read(artifact: Artifact) -> Contents:
    match artifact:
        case PriceTable():
            return _table(artifact.frame, ticker="ticker", time="time")
        case FeatureTable():
            return _table(artifact.frame, ticker=artifact.ticker, time=artifact.time)
        case Predictions() | Positions():
            columns = artifact.names
            return _table(
                artifact.frame,
                ticker="ticker" if "ticker" in columns else None,
                time="date" if "date" in columns else None,
                model="model" if "model" in columns else None,
                horizon="horizon" if "horizon" in columns else None,
            )
        case TrainingRun():
            return Contents(models=_models(artifact), horizons=_horizons(artifact.horizon))
        case ValidationRecord():
            names = frozenset({artifact.model} - {None})
            return Contents(models=names, horizons=_horizons(artifact.horizon))  # type: ignore[arg-type]
        case Split() if artifact.windows:
            return Contents(
                start=min(_day(w.start) for w in artifact.windows),
                end=max(_day(w.end) for w in artifact.windows),
            )
        case Backtest():
            return Contents(start=artifact.start, end=artifact.end)
        case Checkpoint() | CheckpointSeries() | BoosterModel():
            return Contents(models=_models(artifact))
        case _:
            return Contents()


def _models(artifact: Artifact) -> frozenset[str]:
    """Names that a run or checkpoint goes by: its own, and those of its folders."""
    own = {artifact.model} if isinstance(artifact, TrainingRun) and artifact.model else set()
    folders = PurePath(artifact.path or "").parts[:-1]
    return frozenset(own | set(folders[-2:]) - {"checkpoints", "runs", "models", "logs"})


def _horizons(horizon: int | None) -> frozenset[int]:
    return frozenset() if horizon is None else frozenset({horizon})


def _day(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value


def _table(
    frame: Any,
    *,
    ticker: str | None,
    time: str | None,
    model: str | None = None,
    horizon: str | None = None,
) -> Contents:
    import polars as pl

    wanted = {"tickers": ticker, "models": model, "horizons": horizon}
    expressions = [pl.col(c).unique().implode().alias(k) for k, c in wanted.items() if c]
    if time:
        expressions += [pl.col(time).min().alias("start"), pl.col(time).max().alias("end")]
    if not expressions:
        return Contents()
    try:
        row = frame.select(expressions).collect(engine="streaming").row(0, named=True)
    except pl.exceptions.PolarsError:
        # a damaged table has no identity to link by; the scan of its checks reports the damage
        return Contents()
    sets = {k: frozenset(v for v in row.get(k) or () if v is not None) for k in wanted}
    start, end = row.get("start"), row.get("end")
    dated = isinstance(start, date) and isinstance(end, date)
    return Contents(
        models=sets["models"],
        horizons=sets["horizons"],
        tickers=sets["tickers"],
        start=_day(start) if dated else None,
        end=_day(end) if dated else None,
    )
