"""Xids of NVIDIA's driver: what each says, whose fault it is, and what is to be done.

From NVIDIA's Xid catalogue (docs.nvidia.com, "Analyzing Xid Errors with the Xid Catalog", its
column of the immediate action) and "GPU Memory Error Management". Where tools disagree (63), the
choice is that of the check that uses the class.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ml_debugger.artifacts import KernelEvent


@dataclass(frozen=True, slots=True)
class XidClass:
    """A class of Xids: whose fault, what to do now, and how grave it is.

    `gravity` is 2 where a card must not be used on, 1 where somebody must look, 0 where the
    message only accompanies another one or informs.
    """

    name: str
    action: str
    gravity: int


APPLICATION = XidClass("application fault", "restart the application", 1)
RESET = XidClass("reset", "stop its users and reset the card", 2)
RESTART = XidClass("restart", "restart the machine", 2)
MEMORY = XidClass("memory error", "stop its users and reset the card", 2)
LINK = XidClass("NVLink error", "stop its users and reset the card and its links", 2)
LINK_MILD = XidClass("NVLink event", "look at the links, reset at the next stop", 1)
PENDING = XidClass("row remapped", "reset the card at the next stop", 1)
MECHANICAL = XidClass("mechanical", "connect the auxiliary power", 2)
DRAIN = XidClass("drain", "let the jobs end, then reset the card", 1)
INFORMS = XidClass("informs", "nothing by itself", 0)
UNKNOWN = XidClass("not in the catalogue", "report it with the kernel log", 1)

_LINKS = range(144, 151)
_ACTIONS = (
    ("Reboot", RESTART),
    ("Restart", RESTART),
    ("Bus Reset", RESTART),
    ("Drain P2P", DRAIN),
    ("Drain and Reset", RESET),
    ("Reset", RESET),
    ("None", INFORMS),
)
_TEXTS: Mapping[int, str] = {
    8: "GPU stopped processing",
    11: "invalid or corrupted push buffer stream",
    13: "graphics engine exception",
    31: "GPU memory page fault",
    32: "invalid or corrupted push buffer stream",
    43: "GPU stopped processing",
    45: "clean-up after an earlier error",
    46: "GPU stopped processing",
    48: "double-bit ECC error",
    54: "auxiliary power is not connected",
    62: "internal micro-controller halt",
    63: "memory row remapped or page retired",
    64: "memory remapping failed",
    68: "video decoder exception",
    69: "graphics engine class error",
    74: "NVLink error",
    79: "GPU has fallen off the bus",
    80: "corrupted data sent to the GPU",
    92: "high rate of single-bit ECC errors",
    93: "InfoROM wear limit",
    94: "contained memory error",
    95: "uncontained memory error",
    109: "context switch timeout",
    110: "security fault",
    119: "GSP does not answer",
    120: "GSP error",
    121: "C2C error",
    136: "link training failed",
    140: "unrecovered ECC error",
    143: "GPU initialization error",
    151: "key rotation error",
    154: "GPU recovery action changed",
    155: "NVLink software error",
    156: "resource retired",
    158: "fatal timeout of the GPU",
    167: "fatal PCIe timeout",
    168: "memory capacity reduced",
    169: "internal micro-controller halt",
    171: "uncorrectable DRAM error",
    172: "uncorrectable SRAM error",
}


def _all(kind: XidClass, *codes: int | range) -> Iterable[tuple[int, XidClass]]:
    for code in codes:
        yield from ((one, kind) for one in (code if isinstance(code, range) else (code,)))


_CLASSES: Mapping[int, XidClass] = dict(
    (
        *_all(APPLICATION, 8, 11, 13, 25, 31, 32, range(39, 42), 60, 68, 69, range(70, 73)),
        *_all(APPLICATION, range(75, 78), 80, range(82, 87), 88, 89, 94, range(96, 106)),
        *_all(APPLICATION, range(126, 136), 139),
        *_all(RESET, 46, 62, 64, 95, 109, 110, 119, 120, 136, 140, 143, 155, 156, 158, 168, 169),
        *_all(RESTART, 79, 151, 167),
        *_all(MEMORY, 48, 171, 172),
        *_all(LINK, 74),
        *_all(PENDING, 63),
        *_all(MECHANICAL, 54),
        *_all(INFORMS, 14, 37, 38, 43, 44, 45, 66, 67, 92, 93, range(106, 109), 121, 137, 141),
        *_all(INFORMS, 152, 153, 157, range(160, 167), 170),
    )
)

LASTING = frozenset({54, 64})
"""Faults that a reset or a restart does not take away: no rows are left, no power is connected."""


def class_of(event: KernelEvent) -> XidClass:
    """The class of an Xid, an SXid or a card that fell off the bus."""
    if event.kind == "off-bus":
        return RESTART
    if event.kind == "sxid":
        return LINK if event.detail == "fatal" else INFORMS
    if event.code == 154:
        named = (kind for word, kind in _ACTIONS if event.detail and word in event.detail)
        return next(named, INFORMS)
    if event.code in _LINKS:
        return LINK if event.detail == "fatal" else LINK_MILD
    return _CLASSES.get(event.code or 0, UNKNOWN)


def text_of(event: KernelEvent) -> str:
    """What it says, in a few words."""
    if event.kind == "off-bus":
        return "GPU has fallen off the bus"
    if event.kind == "sxid":
        return f"{event.detail or 'unclassed'} NVSwitch error"
    if event.code == 154 and event.detail:
        return f"the driver asks: {event.detail}"
    if event.code in _LINKS:
        return f"{event.detail or 'unclassed'} NVLink event"
    return _TEXTS.get(event.code or 0, "of no known meaning")
