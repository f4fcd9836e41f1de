"""GPU022: the driver is unloaded whenever nobody uses a card."""

from __future__ import annotations

from checks.gpu.cards import at, called, saying, verdict
from ml_debugger.artifacts import Expectations, GpuSnapshot
from ml_debugger.contract import Evidence, Limit, NotMeasured, Outcome, check


@check(
    code="GPU022",
    name="persistence-off",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "off_against_wish",
            "cards",
            "above",
            "cards without persistence mode where the configuration asks for it",
            "the user's own expectation (expect.gpu_persistence); without one it is information",
            warn=0,
        ),
    ),
    profiles=("full",),
)
def persistence_off(snapshot: GpuSnapshot, expectations: Expectations | None) -> Outcome:
    """The driver is unloaded whenever nobody uses a card.

    What it measures:
        Whether persistence mode is on. It is information and passes, unless the configuration
        asks for it (`expect.gpu_persistence = true`).
    Why it matters:
        Without it the first contact with a card takes seconds, up to half a minute on eight
        cards, and settings of the owner such as a power limit are lost when the last process
        ends. A running training keeps the driver loaded and loses nothing.
    What to do:
        On your own machine: enable the service nvidia-persistenced. On a rented machine the
        mode belongs to its owner: nothing. Windows and WSL have no such mode.
    Sources:
        NVIDIA, Driver Persistence. The tools disagree: gpud calls it unhealthy, DCGM's
        diagnosis warns, Google's health check turns it on by itself. On a rented container
        nobody can change it and nothing is broken, so ours only tells. NVIDIA/nvidia-docker
        issue 379: 24 to 30 seconds for the first contact.
    """
    told = saying(snapshot, "persistence mode", lambda d: d.persistence is not None)
    if isinstance(told, NotMeasured):
        return told
    off = [d for d in told if not d.persistence]
    asked = expectations is not None and expectations.gpu_persistence is True
    title = f"Persistence mode is on: {called(told)}"
    if off:
        title = f"Persistence mode is off: {called(off)}{'' if asked else ' (information)'}"
    return verdict(
        snapshot,
        told,
        off if asked else [],
        title=title,
        values={"off_against_wish": len(off) if asked else 0},
        fact=lambda d: Evidence("persistence", "off", None, at(d)),
    )
