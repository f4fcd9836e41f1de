"""GPU011: pages of a card's memory were retired, or wait for it."""

from __future__ import annotations

from checks.gpu.cards import at, called, saying, verb, verdict
from ml_debugger.artifacts import GpuDevice, GpuSnapshot
from ml_debugger.contract import Evidence, Limit, NotMeasured, Outcome, check


@check(
    code="GPU011",
    name="page-retirement",
    component="infrastructure",
    playbook="gpu-box",
    limits=(
        Limit(
            "pages",
            "pages",
            "above",
            "retired pages of the worst card",
            "NVIDIA, Dynamic Page Retirement: 64 pages can be retired, a card with 60 is to be"
            " returned; DCGM fails from 63, Azure from 62",
            fail=59,
        ),
        Limit(
            "double_bit",
            "pages",
            "above",
            "pages retired for an uncorrectable error, worst card",
            "NVIDIA DCGM, nvvs/src/Software.cpp: more than 15, with more than one in the last week",
            warn=15,
        ),
        Limit(
            "pending",
            "cards",
            "above",
            "cards with pages that are retired only at the next start of the driver",
            "NVIDIA DCGM, nvvs/src/Software.cpp: pending retirement warns",
            warn=0,
        ),
    ),
    explained_by=("ecc-uncorrectable",),
    profiles=("pre-train", "full"),
)
def page_retirement(snapshot: GpuSnapshot) -> Outcome:
    """Pages of a card's memory were retired, or wait for it.

    What it measures:
        The pages that the driver took out of use on cards up to Volta, for corrected and for
        uncorrectable errors, and whether pages still in use wait for their retirement. Later
        cards remap rows instead, which is a check of its own. A few retired pages are how a
        card repairs itself: they are told and pass.
    Why it matters:
        A pending page is still used: the next uncorrectable error there ends the training. At
        64 pages no more can be retired.
    What to do:
        Pending: stop the work at a good moment and reset the card or restart the machine. 60
        pages and more: return the card. Many for double-bit errors: ask for an exchange.
    Sources:
        NVIDIA, "Dynamic Page Retirement" (64 pages, returned from 60). The tools disagree:
        DCGM fails from 63 pages and warns on pending ones, Azure wants both 62 and pending,
        gcm fails above 10. Ours is NVIDIA's rule for returning a card; ten pages of 64 are no
        fault.
    """
    told = saying(
        snapshot,
        "retired pages",
        lambda d: (
            d.errors.retired_single is not None
            or d.errors.retired_double is not None
            or d.errors.retirement_pending is not None
        ),
    )
    if isinstance(told, NotMeasured):
        return told
    concerned = [d for d in told if _pages(d) or d.errors.retirement_pending]
    worst = max(told, key=_pages)
    pending = [d for d in told if d.errors.retirement_pending]
    double = [d.errors.retired_double for d in told if d.errors.retired_double is not None]
    parts = []
    if _pages(worst):
        most = " at most" if len(concerned) > 1 else ""
        pages = "page" if _pages(worst) == 1 else "pages"
        parts.append(f"{called(d for d in told if _pages(d))}: {_pages(worst)} {pages} retired")
        parts[0] += most
    if pending:
        parts.append(f"pending on {called(pending)}")
    none = f"{called(told)} {verb(told, 'has', 'have')} no retired page"
    return verdict(
        snapshot,
        told,
        sorted(concerned, key=_pages, reverse=True),
        title=", ".join(parts) or none,
        values={
            "pages": _pages(worst),
            "double_bit": max(double, default=float("nan")),
            "pending": len(pending),
        },
        fact=lambda d: Evidence("retired", _told(d), None, at(d)),
    )


def _pages(device: GpuDevice) -> int:
    return (device.errors.retired_single or 0) + (device.errors.retired_double or 0)


def _told(device: GpuDevice) -> str:
    single, double = device.errors.retired_single or 0, device.errors.retired_double or 0
    pending = ", more pending" if device.errors.retirement_pending else ""
    return f"{single} for corrected and {double} for uncorrectable errors{pending}"
