"""STO001: a volume that results are written to is close to full."""

from __future__ import annotations

from datetime import datetime

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
from ml_debugger.curves.filling import Filling, filling

_COUNTS_BELOW, _GRAVE_BELOW, _GRAVE_HOURS = 40.0, 20.0, 4.0
"""Percent free below which a trend warns and fails, and the hours of the latter (node-mixin)."""
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
        Limit(
            "hours_to_full",
            "hours",
            "below",
            "time until a volume under 40 percent free is full, at the steady rate of past runs",
            "prometheus/node_exporter docs/node-mixin: full within 24 hours below 40 percent"
            " free, critical within 4 hours below 20 percent",
            warn=24,
            fail=4,
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
        free has not. Volumes that are made read-only are left out. And the time until a volume
        that is less than 40 percent free is full, at the rate at which it filled over past
        runs: only where six of them or more over an hour or more show a steady fall that
        still goes on, and never further ahead than four times what they saw.
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
        percent used). A share alone misjudges large volumes, hence the floor in bytes. The
        time to full and its conditions are those of node-mixin's NodeFilesystemSpaceFillingUp.
    """
    written = [volume for volume in storage.volumes if _is_written(volume)]
    silent = [v for v in written if v.problem is not None or not v.total or v.free is None]
    known = [volume for volume in written if volume not in silent]
    if not known:
        reason = silent[0].problem or "its size is not known" if silent else None
        return NotMeasured(f"{silent[0].mount}: {reason}" if silent else "no volume is written to")
    ratios = {volume: _free_to_floor(volume, settings) for volume in known}
    worst = min(known, key=lambda volume: ratios[volume])
    trends = {volume: trend for volume in known if (trend := _filling(volume, storage.taken))}
    hours = {volume: _counted_hours(volume, trend) for volume, trend in trends.items()}
    soonest = min(hours, key=lambda volume: hours[volume], default=None)
    evidence = [_volume_evidence(v) for v in sorted(known, key=lambda v: ratios[v])[:4]]
    evidence += [Evidence("not_answering", v.problem, None, v.mount) for v in silent[:1]]
    values = {"free_to_floor": ratios[worst]}
    told, ending = worst, ""
    if soonest is not None:
        values["hours_to_full"] = hours[soonest]
        trend = trends[soonest]
        evidence.insert(0, Evidence("filling", round(trend.rate), "bytes/hour", soonest.mount))
        told = soonest if hours[soonest] < float("inf") and ratios[worst] >= 1 else worst
        ending = f", full in about {trend.hours:.0f} h" if told is soonest else ""
    return Measurement(
        title=f"{told.mount} has {_words(told)} free ({_percent(told):.0f} %){ending}",
        values=values,
        evidence=tuple(evidence),
    )


def _filling(volume: Volume, taken: str | None) -> Filling | None:
    if not volume.past or taken is None:
        return None
    try:
        times = [datetime.fromisoformat(t) for t in (*(s.taken for s in volume.past), taken)]
        hours = [(time - times[0]).total_seconds() / 3600 for time in times]
    except (ValueError, TypeError):
        # a recorded snapshot may hold any text where a time should stand
        return None
    return filling(hours, [*(float(sample.free) for sample in volume.past), volume.free or 0.0])


def _counted_hours(volume: Volume, trend: Filling) -> float:
    """The hours, where so little is free that they count; at least those of the milder limit."""
    if _percent(volume) >= _COUNTS_BELOW:
        return float("inf")
    return trend.hours if _percent(volume) < _GRAVE_BELOW else max(trend.hours, _GRAVE_HOURS)


def _is_written(volume: Volume) -> bool:
    read_only = volume.kind in _READ_ONLY_KINDS or volume.writable is False
    # a network mount that holds none of our paths is listed for its answer alone
    return not read_only and bool(volume.holds)


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
