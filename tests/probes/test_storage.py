"""Volumes of given paths; one that hangs costs its own deadline."""

from __future__ import annotations

import os
import threading
from functools import partial
from pathlib import Path

from ml_debugger.artifacts import StorageSnapshot
from ml_debugger.probes.fate import Surroundings
from ml_debugger.probes.mounts import Mount, mount_of, read_mounts
from ml_debugger.probes.storage import Asked, Places, take_snapshot
from ml_debugger.probes.trial_write import Trial

MOUNTS = read_mounts(
    "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
    "30 22 0:40 / /data rw shared:5 - nfs4 server:/pool rw\n"
    "31 22 0:41 / /data/my\\040runs rw - tmpfs tmpfs rw\n"
    "32 22 0:42 / /archive rw - ext4 /dev/sdb1 ro,errors=remount-ro\n"
    "no mount at all\n"
)
GIB = 2**30


def status(free: int, total: int = 1 << 20, flags: int = 0, files: int = 9) -> os.statvfs_result:
    return os.statvfs_result((4096, 4096, total, free, free, files, files, files, flags, 255))


def take(
    paths: tuple[str, ...], ask: object = None, asked: Asked | None = None, **more: object
) -> StorageSnapshot:
    places = more.pop("places", Places(others=paths))
    assert isinstance(places, Places)
    return take_snapshot(
        places,
        MOUNTS,
        Surroundings(),
        asked or Asked(),
        ask=ask or (lambda _: status(1 << 18)),  # type: ignore[arg-type]
        resolve=lambda path: path,
        **more,  # type: ignore[arg-type]
    )


def test_the_longest_mount_point_holds_a_path() -> None:
    assert mount_of("/data/x", MOUNTS).device == "server:/pool"
    assert mount_of("/database", MOUNTS).point == "/"
    assert mount_of("/data/my runs/1", MOUNTS).kind == "tmpfs"


def test_a_file_system_that_the_kernel_made_read_only_is_told_from_one_mounted_so() -> None:
    assert mount_of("/archive", MOUNTS).turned_read_only
    (asked,) = read_mounts("1 1 8:1 / /cd ro - iso9660 /dev/sr0 ro")
    (bound,) = read_mounts("1 1 8:1 /x /input ro - ext4 /dev/sda1 rw")
    assert not asked.turned_read_only
    assert not bound.turned_read_only


def test_paths_of_one_volume_are_asked_once() -> None:
    seen: list[str] = []

    def ask(path: str) -> os.statvfs_result:
        seen.append(path)
        return status(100, flags=os.ST_RDONLY)

    volumes = take(("/a", "/b", "/a"), ask).volumes
    assert seen.count("/a") == 1
    assert "/b" not in seen
    root = volumes[0]
    assert (root.mount, root.holds, root.writable) == ("/", ("/a", "/b"), False)
    assert (root.free, root.inodes_free, root.network) == (100 * 4096, 9, False)


def test_network_mounts_that_hold_nothing_of_ours_are_asked_whether_they_answer() -> None:
    volumes = take(("/a",)).volumes
    assert [(v.mount, v.holds, v.network) for v in volumes] == [
        ("/", ("/a",), False),
        ("/data", (), True),
    ]


def test_file_systems_without_a_number_of_inodes_state_none() -> None:
    volume = take(("/a",), lambda _: status(100, files=0)).volumes[0]
    assert (volume.inodes_total, volume.inodes_free) == (None, None)


def test_a_stuck_mount_leaves_the_others_seen() -> None:
    release = threading.Event()

    def ask(path: str) -> os.statvfs_result:
        if path.startswith("/data"):
            release.wait(20)
        return status(100)

    try:
        stuck, root = take(("/data/x", "/home"), ask, deadline=0.05).volumes
    finally:
        release.set()
    assert (stuck.mount, stuck.free, stuck.problem) == ("/data", None, "no answer within 0.05 s")
    assert stuck.error == "ETIMEDOUT"
    assert (root.mount, root.problem) == ("/", None)


def test_a_link_that_hangs_costs_its_own_volume() -> None:
    release = threading.Event()

    def resolve(path: str) -> str:
        if path.startswith("/data"):
            release.wait(20)
        return path

    try:
        stuck, root = take_snapshot(
            Places(others=("/data/x", "/home")),
            MOUNTS,
            Surroundings(),
            Asked(),
            deadline=0.05,
            ask=lambda _: status(100),
            resolve=resolve,
        ).volumes
    finally:
        release.set()
    assert stuck.error == "ETIMEDOUT"
    assert root.problem is None


def test_a_missing_path_is_a_problem_of_its_volume(tmp_path: Path) -> None:
    (volume,) = take_snapshot(
        Places(others=(str(tmp_path / "gone"),)), [], Surroundings(), Asked()
    ).volumes
    assert (volume.problem, volume.error) == ("No such file or directory", "ENOENT")


def test_a_write_is_tried_in_folders_of_the_workspace_and_for_temporary_files_alone(
    tmp_path: Path,
) -> None:
    written: list[Path] = []

    def write(folder: Path) -> Trial:
        written.append(folder)
        return Trial("quota", "Disk quota exceeded")

    places = Places(workspace=(str(tmp_path),), others=("/data",))
    mounts = [Mount("/", "/dev/sda1", "ext4"), Mount("/data", "server:/pool", "nfs4")]
    take_here = partial(take_snapshot, resolve=lambda path: path, ask=lambda _: status(1 << 18))
    root, data = take_here(places, mounts, Surroundings(), Asked(write)).volumes
    assert written == [tmp_path]
    assert (root.write, root.write_problem) == ("quota", "Disk quota exceeded")
    assert data.write is None
    nearly_full = partial(take_snapshot, resolve=lambda path: path, ask=lambda _: status(100))
    assert nearly_full(places, mounts, Surroundings(), Asked(write)).volumes[0].write is None
    assert written == [tmp_path]


def test_folders_are_walked_once_each(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    places = Places((str(tmp_path), str(tmp_path / "data")), (str(tmp_path / "scratch"),))
    snapshot = take((), places=places, asked=Asked(walk=True))
    assert snapshot.leftovers is not None
    assert [one.folder for one in snapshot.leftovers] == [str(tmp_path), places.temporary[0]]
    assert take(("/a",)).leftovers is None
