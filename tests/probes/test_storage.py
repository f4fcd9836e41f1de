"""Volumes of given paths; one that hangs costs its own deadline."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from ml_debugger.probes.storage import Mount, mount_of, read_mounts, take_snapshot

MOUNTS = read_mounts(
    "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
    "30 22 0:40 / /data rw shared:5 - nfs4 server:/pool rw\n"
    "31 22 0:41 / /data/my\\040runs rw - tmpfs tmpfs rw\n"
    "no mount at all\n"
)


def status(free: int, total: int = 1000, flags: int = 0) -> os.statvfs_result:
    return os.statvfs_result((4096, 4096, total, free, free, 9, 9, 9, flags, 255))


def test_the_longest_mount_point_holds_a_path() -> None:
    assert mount_of("/data/x", MOUNTS) == Mount("/data", "server:/pool", "nfs4")
    assert mount_of("/database", MOUNTS).point == "/"
    assert mount_of("/data/my runs/1", MOUNTS).kind == "tmpfs"


def test_paths_of_one_volume_are_asked_once() -> None:
    asked: list[str] = []

    def ask(path: str) -> os.statvfs_result:
        asked.append(path)
        return status(100, flags=os.ST_RDONLY)

    (volume,) = take_snapshot(["/a", "/b", "/a"], MOUNTS, ask=ask).volumes
    assert asked == ["/a"]
    assert (volume.mount, volume.holds, volume.writable) == ("/", ("/a", "/b"), False)
    assert (volume.free, volume.total) == (100 * 4096, 1000 * 4096)


def test_a_stuck_mount_leaves_the_others_seen() -> None:
    release = threading.Event()

    def ask(path: str) -> os.statvfs_result:
        if path.startswith("/data"):
            release.wait(20)
        return status(100)

    try:
        volumes = take_snapshot(["/data/x", "/home"], MOUNTS, deadline=0.05, ask=ask).volumes
    finally:
        release.set()
    stuck, root = volumes
    assert (stuck.mount, stuck.free, stuck.problem) == ("/data", None, "no answer within 0.05 s")
    assert (root.mount, root.problem) == ("/", None)


def test_a_missing_path_is_a_problem_of_its_volume(tmp_path: Path) -> None:
    (volume,) = take_snapshot([str(tmp_path / "gone")], []).volumes
    assert volume.problem == "No such file or directory"
