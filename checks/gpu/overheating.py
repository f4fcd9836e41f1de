"""GPU016: a card is at or near the temperature at which it slows itself down."""

from __future__ import annotations

from checks.gpu.cards import at, called, headroom, saying, verdict
from ml_debugger.artifacts import GpuDevice, GpuSnapshot
from ml_debugger.contract import Evidence, Limit, NotMeasured, Outcome, check


@check(
    code="GPU016",
    name="overheating",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "degrees_left",
            "degrees Celsius",
            "below",
            "degrees until the hottest card slows itself down",
            "published outputs of 11 card models: the largest operating temperature is 2 to 9"
            " degrees below the slowdown, so fewer than 3 are beyond it on most",
            warn=3,
            fail=1,
        ),
    ),
    explained_by=("fan-fault",),
    profiles=("quick", "pre-train", "full"),
)
def overheating(snapshot: GpuSnapshot) -> Outcome:
    """A card is at or near the temperature at which it slows itself down.

    What it measures:
        The degrees that are left until the card's own slowdown temperature, or the margin
        that newer cards give instead (T.Limit, the distance to the nearest slowdown). Where
        only the shutdown temperature is known, that one counts. No temperature is too high by
        itself: a card that does not say its own limit is not judged.
    Why it matters:
        At the limit the clocks are halved, a few degrees above it the card switches itself
        off, and the training with it. Heat over months is what ends memory.
    What to do:
        Look at the fan and the neighbours of the card, and at the air in front of the
        machine. Passive cards in a desktop case have no air at all. Lower the power limit
        (by the owner of the machine) until the air is better.
    Sources:
        NVIDIA, nvidia-smi manual, temperature and T.Limit. The tools disagree: glances warns
        at fixed 60, 70 and 80 degrees, which every working card reaches; gpud compares with
        the card's own maximum; gcm wants the limit as a flag. Ours is relative to the card.
    """
    told = saying(snapshot, "degrees to the slowdown", lambda d: headroom(d) is not None)
    if isinstance(told, NotMeasured):
        return told
    hottest = min(told, key=_left)
    near = sorted((d for d in told if _left(d) < 3), key=_left)
    heat = "" if hottest.temperature is None else f" at {hottest.temperature:.0f} C"
    left = _left(hottest)
    if left > 0:
        title = f"{called([hottest])}{heat}, {left:.0f} degrees below its slowdown"
    else:
        title = f"{called([hottest])}{heat}, at or beyond its slowdown temperature"
    if len(told) > 1:
        title += f", hottest of {len(told)}"
    return verdict(
        snapshot,
        told,
        near,
        title=title,
        values={"degrees_left": left},
        fact=lambda d: Evidence("degrees_left", _left(d), "degrees Celsius", at(d)),
    )


def _left(device: GpuDevice) -> float:
    left = headroom(device)
    return float("inf") if left is None else left
