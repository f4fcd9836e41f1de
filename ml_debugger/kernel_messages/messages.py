"""What a kernel message tells: Xids, lost cards, kills, file systems and disks in trouble.

Texts: NVIDIA open-gpu-kernel-modules (Xid, fallen off the bus), NVIDIA Fabric Manager user guide
(SXid), Linux mm/oom_kill.c, kernel/hung_task.c, fs/ext4/super.c, block/blk-core.c,
drivers/nvme/host, drivers/pci/pci.c.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

WORDS = (
    "Xid (", "fallen off", "The NVIDIA GPU", "oom-kill:", "Killed ", "Kill process", "blocked ",
    "ead-only", "readonly", "I/O ", "critical ", "nvme", "shut down", "Shutting down f", "-fs ",
    "BTRFS", "XFS", "not responding", "nfs: ", "PCIe bandwidth", "vlink", "VLink",
    "VLINK", "Linux version", "-- Boot", "-- Reboot",
)  # fmt: skip
"""One of these stands in every line that tells anything. Plain words are found fastest."""

_GPU = r"(?:PCI:)?(?P<pci>[0-9a-fA-F]{4,8}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}(?:\.[0-9a-fA-F])?)"
_XID = re.compile(
    rf"(?:NVRM: )+Xid \({_GPU}(?P<mig>(?: GPU-C?I:\d+)*)\): (?P<code>\d{{1,4}})\b,? ?(?P<rest>.*)"
)
_SXID = re.compile(
    rf"(?:nvidia-)?nvswitch\d+: SXid \({_GPU}\): (?P<code>\d{{1,6}})\b,? ?(?P<rest>.*)"
)
_OFF_BUS = re.compile(
    rf"(?:NVRM: )+(?:GPU (?:at )?{_GPU}:? (?:GPU )?|.{{0,40}}\b)?[Hh]?a?s? ?fallen off the bus"
)
_CARD = re.compile(rf"(?:NVRM: )+The NVIDIA GPU {_GPU}")
_PROCESS = re.compile(r"pid='?(?P<pid>[^,']*)'?(?:, name=(?P<name>[^,]*))?")
_ACTION = re.compile(r"recovery action changed from .* to [^(]*\((?P<action>[^)]+)\)")
_SEVERITY = re.compile(r"\b(?:non-?fatal|fatal)\b", re.IGNORECASE)
_OOM_CAUSE = re.compile(r"oom-kill:constraint=(?P<constraint>\w+),(?P<rest>.*)")
_OOM_PAIR = re.compile(r"(oom_memcg|task|pid)=([^,]*)")
_KILLED = re.compile(
    r"(?:(?:Memory cgroup out of memory|Out of memory)(?: \([^)]*\))?: Kill(?:ed)?|Killed) process "
    r"(?P<pid>\d+),? (?:\((?P<name>.*?)\)(?= total-vm| score|,|$)|UID \d+, \((?P<old>.*?)\))"
)
_RESIDENT = re.compile(r"anon-rss:(\d+)kB")
_OOMD = re.compile(r"Killed (?P<group>/\S+) due to (?:memory|swap)")
_HUNG = re.compile(
    r"INFO: task (?P<name>.{1,32}):\d+ blocked (?:in I/O wait )?for more than (?P<seconds>\d+) sec"
)
_READ_ONLY = re.compile(
    r"Remounting filesystem read-only|forced readonly|[Ff]ile ?system has been shut down|"
    r"Shutting down filesystem"
)
_VOLUME = re.compile(r"\((?:device )?(?P<device>[\w!.-]+)\)")
_IO_ERRORS = (
    re.compile(r"(?:Buffer )?I/O error (?:on )?dev(?:ice)? (?P<device>[\w!-]+)"),
    re.compile(
        r"(?:(?:blk_update_request|print_req_error): )?(?:I/O|critical (?:medium|target|space)) "
        r"error, dev (?P<device>[\w!-]+)"
    ),
    re.compile(
        r"nvme (?P<device>nvme\d+): (?:I/O .*timeout|I/O tag .*timeout|controller is down|"
        r"Device not ready|Device shutdown incomplete|Removing after probe failure|"
        r"Disabling device after reset failure|Abort status|Identify Controller failed)"
    ),
    re.compile(r"nvme\d+n\d+: I/O Cmd\(.*\) @ LBA .*, (?P<device>)"),
    re.compile(r"(?:EXT[234]-fs|XFS|F2FS-fs|BTRFS) error \(device (?P<device>[\w!-]+)"),
    re.compile(r"XFS \((?P<device>[\w!-]+)\): (?:metadata I/O error|log I/O error|Corruption)"),
    re.compile(r"nfs: server (?P<device>\S+) (?:not responding|error)"),
)  # fmt: skip
_EMPTY_DRIVES = re.compile(r"(?:fd|sr|cdrom|loop)\d+$")
_BANDWIDTH = re.compile(
    r".{0,40}?(?P<device>[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]): (?P<left>[\d.]+) Gb/s "
    r"available PCIe bandwidth, limited by .*?PCIe x(?P<width>\d+) link.*?"
    r"capable of (?P<full>[\d.]+) Gb/s with .*?PCIe x(?P<of>\d+) link"
)
_NVLINK = re.compile(
    r"(?:NVRM: )+.*nvlink.*(?:fail|error|fatal|timed? ?out|unable|is down)", re.IGNORECASE
)
_START = re.compile(r"Linux version \d")


@dataclass(frozen=True, slots=True)
class Said:
    """One message: as `KernelEvent` names its parts, with the number of a killed process."""

    kind: str
    code: int | None = None
    device: str | None = None
    process: str | None = None
    detail: str | None = None
    pid: int | None = None


def starts_machine(message: str) -> bool:
    """Whether it is the first message of a starting kernel."""
    return _START.match(message) is not None


def announced_card(message: str) -> str | None:
    """The card of "The NVIDIA GPU 0000:9b:00.0", whose sentence goes on in later messages."""
    found = _CARD.match(message)
    return _address(found) if found is not None else None


def said(message: str, sender: str | None) -> Said | None:
    """What a message tells, None where it tells nothing of the kinds that are looked for."""
    if sender == "systemd-oomd":
        found = _OOMD.match(message)
        return Said("oom-kill", device=found["group"]) if found is not None else None
    if message.startswith(("NVRM:", "nvidia-nvswitch", "nvswitch")):
        return _of_driver(message)
    return _of_memory(message) or _of_disk(message) or _of_bus(message)


def _of_driver(message: str) -> Said | None:
    found = _XID.match(message)
    if found is not None:
        return _xid(found)
    found = _SXID.match(message)
    if found is not None:
        rest = found["rest"]
        if rest.startswith(("Severity ", "Data {")):
            # further lines of the same event
            return None
        return Said("sxid", int(found["code"]), _address(found), detail=_severity(rest))
    if "fallen off the bus" in message:
        found = re.search(_GPU, message)
        return Said("off-bus", device=_address(found) if found is not None else None)
    return Said("nvlink", detail=_severity(message)) if _NVLINK.match(message) else None


def _xid(found: re.Match[str]) -> Said:
    rest = found["rest"]
    code = int(found["code"])
    process: str | None = None
    named = _PROCESS.match(rest)
    if named is not None:
        name, pid = (named["name"] or "").strip(), named["pid"].strip()
        process = name if name and name != "<unknown>" else None
        if process is None and pid.isdigit():
            process = f"pid {pid}"
    detail = None
    action = _ACTION.search(rest)
    if action is not None:
        detail = action["action"]
    elif 144 <= code <= 150:
        detail = _severity(rest)
    return Said("xid", code, _address(found) + found["mig"], process, detail)


def _address(found: re.Match[str]) -> str:
    """Domain, bus and device in lower case; the function is always 0, and not always written."""
    address = found["pci"].lower().partition(".")[0]
    domain, _, rest = address.partition(":")
    return f"{domain[-4:] if len(domain) > 4 and not domain[:-4].strip('0') else domain}:{rest}"


def _severity(text: str) -> str | None:
    found = _SEVERITY.search(text)
    if found is None:
        return None
    return "fatal" if found[0].lower() == "fatal" else "non-fatal"


def _of_memory(message: str) -> Said | None:
    cause = _OOM_CAUSE.match(message)
    if cause is not None:
        parts = dict(_OOM_PAIR.findall(cause["rest"]))
        pid = parts.get("pid", "")
        group = parts.get("oom_memcg")
        return Said(
            "oom-kill",
            device=group,
            process=parts.get("task"),
            pid=int(pid) if pid.isdigit() else None,
        )
    killed = _KILLED.match(message)
    if killed is not None:
        resident = _RESIDENT.search(message)
        size = f"{int(resident[1]) / 2**20:.1f} GiB resident" if resident is not None else None
        name = killed["name"] or killed["old"]
        return Said("oom-kill", process=name or None, detail=size, pid=int(killed["pid"]))
    hung = _HUNG.match(message)
    if hung is None:
        return None
    return Said("hung-task", process=hung["name"], detail=f"{hung['seconds']} s")


def _of_disk(message: str) -> Said | None:
    if _READ_ONLY.search(message) is not None:
        volume = _VOLUME.search(message)
        return Said("read-only", device=volume["device"] if volume is not None else None)
    for pattern in _IO_ERRORS:
        found = pattern.search(message)
        if found is not None:
            # drives without a medium answer with errors on sound machines
            if _EMPTY_DRIVES.match(found["device"]):
                return None
            return Said("io-error", device=found["device"] or message.partition(":")[0])
    return None


def _of_bus(message: str) -> Said | None:
    found = _BANDWIDTH.match(message)
    if found is None:
        return None
    detail = f"{found['left']} of {found['full']} Gb/s, x{found['width']} of x{found['of']}"
    return Said("pcie-bandwidth", device=found["device"].partition(".")[0], detail=detail)
