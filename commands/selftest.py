"""`diagnostic selftest`: every check proves itself on this machine."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from commands.console import say, style, tell
from ml_debugger.contract import Status
from ml_debugger.runtime.registry import registry


@click.command(name="selftest")
@click.argument("words", nargs=-1, metavar="[CODE|NAME|COMPONENT]...")
@click.option("--list", "listing", is_flag=True, help="List the faults that can be planted.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.pass_context
def command(ctx: click.Context, words: tuple[str, ...], listing: bool, form: str) -> None:
    """Let every check prove itself on this machine.

    Each check must fire on a fault planted in a small synthetic workspace, and stay silent on
    its clean twin. Exit code 1 when one does not.
    """
    from ml_debugger.testing.plant import faults
    from ml_debugger.testing.selftest import prove

    if listing:
        say("".join(f"{name}\n" for name in faults()))
        return
    # without words all of them, also those that no profile runs because they call a user's code
    checks = registry().select(words) if words else list(registry().values())
    look, proofs = style(), []
    for proof in prove(checks):
        proofs.append(proof)
        if form == "text":
            mark = Status.FAIL if proof.problem else Status.PASS
            word = look.paint("FAIL" if proof.problem else "pass", mark)
            said = proof.problem or f"{proof.fired} on the fault, {proof.silent} on the twin"
            say(f"{word} {proof.code} {proof.name:<26} {look.plain(said)}\n")
    bad = sum(proof.problem is not None for proof in proofs)
    if form == "json":
        document = {"schema_version": "1.0", "proofs": [asdict(proof) for proof in proofs]}
        say(json.dumps(document, indent=2) + "\n")
    else:
        say(f"{len(proofs) - bad} of {len(proofs)} checks proved themselves\n")
    if bad:
        tell("a check that does not prove itself must not be trusted on this machine")
        ctx.exit(1)
