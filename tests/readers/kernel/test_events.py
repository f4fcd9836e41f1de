"""What kernel messages tell, and how they are grouped."""

from __future__ import annotations

import pytest

from ml_debugger.artifacts import KernelEvent
from ml_debugger.kernel_messages.events import MAX_GROUPS, Events
from ml_debugger.kernel_messages.messages import Said, said


def events_of(*messages: str) -> tuple[KernelEvent, ...]:
    found = Events()
    found.take(1, [f"[{100 + n:5}.000000] {text}" for n, text in enumerate(messages)])
    return found.finish()


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("NVRM: Xid (PCI:0000:01:00): 79, pid=12, name=python, GPU has fallen off the bus.",
         Said("xid", 79, "0000:01:00", "python")),
        ("NVRM: Xid (0000:03:00): 14, Channel 00000001", Said("xid", 14, "0000:03:00")),
        ("NVRM: Xid (PCI:0000:b3:00.0): 31, Ch 0000000b", Said("xid", 31, "0000:b3:00")),
        ("NVRM: Xid (PCI:00000000:B3:00): 48", Said("xid", 48, "0000:b3:00")),
        ("NVRM: NVRM: Xid (PCI:0001:00:00.0): 79, GPU has fallen", Said("xid", 79, "0001:00:00")),
        ("NVRM: Xid (PCI:0000:01:00 GPU-I:05): 94, pid=7194, Contained: CE User Channel (0x9).",
         Said("xid", 94, "0000:01:00 GPU-I:05", "pid 7194")),
        ("NVRM: Xid (PCI:0000:01:00 GPU-I:05 GPU-CI:02): 13, pid=9, name=a b, Graphics",
         Said("xid", 13, "0000:01:00 GPU-I:05 GPU-CI:02", "a b")),
        ("NVRM: Xid (PCI:0000:38:00): 13, pid='<unknown>', name=<unknown>, Graphics SM Warp",
         Said("xid", 13, "0000:38:00")),
        ("NVRM: Xid (PCI:0000:38:00): 64", Said("xid", 64, "0000:38:00")),
        ("NVRM: Xid (PCI:0000:02:00): 154, GPU recovery action changed from 0x0 (None) to 0x2 "
         "(Node Reboot Required)", Said("xid", 154, "0000:02:00", detail="Node Reboot Required")),
        ("NVRM: Xid (PCI:0009:01:00): 149, NETIR_LINK_EVT  Fatal   XC0 i0 Link 01 (0x0214)",
         Said("xid", 149, "0009:01:00", detail="fatal")),
        ("nvidia-nvswitch2: SXid (PCI:0000:85:00.0): 12028, Non-fatal, Link 61 egress",
         Said("sxid", 12028, "0000:85:00", detail="non-fatal")),
        ("nvidia-nvswitch0: SXid (PCI:0000:c3:00.0): 24007, Fatal, Link 30 sourcetrack",
         Said("sxid", 24007, "0000:c3:00", detail="fatal")),
        ("nvidia-nvswitch0: SXid (PCI:0000:c3:00.0): 24007, Severity 1 Engine instance 30", None),
        ("NVRM: GPU at 0000:01:00.0 has fallen off the bus.", Said("off-bus", device="0000:01:00")),
        ("NVRM: GPU 0000:02:00.0: GPU has fallen off the bus.",
         Said("off-bus", device="0000:02:00")),
        ("NVRM: GPU3: NVLink fatal error detected on link 5", Said("nvlink", detail="fatal")),
        ("nvidia-nvlink: Nvlink Core is being initialized, major device number 239", None),
        ("NVRM: loading NVIDIA UNIX x86_64 Kernel Module  570.124.06", None),
        ("oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=job,mems_allowed=0,"
         "oom_memcg=/pods/a,task_memcg=/pods/a/b,task=python3,pid=2343,uid=0",
         Said("oom-kill", device="/pods/a", process="python3", pid=2343)),
        ("oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,"
         "task_memcg=/user.slice,task=node,pid=5678,uid=1000",
         Said("oom-kill", process="node", pid=5678)),
        ("Memory cgroup out of memory: Killed process 2343 (python3) total-vm:31763532kB, "
         "anon-rss:13928044kB, file-rss:12208kB",
         Said("oom-kill", process="python3", detail="13.3 GiB resident", pid=2343)),
        ("Out of memory: Kill process 1234 (a (b) c) score 850 or sacrifice child",
         Said("oom-kill", process="a (b) c", pid=1234)),
        ("Killed process 1234, UID 1000, (chrome) total-vm:2345678kB, anon-rss:1048576kB",
         Said("oom-kill", process="chrome", detail="1.0 GiB resident", pid=1234)),
        ("oom_reaper: reaped process 1234 (chrome), now anon-rss:0kB", None),
        ("python3 invoked oom-killer: gfp_mask=0x100cca(GFP_HIGHUSER_MOVABLE), order=0", None),
        ("INFO: task kworker/u16:9:7088 blocked for more than 120 seconds.",
         Said("hung-task", process="kworker/u16:9", detail="120 s")),
        ("INFO: task php-fpm:27 blocked in I/O wait for more than 245 seconds.",
         Said("hung-task", process="php-fpm", detail="245 s")),
        ("EXT4-fs (sdb7): Remounting filesystem read-only", Said("read-only", device="sdb7")),
        ("EXT4-fs error (device sdb7): ext4_get_branch:171: inode #8: comm jbd2: invalid block",
         Said("io-error", device="sdb7")),
        ("Remounting filesystem read-only", Said("read-only")),
        ("BTRFS info (device nvme0n1p2): forced readonly", Said("read-only", device="nvme0n1p2")),
        ("XFS (nvme1n1): Filesystem has been shut down due to log error (0x2).",
         Said("read-only", device="nvme1n1")),
        ("Buffer I/O error on dev sda1, logical block 0, async page read",
         Said("io-error", device="sda1")),
        ("blk_update_request: I/O error, dev sdc, sector 12 op 0x0:(READ)",
         Said("io-error", device="sdc")),
        ("critical medium error, dev sdb, sector 4096", Said("io-error", device="sdb")),
        ("blk_update_request: I/O error, dev fd0, sector 0 op 0x0:(READ)", None),
        ("nvme nvme0: I/O tag 12 (100c) QID 4 timeout, aborting", Said("io-error", device="nvme0")),
        ("nvme nvme0: 8/0/0 default/read/poll queues", None),
        ("nvme nvme0: controller is down; will reset: CSTS=0xffffffff",
         Said("io-error", device="nvme0")),
        ("nfs: server filer-1 not responding, still trying", Said("io-error", device="filer-1")),
        ("EXT4-fs (sda1): mounted filesystem with ordered data mode", None),
        ("mlx5_core 0000:9c:00.0: 252.056 Gb/s available PCIe bandwidth, limited by 32.0 GT/s PCIe "
         "x8 link at 0000:97:01.0 (capable of 504.112 Gb/s with 32.0 GT/s PCIe x16 link)",
         Said("pcie-bandwidth", device="0000:9c:00", detail="252.056 of 504.112 Gb/s, x8 of x16")),
        ("audit: type=1400 comm=\"python\" quoting NVRM: Xid (PCI:0000:01:00): 79", None),
    ],
)  # fmt: skip
def test_messages(message: str, told: Said | None) -> None:
    assert said(message, None) == told


