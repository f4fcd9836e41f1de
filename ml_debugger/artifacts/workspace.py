"""The workspace as a whole: its stages, and what its configuration expects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ml_debugger.artifacts.base import Artifact

STAGES = ("data", "features", "training", "checkpoint", "predictions", "positions", "backtest")
"""The stages of the flow, in the order in which one feeds the next."""


@dataclass(frozen=True, slots=True)
class StageOutput:
    """A file that a stage left: modification time in seconds since 1970.

    `through` is the last date that its content reaches, where it has dates.
    """

    stage: str
    path: str
    modified: float
    through: date | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one price table covers: its tickers, first and last day (None undated), and bars."""

    path: str
    tickers: frozenset[str]
    start: date | None
    end: date | None
    bars: int


@dataclass(frozen=True, eq=False)
class Workspace(Artifact):
    """A folder with a configuration, and the outputs of the stages found in it.

    `configured` is false for a folder that was only named on the command line: then a missing
    stage is nobody's fault. `prices` says what each price table covers: a market may lie in one
    file or in one file a ticker.
    """

    outputs: tuple[StageOutput, ...]
    configured: bool
    stages: tuple[str, ...] = STAGES
    prices: tuple[Coverage, ...] = ()


@dataclass(frozen=True, eq=False)
class Expectations(Artifact):
    """What the configuration expects, section `[expect]`; None where it says nothing.

    `data_through` is the date up to which prices must reach; with "latest" in the
    configuration it is the last weekday before `today`. `tickers` are those that predictions must
    cover, `members` those that the prices must have, and `universe` how many. `years` is the
    history that the prices must span, `lookback` the sessions that features look back.
    `gpu_memory_gb` is the memory of all cards together as the user puts it, `gpu_name` a part of
    their name; `gpu_mig` is false where whole cards are wanted, true where MIG instances are.
    `gpu_persistence` is whether the driver must stay loaded.
    """

    today: date
    data_through: date | None = None
    tickers: tuple[str, ...] = ()
    horizons: tuple[int, ...] = ()
    gpus: int | None = None
    gpu_training: bool | None = None
    universe: int | None = None
    max_long: float | None = None
    max_short: float | None = None
    features: int | None = None
    members: tuple[str, ...] = ()
    years: float | None = None
    lookback: int | None = None
    gpu_memory_gb: float | None = None
    gpu_name: str | None = None
    gpu_mig: bool | None = None
    gpu_persistence: bool | None = None
