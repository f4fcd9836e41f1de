"""How a card is connected, by NVML: PCIe, NVLink and the fabric."""

from __future__ import annotations

from typing import Any

from ml_debugger.artifacts import GpuLinks
from ml_debugger.probes.nvml.asking import Asking

_FABRIC = (None, "Not Started", "In Progress", "Completed")
"""States of the fabric by NVML's number, as nvidia-smi prints them."""
_COMPLETED = 3
_COUNTERS = range(5)
"""Replay, recovery, CRC of flits, CRC of data, ECC of data (nvml.h, nvmlNvLinkErrorCounter_t)."""
_MOST_LINKS = 36


def links_of(asking: Asking) -> GpuLinks:
    """All that the driver says of the connections."""
    links, down, errors = _nvlink(asking)
    fabric, status = _fabric(asking)
    return GpuLinks(
        generation=_count(asking, "PCIe generation", "nvmlDeviceGetCurrPcieLinkGeneration"),
        generation_max=_count(asking, "PCIe generation", "nvmlDeviceGetMaxPcieLinkGeneration"),
        width=_count(asking, "PCIe width", "nvmlDeviceGetCurrPcieLinkWidth"),
        width_max=_count(asking, "PCIe width", "nvmlDeviceGetMaxPcieLinkWidth"),
        replays=_count(asking, "PCIe replays", "nvmlDeviceGetPcieReplayCounter"),
        links=links,
        links_down=down,
        link_errors=errors,
        fabric=fabric,
        fabric_status=status,
    )


def _count(asking: Asking, label: str, question: str) -> int | None:
    said = asking.ask(label, question)
    return None if said is None else int(said)


def _nvlink(asking: Asking) -> tuple[int | None, int | None, int | None]:
    """Links, inactive links, counted errors. A link that is not there does not answer."""
    counted = asking.field("NVLink", "NVML_FI_DEV_NVLINK_LINK_COUNT")
    if counted == 0:
        return 0, 0, None
    states: list[Any] = []
    errors: list[int] = []
    for link in range(min(counted or _MOST_LINKS, _MOST_LINKS)):
        active = asking.ask("NVLink", ("nvmlDeviceGetNvLinkState", link))
        if active is None:
            break
        states.append(active)
        for counter in _COUNTERS if active else ():
            said = asking.ask("NVLink", ("nvmlDeviceGetNvLinkErrorCounter", link, counter))
            errors += [] if said is None else [int(said)]
    if not states:
        return counted, None, None
    return len(states), sum(not active for active in states), sum(errors) if errors else None


def _fabric(asking: Asking) -> tuple[str | None, str | None]:
    """State and, once it is completed, outcome of joining the fabric."""
    info = asking.fill("fabric", "nvmlDeviceGetGpuFabricInfoV", "c_nvmlGpuFabricInfo_v2_t")
    if info is None:
        info = asking.fill("fabric", "nvmlDeviceGetGpuFabricInfo", "c_nvmlGpuFabricInfo_t")
    if info is None or info.state >= len(_FABRIC):
        return None, None
    if info.state != _COMPLETED:
        return _FABRIC[info.state], None
    status = "Success" if info.status == 0 else str(asking.nvml.NVMLError(info.status))
    return _FABRIC[info.state], status
