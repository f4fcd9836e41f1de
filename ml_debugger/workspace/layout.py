"""Where the engine's stages leave their files in a workspace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders and files of a workspace, all below its root."""

    root: Path

    @property
    def prices(self) -> Path:
        """Bars: ticker, date, open, high, low, close, volume."""
        return self.root / "data" / "prices.parquet"

    @property
    def price_cache(self) -> Path:
        """One file a ticker, as fetched."""
        return self.root / "data" / "cache"

    @property
    def features(self) -> Path:
        """Features and labels by ticker and date."""
        return self.root / "data" / "features.parquet"

    @property
    def runs(self) -> Path:
        """One folder a training run."""
        return self.root / "runs"

    @property
    def predictions(self) -> Path:
        """Forecasts by ticker, date and horizon."""
        return self.root / "predictions" / "predictions.parquet"

    @property
    def positions(self) -> Path:
        """The folder of positions and the sizing record."""
        return self.root / "positions"

    @property
    def backtest(self) -> Path:
        """The folder of the backtest's record and equity curve."""
        return self.root / "backtest"

    def run(self, horizon: int) -> Path:
        """The folder of the run that trains one horizon."""
        return self.runs / f"xgb-h{horizon}"

    def finished_runs(self) -> list[Path]:
        """Folders of runs that left a validation record, by name."""
        return sorted(record.parent for record in self.runs.glob("*/validation.json"))
