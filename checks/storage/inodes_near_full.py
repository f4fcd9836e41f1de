"""STO002: a volume has hardly any room for further files."""

from __future__ import annotations

from ml_debugger.artifacts import StorageSnapshot, Volume
from ml_debugger.contract import (
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    Setting,
    Settings,
    check,
)


@check(
    code="STO002",
    name="inodes-near-full",
    component="infrastructure",
    playbook="disk-and-checkpoints",
    limits=(
        Limit(
            "free_to_floor",
            "times the floor",
            "below",
            "free inodes, as a multiple of the floor: the smaller of a share of the volume's"
            " inodes and a number of files",
            "prometheus/node_exporter docs/node-mixin: 5 percent of the inodes free warns, 3"
            " percent is critical; so the failure is at three fifths of the floor",
            warn=1.0,
            fail=0.6,
        ),
    ),
    settings=(
        Setting(
            "floor_share",
            "percent",
            5,
            "share of the inodes that should stay free",
            "prometheus/node_exporter docs/node-mixin, NodeFilesystemAlmostOutOfFiles",
        ),
        Setting(
            "floor_files",
            "files",
            200_000,
            "free inodes that are enough however many the volume has",
            "one file a day and ticker for a year: 252 sessions of 500 tickers are 126,000",
        ),
    ),
    profiles=("pre-train", "full"),
)
def inodes_near_full(storage: StorageSnapshot, settings: Settings) -> Outcome:
    """A volume has hardly any room for further files.

    What it measures:
        The free inodes of each volume that the workspace, the temporary folder and the home
        lie on, against a floor: five percent of them, but at most 200,000. File systems
        that make inodes as they are needed (btrfs, most network volumes) are left out.
    Why it matters:
        Without a free inode no file can be made: writing fails with "No space left on
        device" while `df` shows gigabytes free, and nobody understands why.
    What to do:
        `df -i` shows it, `du --inodes -x FOLDER | sort -n | tail` finds the folder. Caches
        of packages, one file a sample or a bar, and old sessions are the usual ones. Join
        small files into few large ones.
    Sources:
        prometheus/node_exporter docs/node-mixin (5 and 3 percent); mej/nhc check_fs_ifree;
        statvfs(3) (f_files, f_favail).
    """
    counted = [v for v in storage.own if v.inodes_total and v.inodes_free is not None]
    if not counted:
        return NotMeasured("no volume here states how many inodes it has")
    ratios = {volume: _free_to_floor(volume, settings) for volume in counted}
    worst = min(counted, key=lambda volume: ratios[volume])
    share = 100 * (worst.inodes_free or 0) / (worst.inodes_total or 1)
    return Measurement(
        title=f"{worst.mount} has {worst.inodes_free or 0:,} free inodes ({share:.0f} %)",
        values={"free_to_floor": ratios[worst]},
        evidence=tuple(
            Evidence("free_inodes", v.inodes_free, "inodes", f"{v.mount} of {v.inodes_total:,}")
            for v in sorted(counted, key=lambda v: ratios[v])[:4]
        ),
    )


def _free_to_floor(volume: Volume, settings: Settings) -> float:
    total, free = volume.inodes_total or 0, volume.inodes_free or 0
    floor = min(total * settings["floor_share"] / 100, settings["floor_files"])
    return free / floor if floor > 0 else float("inf")
