"""`diagnostic data`: import, fetch and prepare market data."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.console import say, tell
from commands.progress import stages
from commands.validate import command as validate
from ml_debugger.errors import UsageError
from ml_debugger.workspace.layout import Layout

if TYPE_CHECKING:
    import polars as pl

WORKSPACE = click.option(
    "--workspace", type=click.Path(path_type=Path), default=Path(), show_default=True
)


@click.group(name="data")
def command() -> None:
    """Import, fetch, prepare and validate market data."""


command.add_command(validate)


@command.command(name="import")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path())
@click.option("--adjusted", is_flag=True, help="Scale prices by adjusted close / close.")
@WORKSPACE
def import_(paths: tuple[str, ...], adjusted: bool, workspace: Path) -> None:
    """Read OHLCV from Parquet or CSV with any usual column names into data/prices.parquet.

    Nothing is repaired: a fault of the source stays visible to the checks.
    """
    from ml_debugger import data

    layout = Layout(workspace)
    with stages() as progress:
        prices = data.import_prices(list(paths), adjusted=adjusted, progress=progress)
    layout.prices.parent.mkdir(parents=True, exist_ok=True)
    data.write_parquet(prices, layout.prices)
    _say_prices(layout, prices)


@command.command()
@click.argument("tickers", nargs=-1, required=True, metavar="TICKER...")
@click.option(
    "--start", type=click.DateTime(formats=["%Y-%m-%d"]), default="2000-01-01", show_default=True
)
@WORKSPACE
def fetch(tickers: tuple[str, ...], start: datetime, workspace: Path) -> None:
    """Fetch daily bars from Yahoo Finance into data/prices.parquet, with a cache beside it.

    Needs the network and the extra 'fetch'. Yahoo's data are for personal use.
    """
    from ml_debugger import data

    layout = Layout(workspace)
    with stages() as progress:
        fetched = data.fetch_prices(tickers, start.date(), layout.price_cache, progress=progress)
    layout.prices.parent.mkdir(parents=True, exist_ok=True)
    data.write_parquet(fetched.prices, layout.prices)
    for ticker, reason in fetched.failures.items():
        tell(f"{ticker}: {reason}")
    _say_prices(layout, fetched.prices)


@command.command()
@click.option("--horizon", "horizons", type=click.IntRange(1), multiple=True)
@WORKSPACE
def features(horizons: tuple[int, ...], workspace: Path) -> None:
    """Build data/features.parquet: causal features and labels, from data/prices.parquet."""
    from ml_debugger import data

    layout = Layout(workspace)
    if not layout.prices.is_file():
        raise UsageError(f"{layout.prices}: no such file; 'diagnostic data import' makes it")
    prices = data.import_prices(layout.prices)
    with stages() as progress:
        table = data.build_features(prices, horizons or data.HORIZONS, progress=progress)
    data.write_parquet(table, layout.features)
    say(f"{layout.features}: {len(table):,} rows, {len(data.FEATURES)} features\n")


def _say_prices(layout: Layout, prices: pl.DataFrame) -> None:
    say(f"{layout.prices}: {len(prices):,} bars of {prices['ticker'].n_unique():,} tickers\n")