def test_a_flood_is_one_event() -> None:
    unknown = "NVRM: Xid (PCI:0000:38:00): 13, pid='<unknown>', name=<unknown>, SM"
    (event,) = events_of(*(f"{unknown} {n}" for n in range(300)))
    assert (event.count, event.first, event.last) == (300, "100.000000", "399.000000")


def test_a_lost_card_told_in_three_lines() -> None:
    (event,) = events_of(
        "NVRM: The NVIDIA GPU 0000:9b:00.0",
        "NVRM: (PCI ID: 10de:2330) installed in this system has",
        "NVRM: fallen off the bus and is not responding to commands.",
    )
    assert (event.kind, event.device, event.code) == ("off-bus", "0000:9b:00", None)


def test_one_kill_told_in_two_lines_counts_once() -> None:
    first, second = events_of(
        "oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/a,task_memcg=/a,task=python,pid=5,uid=0",
        "Memory cgroup out of memory: Killed process 5 (python) total-vm:9kB, anon-rss:2097152kB",
        "Out of memory: Killed process 6 (python) total-vm:9kB, anon-rss:1048576kB",
    )
    assert (first.device, first.process, first.count) == ("/a", "python", 1)
    assert (first.detail, second.detail) == ("2.0 GiB resident", "1.0 GiB resident")


def test_starts_of_the_machine_are_counted() -> None:
    fell = "NVRM: Xid (PCI:0000:01:00): 79, GPU has fallen off the bus."
    start = "Linux version 6.8.0-45-generic (buildd@host) (gcc 13)"
    before, after = events_of(start, fell, start, "Command line: quiet", fell)
    assert (before.restarts, after.restarts) == (1, 0)


def test_the_journals_mark_and_the_first_message_are_one_start() -> None:
    found = Events()
    found.take(1, ["Jan  2 10:11:12 n kernel: NVRM: Xid (PCI:0000:01:00): 79, lost",
                   "-- Boot 0123456789abcdef0123456789abcdef --",
                   "Jan  2 10:31:12 n kernel: Linux version 6.8.0"])  # fmt: skip
    (event,) = found.finish()
    assert event.restarts == 1


def test_other_programs_that_quote_the_kernel_are_not_it() -> None:
    found = Events()
    found.take(1, ["Jan  2 10:11:12 n python[7]: NVRM: Xid (PCI:0000:01:00): 79, lost",
                   "Jan  2 10:11:12 n systemd-oomd[9]: Killed /user.slice/a due to memory pressure"
                   " for /user.slice being 84.21% > 50.00%"])  # fmt: skip
    (event,) = found.finish()
    assert (event.kind, event.device) == ("oom-kill", "/user.slice/a")


def test_groups_are_bounded() -> None:
    lost = [f"NVRM: Xid (PCI:{n:04x}:01:00): 79, pid={n}, lost" for n in range(5_000)]
    kills = [f"Killed process {n} (p{n}) total-vm:1kB" for n in range(20_000)]
    found = events_of(*lost, *kills)
    assert len(found) <= MAX_GROUPS + 2
    assert sum(event.count for event in found) == 25_000
