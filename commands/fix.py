"""`diagnostic fix`: show the plan of a repair, carry it out, undo it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.console import complain, say, style, tell
from ml_debugger.errors import UsageError

if TYPE_CHECKING:
    from ml_debugger.contract import Result
    from ml_debugger.remedies.plan import Plan
    from ml_debugger.remedies.repair import Past, Told
    from ml_debugger.runtime.report import Report

MOST_LINES = 20


@click.command(name="fix")
@click.argument("word", required=False, metavar="CODE|NAME")
@click.option("--apply", "act", is_flag=True, help="Carry the plan out.")
@click.option("--list", "listed", is_flag=True, help="List the repairs of this workspace.")
@click.option("--undo", metavar="ID", help="Bring everything of a repair back.")
@click.option("--purge", metavar="ID", help="Delete the quarantine of a repair; frees its space.")
@click.option("-v", "--verbose", is_flag=True, help="Name every file.")
@click.pass_context
def command(
    ctx: click.Context,
    word: str | None,
    act: bool,
    listed: bool,
    undo: str | None,
    purge: str | None,
    verbose: bool,
) -> None:
    """Repair what a check finds: a plan first, then with --apply the repair.

    Files are moved to quarantine below .diagnostic/fixes, or rewritten and kept there, and can be
    brought back with --undo. What is in use is left alone. The check then runs again. Space is
    freed by --purge.
    """
    if sum((word is not None, listed, undo is not None, purge is not None)) != 1:
        raise UsageError("fix: name one check, or use --list, --undo ID or --purge ID")
    if word is None and act:
        raise UsageError("fix: --apply goes with a check")
    root = _root()
    if listed:
        ctx.exit(_list(root))
    if undo is not None:
        ctx.exit(_undo(root, undo, verbose=verbose))
    if purge is not None:
        ctx.exit(_purge(root, purge))
    assert word is not None
    ctx.exit(_fix(root, word, act=act, verbose=verbose))


def _root() -> Path:
    from ml_debugger.workspace import configuration as configurations

    configuration = configurations.load(Path())
    return (configuration.root if configuration.file is not None else Path()).resolve()


def _fix(root: Path, word: str, *, act: bool, verbose: bool) -> int:
    from ml_debugger.remedies.catalogue import REMEDIES
    from ml_debugger.runtime.registry import registry

    check = registry().find(word)
    if check.fix is None:
        raise UsageError(
            f"{check.code} {check.name} has no automatic repair; 'diagnostic explain {check.code}' "
            "says what to do"
        )
    if check.fix not in REMEDIES:
        raise UsageError(f"{check.code}: no remedy is called '{check.fix}'")
    report = _judge(root, check.code)
    found = _findings(report)
    if not found:
        _say_unfound(report)
        return report.exit_code
    plan = REMEDIES[check.fix](root, found)
    say(_plan_text(plan, found, verbose=verbose))
    if not plan.steps:
        return 1
    if not act:
        tell(f"nothing was done; 'diagnostic fix {check.code} --apply' does it")
        return 1
    done = _carry_out(plan, verbose=verbose)
    again = _judge(root, check.code)
    left = _findings(again)
    for result in left:
        say(f"still {result.status.value.upper()} {result.code} {result.subject}: {result.title}\n")
    if done and not left:
        say(f"{check.code} {check.name}: {len(again.results)} passed when judged again\n")
    return again.exit_code


def _judge(root: Path, code: str) -> Report:
    from collections import deque

    from commands.running import show_progress
    from ml_debugger.runtime.events import RunFinished
    from ml_debugger.runtime.request import check_request
    from ml_debugger.runtime.supervisor import run

    (last,) = deque(show_progress(run(check_request(root, [code]))), maxlen=1)
    assert isinstance(last, RunFinished)
    return last.report


def _findings(report: Report) -> list[Result]:
    return [result for result in report.results if result.status.is_finding]


def _say_unfound(report: Report) -> None:
    for result in report.results:
        reason = f": {result.reason}" if result.reason else ""
        say(f"{result.status.value} {result.code} {result.subject}: {result.title}{reason}\n")
    tell("there is nothing to repair")


def _plan_text(plan: Plan, found: list[Result], *, verbose: bool) -> str:
    shown = style()
    lines = [f"{r.status.value.upper()} {r.code} {r.name}: {r.title}" for r in found]
    if plan.obstacle is not None:
        return shown.plain("\n".join([*lines, f"no repair: {plan.obstacle}"])) + "\n"
    verb = "rewrite" if plan.steps[0].write else "move"
    lines.append(f"{plan.remedy}: {verb} {len(plan.steps)}, keep {len(plan.kept)}, "
                 f"frees about {plan.freed / 2**20:,.1f} MiB in the end")  # fmt: skip
    steps = [f"  {verb:<8}{s.path.relative_to(plan.root)}  ({s.why})" for s in plan.steps]
    kept = [f"  keep    {k.path.relative_to(plan.root)}  ({k.why})" for k in plan.kept]
    for part in (kept, steps):
        lines += _cut(part, verbose=verbose)
    return shown.plain("\n".join(lines)) + "\n"


def _cut(lines: list[str], *, verbose: bool) -> list[str]:
    if verbose or len(lines) <= MOST_LINES:
        return lines
    return [*lines[:MOST_LINES], f"  and {len(lines) - MOST_LINES} more; -v names them"]


def _carry_out(plan: Plan, *, verbose: bool) -> int:
    """Carry a plan out and say what became of it; how many steps were done."""
    from ml_debugger.remedies.in_use import in_use_now
    from ml_debugger.remedies.repair import carry_out, past_repairs

    done = _tell(carry_out(plan, in_use_now()), plan.root, verbose=verbose)
    past = past_repairs(plan.root)[-1]
    say(f"{done} of {len(plan.steps)} done. Undo: diagnostic fix --undo {past.id}\n")
    if past.held:
        say(f"{past.held / 2**20:,.1f} MiB lie in quarantine until "
            f"'diagnostic fix --purge {past.id}'\n")  # fmt: skip
    return done


def _tell(told: Iterable[Told], root: Path, *, verbose: bool) -> int:
    done = left = 0
    for one in told:
        done += one.done
        left += not one.done
        if verbose or not one.done:
            say(style().plain(f"  {one.path.relative_to(root)}: {one.words}") + "\n")
    if left:
        complain(f"{left} left alone")
    return done


def _list(root: Path) -> int:
    from ml_debugger.remedies.repair import past_repairs

    repairs = past_repairs(root)
    for past in repairs:
        say(f"{past.id}  {past.state}  {past.moved} files  {past.held / 2**20:,.1f} MiB held\n")
    if not repairs:
        tell(f"no repair below {root}")
    return 0


def _past(root: Path, name: str) -> Past:
    from ml_debugger.remedies.repair import past_repairs

    found = [past for past in past_repairs(root) if past.id == name]
    if not found:
        raise UsageError(f"no repair is called '{name}' below {root}; see 'fix --list'")
    return found[0]


def _undo(root: Path, name: str, *, verbose: bool) -> int:
    from ml_debugger.remedies.repair import undo

    done = _tell(undo(_past(root, name), root), root, verbose=verbose)
    say(f"{done} back in their places\n")
    return 0


def _purge(root: Path, name: str) -> int:
    from ml_debugger.remedies.repair import purge

    freed = purge(_past(root, name))
    say(f"{freed / 2**20:,.1f} MiB freed; {name} can be undone no longer\n")
    return 0
