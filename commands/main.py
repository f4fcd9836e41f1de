"""The root command: loads a command when it is named, maps every ending to its exit code."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence

import click

from commands.console import complain
from commands.short_forms import SHORT_FORMS, expand
from ml_debugger import __version__
from ml_debugger.errors import DiagnosticError, UsageError

COMMANDS: Mapping[str, str] = {
    "check": "Judge the workspace and this machine.",
    "inspect": "Say what a file or folder is and what is wrong with it.",
    "explain": "Print a check's card: what it measures, why, what to do.",
    "checks": "List the checks.",
    "watch": "Watch findings, machine, training and past runs live.",
    "monitor": "Run a training, watch it, end it when it is lost.",
    "leakage": "Prove that a feature function uses no future, or name what does.",
    "fix": "Repair what a check finds; a plan first, and it can be undone.",
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

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Short forms of 'check', with its options"):
            formatter.write_dl(list(SHORT_FORMS.items()))
        super().format_options(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.version_option(__version__, "-V", "--version", message="diagnostic %(version)s")
@click.option("--debug", is_flag=True, help="Show a traceback when something fails.")
@click.pass_context
def command(
    ctx: click.Context,
    debug: bool,  # noqa: ARG001  taken out in `run`, wherever it stands
) -> None:
    """Find what is wrong with an ML trading system, prove it, and lead to a repair.

    Exit codes: 0 clean, 1 findings, 2 wrong usage, 3 incomplete, 130 interrupted.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code; nothing escapes as a traceback."""
    debug, arguments = take_debug(arguments)
    try:
        expanded = expand(arguments, COMMANDS)
        code = command.main(args=expanded, prog_name="diagnostic", standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):
        complain("interrupted")
        return 130
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        # the message is the help itself, which is laid out already
        click.echo(error.format_message(), err=True)
        return 2
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
