"""What is kept and what is lost with a pod, told from mounts and variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_debugger.probes.fate import Surroundings, fate_of
from ml_debugger.probes.mounts import read_mounts

BARE = Surroundings()
DOCKER = Surroundings(container=True)
RUNPOD = Surroundings(container=True, service="RunPod")
PODS = "/var/lib/kubelet/pods/5f/volumes/kubernetes.io~"


@pytest.mark.parametrize(
    ("line", "where", "fate", "words"),
    [
        ("/ / rw - overlay overlay rw", RUNPOD, "lost", "pod stops"),
        ("/ /workspace rw - ext4 /dev/md0 rw", RUNPOD, "kept", "volume of RunPod"),
        ("/ /workspace rw - fuse mfs#eu:9421 rw", RUNPOD, "kept", "outside this machine"),
        ("/ / rw - overlay overlay rw", DOCKER, "lost", "container is removed"),
        ("/ / rw - overlay overlay rw", BARE, None, "no sign of a container"),
        ("/ / rw - overlay o rw", Surroundings(True, "Vast.ai"), None, "destroyed"),
        ("/ / rw - ext4 /dev/vda rw", DOCKER, None, "nothing tells"),
        ("/ / rw - ext4 /dev/vda rw", BARE, "kept", "disk of this machine"),
        ("/ /tmp rw - tmpfs tmpfs rw", BARE, "lost", "memory"),
        (f"{PODS}empty-dir/x /out rw - ext4 /dev/sda rw", DOCKER, "lost", "emptyDir"),
        (f"{PODS}csi/pvc/mount /out rw - ext4 /dev/sdb rw", DOCKER, "kept", "Kubernetes"),
        (f"/docker/volumes/{'a' * 64}/_data /d rw - ext4 /dev/sda rw", DOCKER, None, "anonymous"),
        ("/docker/volumes/runs/_data /d rw - ext4 /dev/sda rw", DOCKER, "kept", "volume"),
        ("/ / rw - overlay o rw", Surroundings(True, "Google Colab"), "lost", "Colab"),
        ("/ /content/drive rw - fuse.drive d rw", Surroundings(True, "Google Colab"), "kept", ""),
        ("/ /mnt rw - unknownfs x rw", BARE, None, "unknownfs"),
    ],
)  # fmt: skip
def test_fates(line: str, where: Surroundings, fate: str | None, words: str) -> None:
    (mount,) = read_mounts(f"22 1 8:1 {line}")
    found, reason = fate_of(mount, where, Path("/nowhere"))
    assert found == fate
    assert words in reason


def test_an_instance_store_is_known_by_its_model(tmp_path: Path) -> None:
    disk = tmp_path / "sys/class/block/nvme1n1/device"
    disk.mkdir(parents=True)
    (disk / "model").write_text("Amazon EC2 NVMe Instance Storage        \n")
    (mount,) = read_mounts("22 1 8:1 / /scratch rw - xfs /dev/nvme1n1 rw")
    assert fate_of(mount, BARE, tmp_path)[0] == "lost"


@pytest.mark.parametrize(
    ("variables", "mounts", "expected"),
    [
        ({}, "", BARE),
        ({"RUNPOD_POD_ID": "x"}, "", RUNPOD),
        ({"CI": "true"}, "", Surroundings(passing="a CI job")),
        ({"CI": "false"}, "", BARE),
        ({}, "1 1 0:1 / / rw - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A", DOCKER),
        ({"COLAB_RELEASE_TAG": "r"}, "", Surroundings(service="Google Colab")),
    ],
)
def test_surroundings(
    variables: dict[str, str], mounts: str, expected: Surroundings, tmp_path: Path
) -> None:
    assert Surroundings.of(variables, read_mounts(mounts), tmp_path) == expected


def test_files_of_a_container_count(tmp_path: Path) -> None:
    (tmp_path / ".dockerenv").touch()
    assert Surroundings.of({}, [], tmp_path) == DOCKER
