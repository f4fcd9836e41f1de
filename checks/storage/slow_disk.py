"""STO011: a volume writes far more slowly than any disk that is well."""

from __future__ import annotations

from ml_debugger.artifacts import StorageSnapshot, Volume
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check


@check(
    code="STO011",
    name="slow-disk",
    component="infrastructure",
    playbook="disk-and-checkpoints",
    limits=(
        Limit(
            "write_rate",
            "MB/s",
            "below",
            "the best of three writes of 4 MB with fsync on the slowest volume of ours",
            "choice: a tenth of one hard disk's sustained rate (100 to 250 MB/s by its data"
            " sheets) and less than gigabit Ethernet carries; at 10 MB/s a checkpoint of 1 GB"
            " stops a training for 100 seconds",
            warn=10,
        ),
    ),
    explained_by=("stale-mount",),
    profiles=("full",),
)
def slow_disk(storage: StorageSnapshot) -> Outcome:
    """A volume writes far more slowly than any disk that is well.

    What it measures:
        The rate of a real write of 4 MB with fsync in the workspace and in the temporary
        folder. A first try under 50 MB/s is repeated twice and the best one counts, as a
        busy moment is no slow disk; a single slow try is not judged. Only the disk is asked,
        not the page cache, so the figure is below what copying shows. Reading is not
        measured: what was just written would come from memory.
    Why it matters:
        The limit is absolute and far down, because nothing here knows what your job needs:
        a training that saves 1 GB each minute needs 17 MB/s for that alone. Network volumes
        vary by hours and neighbours.
    What to do:
        Measure longer (`fio --rw=write --bs=1M --size=1G --fsync=64`), at another hour too.
        Save checkpoints to a local disk and copy them afterwards, save less often, or move
        to a faster class of volume.
    Sources:
        docs.runpod.io, "Storage options" (network volumes vary); fsync(2); data sheets of
        hard disks (100 to 250 MB/s sustained).
    """
    late = [v for v in storage.own if v.write == "late"]
    timed = [v for v in storage.own if len(v.write_rates) > 1 or _is_fast(v)]
    if not timed and not late:
        return NotMeasured("no write was timed often enough on any volume")
    rates = {v: max(v.write_rates, default=0.0) / 1e6 for v in timed}
    # of a write that did not end it is known only that it was slower than this
    rates.update({v: (v.write_bytes or 0) / _LATE_SECONDS / 1e6 for v in late})
    slowest = min(rates, key=lambda volume: rates[volume])
    bound = "under " if slowest in late else ""
    return Measurement(
        title=f"{slowest.mount} ({slowest.kind}) writes {bound}{rates[slowest]:.0f} MB/s",
        values={"write_rate": rates[slowest]},
        evidence=tuple(
            Evidence("best_rate", round(rate, 1), "MB/s", f"{v.mount}, {len(v.write_rates)} tries")
            for v, rate in sorted(rates.items(), key=lambda pair: pair[1])[:4]
        ),
    )


_ONCE = 50e6
"""Bytes a second of a first try that needs no second one."""
_LATE_SECONDS = 4.0
"""After which a write that has not ended is given up."""


def _is_fast(volume: Volume) -> bool:
    return volume.write_rates[:1] > (_ONCE,)
