"""STO001: a volume that results are written to is close to full."""

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

_READ_ONLY_KINDS = frozenset({"squashfs", "iso9660", "erofs", "cramfs", "udf"})


@check(
    code="STO001",
    name="disk-near-full",
    component="infrastructure",
    playbook="disk-and-checkpoints",
    limits=(
        Limit(
            "free_to_floor",
            "times the floor",
            "below",
            "free bytes, as a multiple of the floor: the smaller of a share of the volume and"
            " a number of bytes",
            "gpud: under 10 percent free is degraded; node-mixin: 3 percent is critical; so the"
            " warning is at the floor and the failure at three tenths of it",
            warn=1.0,
            fail=0.3,
        ),
    ),
    settings=(
        Setting(
            "floor_share",
            "percent",
            10,
            "share of a volume that should stay free",
            "leptonai/gpud, components/disk: under 10 percent free",
        ),
        Setting(
            "floor_gib",
            "GiB",
            20,
            "free space that is enough however large the volume is",
            "room for three checkpoints of a model of 0.5 billion parameters with its"
            " optimizer's state (16 bytes each, 7.5 GiB)",
        ),
    ),
    profiles=("quick", "pre-train", "full"),
)
def disk_near_full(storage: StorageSnapshot, settings: Settings) -> Outcome:
    """A volume that results are written to is close to full.

    What it measures:
        The free bytes of each volume that the workspace, the temporary folder and the home
        lie on, against a floor: ten percent of the volume, but at most 20 GiB. So a volume
        of 20 TB that is 92 percent full has room enough, and one of 10 GB with 5 percent
        free has not. Volumes that are made read-only are left out.
    Why it matters:
        A full volume cuts checkpoints short, stops logs and breaks the databases beside
        them. The file that was being written is usually the one that is needed.
    What to do:
        See what grew (`du -xh --max-depth=2 FOLDER | sort -h | tail`). Remove checkpoints
        beyond the best three, caches of package managers and old temporary files, or move
        data to another volume before the next training.
    Sources:
        leptonai/gpud components/disk (500 MB or 10 percent free); prometheus/node_exporter
        docs/node-mixin (5 and 3 percent); facebookresearch/gcm check_storage (80 and 85
        percent used). A share alone misjudges large volumes, hence the floor in bytes.
    """
    written = [volume for volume in storage.volumes if _is_written(volume)]
    silent = [v for v in written if v.problem is not None or not v.total or v.free is None]
    known = [volume for volume in written if volume not in silent]
    if not known:
        reason = silent[0].problem or "its size is not known" if silent else None
        return NotMeasured(f"{silent[0].mount}: {reason}" if silent else "no volume is written to")
    ratios = {volume: _free_to_floor(volume, settings) for volume in known}
    worst = min(known, key=lambda volume: ratios[volume])
    evidence = [_volume_evidence(v) for v in sorted(known, key=lambda v: ratios[v])[:4]]
    evidence += [Evidence("not_answering", v.problem, None, v.mount) for v in silent[:1]]
    return Measurement(
        title=f"{worst.mount} has {_words(worst)} free ({_percent(worst):.0f} %)",
        values={"free_to_floor": ratios[worst]},
        evidence=tuple(evidence),
    )


def _is_written(volume: Volume) -> bool:
    return volume.kind not in _READ_ONLY_KINDS and volume.writable is not False


def _free_to_floor(volume: Volume, settings: Settings) -> float:
    total, free = volume.total or 0, volume.free or 0
    floor = min(total * settings["floor_share"] / 100, settings["floor_gib"] * 2**30)
    return free / floor if floor > 0 else float("inf")


def _volume_evidence(volume: Volume) -> Evidence:
    return Evidence("free", volume.free, "bytes", f"{volume.mount} of {volume.total:,} bytes")


def _percent(volume: Volume) -> float:
    return 100 * (volume.free or 0) / (volume.total or 1)


def _words(volume: Volume) -> str:
    free = volume.free or 0
    return f"{free / 2**30:.1f} GiB" if free >= 2**30 else f"{free / 2**20:.0f} MiB"
