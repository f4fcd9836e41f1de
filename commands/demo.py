"""`diagnostic demo`: a complete workspace on real market data, then `--full` on it."""

from __future__ import annotations

from pathlib import Path

import click

from commands.console import say, style, tell
from commands.progress import stages
from commands.running import carry_out
from ml_debugger.errors import UsageError


@click.command(name="demo")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("demo"))
@click.option(
    "--plant",
    "planted",
    multiple=True,
    metavar="FAULT",
    help="Plant one more fault for practice; see 'selftest --list'.",
)
def command(folder: Path, planted: tuple[str, ...]) -> None:
    """Build a workspace on real prices, train on it, and diagnose it.

    Unpacks daily bars of 35 members of the S&P 500 (2013 to 2018) into FOLDER (default:
    ./demo), runs data, training, inference, sizing and backtest on them, offline, then every
    check. The findings are expected: the published prices have natural faults. Ends with exit
    code 0 when it completed.
    """
    from ml_debugger.demo.build import backtest_summary, build, plant
    from ml_debugger.runtime.request import check_request
    from ml_debugger.testing.plant import faults

    for name in planted:
        if name not in faults():
            raise UsageError(f"no fault '{name}' can be planted; known: {', '.join(faults())}")
    tell(f"building a workspace in {folder} from real prices (35 tickers, 2013 to 2018)")
    with stages() as progress:
        layout = build(folder, progress)
    figures = backtest_summary(layout)
    tell(
        f"backtest: strategy {figures['strategy']:+.1%}, buy-and-hold"
        f" {figures['buy_and_hold']:+.1%}, Sharpe ratio {figures['sharpe']:.2f}; can it be trusted?"
    )
    for name in planted:
        tell(f"planted {name}: {plant(folder, name)}")
    carry_out(check_request(folder), form="text", out=(), no_history=False, verbose=False)
    say(style().plain(_what_next(folder)))


def _what_next(folder: Path) -> str:
    return f"""
The workspace is in {folder}. What to type next:
  cd {folder}
  diagnostic explain future-bar-copy        what the gravest finding means
  diagnostic inspect data/prices.parquet    one file, without any configuration
  diagnostic playbook run leakage           from the finding to a verified repair
  diagnostic watch                          the same, live
  diagnostic demo ../practice --plant non-finite-loss    one more fault to find
"""
