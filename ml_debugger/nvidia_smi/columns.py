"""Fields of a CSV without a header, as far as their content and units can only mean one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ml_debugger.nvidia_smi.values import amount, moment

_FORMS = {
    "uuid": re.compile(r"(?:GPU|MIG)-[0-9a-f]{8}-[0-9a-f-]{27}"),
    "pci.bus_id": re.compile(r"[0-9A-F]{4,8}:[0-9A-F]{2}:[0-9A-F]{2}\.[0-9A-F]", re.IGNORECASE),
    "pstate": re.compile(r"P\d{1,2}"),
    "name": re.compile(r"(?:NVIDIA|Tesla|GeForce|Quadro|GRID|TITAN)\b.{1,60}"),
    "driver_version": re.compile(r"\d{3}\.\d{2,3}(?:\.\d{2})?"),
}
_UNIT = re.compile(r"-?\d+(?:\.\d+)?\s(MiB|%|W|MHz)")
_SURE = frozenset(("uuid", "pci.bus_id", "MiB", "W", "MHz"))
LEAST = 2


def fields_by_content(cells: Sequence[str]) -> list[str | None] | None:
    """The field of each cell, None for cells that could mean several; None for other tables.

    A lone percentage is utilisation and a lone wattage the draw; of two amounts the smaller is
    used and the larger the total, of two wattages the second is the limit. Three amounts could
    stand in any order, so none of them is taken.
    """
    kinds = [_kind(cell) for cell in cells]
    known = [kind for kind in kinds if kind is not None]
    if len(cells) < LEAST or not _SURE & set(known) or len(known) * 2 <= len(cells):
        return None
    fields: list[str | None] = [
        kind if kind in _FORMS or kind == "timestamp" else None for kind in kinds
    ]
    amounts, watts, shares = (
        [place for place, kind in enumerate(kinds) if kind == unit] for unit in ("MiB", "W", "%")
    )
    if len(shares) == 1:
        fields[shares[0]] = "utilization.gpu"
    if len(amounts) == 2:
        used, total = sorted(amounts, key=lambda place: amount(cells[place]) or 0)
        fields[used], fields[total] = "memory.used", "memory.total"
    if watts and len(watts) < 3:
        fields[watts[0]] = "power.draw"
        if len(watts) == 2:
            fields[watts[1]] = "power.limit"
    return fields


def _kind(cell: str) -> str | None:
    if unit := _UNIT.fullmatch(cell):
        return unit[1]
    if moment(cell) is not None:
        return "timestamp"
    if cell in ("[N/A]", "[Not Supported]", "[Unknown Error]"):
        return "N/A"
    return next((name for name, form in _FORMS.items() if form.fullmatch(cell)), None)
