"""The root command: loads a command when it is named, maps every ending to its exit code."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from commands.console import complain
from ml_debugger import __version__
from ml_debugger.components import COMPONENTS
from ml_debugger.errors import DiagnosticError, UsageError

COMMANDS: Mapping[str, str] = {
    "check": "Judge the workspace and this machine.",
    "inspect": "Say what a file or folder is and what is wrong with it.",
    "explain": "Print a check's card: what it measures, why, what to do.",
    "checks": "List the checks.",
    "watch": "Watch findings, machine, training and past runs live.",
    "leakage": "Prove that a feature function uses no future, or name what does.",
    "playbook": "List, show or run a playbook.",
    "history": "List past runs or show one.",
    "init": "Write a diagnostic.toml for this folder.",
    "config": "Show or validate the configuration.",
    "demo": "Build a workspace on real market data and diagnose it.",
    "selftest": "Let every check prove itself on this machine.",
    "data": "Import, fetch, prepare and validate market data.",
    "train": "Train with walk-forward validation.",
    "predict": "Write forecasts.",
    "size": "Turn forecasts into positions.",
    "backtest": "Run positions against prices.",
}
"""Commands and their one-line help, so that listing them imports none of them."""

FAILED = 3
"""Exit code when the tool itself could not do its work."""


class Commands(click.Group):
    """A group whose commands are modules of this package, imported when asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"commands.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.version_option(__version__, "-V", "--version", message="diagnostic %(version)s")
@click.option("--full", is_flag=True, help="Run every check here: check --profile full.")
@click.option(
    "--component",
    multiple=True,
    type=click.Choice(COMPONENTS),
    metavar="NAME...",
    help=f"Run the checks of components: {', '.join(COMPONENTS)}.",
)
@click.option("--validate-data", is_flag=True, help="Run the data checks: check data.")
@click.option("--system-health", is_flag=True, help="Run the infrastructure checks.")
@click.option("--rows", metavar="FILE", help="With a short form: write the rows of findings.")
@click.option("--debug", is_flag=True, help="Show a traceback when something fails.")
@click.pass_context
def command(
    ctx: click.Context,
    full: bool,
    component: tuple[str, ...],
    validate_data: bool,
    system_health: bool,
    rows: str | None,
    debug: bool,  # noqa: ARG001  taken out in `run`, wherever it stands
) -> None:
    """Find what is wrong with an ML trading system, prove it, and lead to a repair.

    Exit codes: 0 clean, 1 findings, 2 wrong usage, 3 incomplete, 130 interrupted.
    """
    short = [bool(component), full, validate_data, system_health]
    if ctx.invoked_subcommand is not None:
        if any(short) or rows is not None:
            raise UsageError(f"'{ctx.invoked_subcommand}' cannot follow a short form of 'check'")
        return
    if not any(short):
        if rows is not None:
            raise UsageError("--rows needs a short form, such as --validate-data")
        click.echo(ctx.get_help())
        return
    path = None if rows is None else Path(rows)
    if short == [False, False, True, False]:
        data = ctx.command.get_command(ctx, "data")  # type: ignore[attr-defined]
        ctx.invoke(data.get_command(ctx, "validate"), rows=path)
    component = (
        *component,
        *(("data",) if validate_data else ()),
        *(("infrastructure",) if system_health else ()),
    )
    check = ctx.command.get_command(ctx, "check")  # type: ignore[attr-defined]
    ctx.invoke(check, words=() if full else component, rows=path)


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code; nothing escapes as a traceback."""
    debug, arguments = take_debug(arguments)
    try:
        code = command.main(
            args=spread_components(arguments), prog_name="diagnostic", standalone_mode=False
        )
    except (KeyboardInterrupt, click.Abort):
        complain("interrupted")
        return 130
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except click.ClickException as error:
        complain(error.format_message())
        return 2
    except UsageError as error:
        complain(str(error))
        return 2
    except BrokenPipeError:
        # the reader of our output went away (| head): nothing is left to be told to anyone
        sys.stdout = None
        return 0
    except DiagnosticError as error:
        if debug:
            raise
        complain(str(error))
        return FAILED
    except Exception as error:  # the outermost boundary: one clear line, code 3
        if debug:
            raise
        complain(f"failed: {type(error).__name__}: {error} (--debug shows where)")
        return FAILED
    return code if isinstance(code, int) else 0


def take_debug(arguments: Sequence[str]) -> tuple[bool, list[str]]:
    """`--debug` may stand anywhere before `--`: whether it does, and the other arguments."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    own = [argument for argument in arguments[:end] if argument != "--debug"]
    return len(own) < end, [*own, *arguments[end:]]


def spread_components(arguments: Sequence[str]) -> list[str]:
    """`--component data training` as click knows it: the option repeated for each name."""
    spread: list[str] = []
    after = False
    for argument in arguments:
        if argument == "--component":
            after = True
            spread.append(argument)
        elif after and argument in COMPONENTS:
            spread += [argument] if spread[-1] == "--component" else ["--component", argument]
        elif after and set(argument.split(",")) <= set(COMPONENTS):
            names = argument.split(",")
            head = [] if spread[-1] == "--component" else ["--component"]
            spread += [*head, names[0]]
            for name in names[1:]:
                spread += ["--component", name]
        else:
            after = False
            spread.append(argument)
    return spread
