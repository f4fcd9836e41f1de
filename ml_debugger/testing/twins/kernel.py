"""The twin's kernel log: a start of the machine and what is usual afterwards."""

from __future__ import annotations

from pathlib import Path

NAME = "kern.log"
"""Its file below snapshots/."""

_USUAL = (
    (0.0, "Linux version 6.8.0-57-generic (buildd@lcy02-amd64-033) (gcc 13.3.0) #59-Ubuntu SMP"),
    (0.0, "Command line: BOOT_IMAGE=/vmlinuz-6.8.0-57-generic root=/dev/nvme0n1p1 ro quiet"),
    (0.2, "BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable"),
    (1.1, "pci 0000:02:00.0: 4.000 Gb/s available PCIe bandwidth, limited by 5.0 GT/s PCIe x1 link"
          " at 0000:00:0c.0 (capable of 8.000 Gb/s with 5.0 GT/s PCIe x2 link)"),
    (1.9, "nvme nvme0: 32/0/0 default/read/poll queues"),
    (2.4, "blk_update_request: I/O error, dev fd0, sector 0 op 0x0:(READ) flags 0x0"),
    (3.0, "EXT4-fs (nvme0n1p1): mounted filesystem with ordered data mode. Quota mode: none."),
    (9.5, "nvidia-nvlink: Nvlink Core is being initialized, major device number 239"),
    (9.7, "NVRM: loading NVIDIA UNIX x86_64 Kernel Module  570.124.06  Wed Feb 26 02:10:01 2025"),
    (31.0, "docker0: port 1(veth1a2b3c4) entered forwarding state"),
    (812.0, "audit: type=1400 apparmor=STATUS operation=profile_load name=docker-default"),
    (86_412.0, "perf: interrupt took too long (2503 > 2500), lowering sysctl to 79750"),
)  # fmt: skip


def write_log(folder: Path) -> None:
    """Write the log into a folder."""
    (folder / NAME).write_text("".join(_line(*entry) for entry in _USUAL), encoding="utf-8")


def append(file: Path, *messages: str) -> None:
    """Add messages of the kernel at the end of a log, a second apart."""
    with file.open("a", encoding="utf-8") as stream:
        stream.writelines(_line(90_000.0 + n, text) for n, text in enumerate(messages))


def _line(seconds: float, text: str) -> str:
    day, rest = divmod(int(seconds), 86_400)
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"2025-06-0{1 + day}T{clock}.000000+00:00 box-17 kernel: [{seconds:12.6f}] {text}\n"
