"""One card from what was said of it, in the names of `nvidia-smi --query-gpu`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ml_debugger.artifacts import GpuDevice, GpuErrors, GpuLinks, GpuProcess
from ml_debugger.nvidia_smi.names import REASONS
from ml_debugger.nvidia_smi.values import amount, bare, is_error, is_loss, number, state, whole
from ml_debugger.nvidia_smi.values import word as name_of

UNNAMED = "unknown"

_THRESHOLD = "ecc.errors.uncorrected.aggregate.sram.thresholdExceeded"
_SRAM_CORRECTED = "ecc.errors.corrected.volatile.sram"
_IDENTITY = frozenset(
    ("name", "uuid", "pci.bus_id", "index", "timestamp", "driver_version", "count")
)


@dataclass
class Said:
    """What one output says of one card: values by field, and the labels whose answer failed."""

    facts: dict[str, str] = field(default_factory=dict)
    failed: list[tuple[str, str]] = field(default_factory=list)
    processes: tuple[GpuProcess, ...] | None = None
    slices: int = 0

    def note(self, field_name: str | None, label: str, value: str) -> None:
        """Keep a value. One that is an error is kept by its label alone; one that says nothing
        gives way, since two labels of an old and a new name may stand side by side."""
        if is_error(value):
            self.failed.append((label, bare(value)))
        elif field_name is not None and name_of(self.facts.get(field_name)) is None:
            self.facts[field_name] = value


def device_of(said: Said, index: int) -> GpuDevice:
    """The card with all its values in the units of the artifact."""
    facts = said.facts
    return GpuDevice(
        index=index,
        name=name_of(facts.get("name")) or UNNAMED,
        uuid=name_of(facts.get("uuid")),
        memory_total=amount(facts.get("memory.total")),
        memory_used=amount(facts.get("memory.used")),
        utilisation=number(facts.get("utilization.gpu")),
        temperature=number(facts.get("temperature.gpu")),
        power_watts=_first(facts, "power.draw", "power.draw.average", "power.draw.instant"),
        problem=_problem(said),
        pci=name_of(facts.get("pci.bus_id")),
        power_limit_watts=_first(facts, "enforced.power.limit", "power.limit"),
        memory_reserved=amount(facts.get("memory.reserved")),
        memory_temperature=number(facts.get("temperature.memory")),
        slowdown_at=number(facts.get("temperature.slowdown")),
        shutdown_at=number(facts.get("temperature.shutdown")),
        margin=number(facts.get("temperature.gpu.tlimit")),
        fan=number(facts.get("fan.speed")),
        throttled=_throttled(facts),
        performance=whole(facts.get("pstate", "").strip().removeprefix("P")),
        ecc=state(facts.get("ecc.mode.current")),
        errors=_errors(facts),
        connection=_links(facts),
        mig=state(facts.get("mig.mode.current")),
        mig_pending=state(facts.get("mig.mode.pending")),
        slices=said.slices,
        persistence=state(facts.get("persistence_mode")),
        processes=said.processes,
        capability=name_of(facts.get("compute_cap")),
        recovery_action=_recovery(facts),
        problems=tuple(f"{label}: {error}" for label, error in said.failed),
    )


def whole_card(errors: Sequence[str], answered: bool) -> str | None:
    """The error that speaks of a card as a whole: a loss, or several where nothing answered."""
    for error in errors:
        if is_loss(error):
            return error
    return Counter(errors).most_common(1)[0][0] if len(errors) > 1 and not answered else None


def _problem(said: Said) -> str | None:
    answered = any(name_of(v) for field, v in said.facts.items() if field not in _IDENTITY)
    return whole_card([error for _, error in said.failed], answered)


def _first(facts: Mapping[str, str], *fields: str) -> float | None:
    return next((v for field in fields if (v := number(facts.get(field))) is not None), None)


def _throttled(facts: Mapping[str, str]) -> tuple[str, ...] | None:
    states = {field: state(facts.get(f"clocks_event_reasons.{field}")) for field in REASONS}
    try:
        bits = int(bare(facts.get("clocks_event_reasons.active", "")), 16)
    except ValueError:
        if all(active is None for active in states.values()):
            return None
        bits = 0
    return reasons_of(bits | sum(bool(states[field]) << bit for bit, field in enumerate(REASONS)))


def reasons_of(bits: int) -> tuple[str, ...]:
    """The names of the reasons for low clocks in a mask as NVML gives it."""
    return tuple(name for bit, name in enumerate(REASONS.values()) if bits >> bit & 1)


def _errors(facts: Mapping[str, str]) -> GpuErrors:
    # the CSV counts parity errors as 0 on cards whose ECC mode is N/A
    off = "ecc.mode.current" in facts and not state(facts["ecc.mode.current"])

    def count(kind: str, span: str) -> int | None:
        if off:
            return None
        stem = f"ecc.errors.{kind}.{span}"
        if (total := whole(facts.get(f"{stem}.total"))) is not None:
            return total
        sram = whole(facts.get(f"{stem}.sram"))
        if sram is None:
            sram = _sum(whole(facts.get(f"{stem}.sram.{part}")) for part in ("parity", "secded"))
        return _sum((sram, whole(facts.get(f"{stem}.dram"))))

    return GpuErrors(
        uncorrected_volatile=count("uncorrected", "volatile"),
        uncorrected_aggregate=count("uncorrected", "aggregate"),
        corrected_volatile=count("corrected", "volatile"),
        corrected_aggregate=count("corrected", "aggregate"),
        sram_threshold=None if off else state(facts.get(_THRESHOLD)),
        retired_single=whole(facts.get("retired_pages.single_bit_ecc.count")),
        retired_double=whole(facts.get("retired_pages.double_bit.count")),
        retirement_pending=state(facts.get("retired_pages.pending")),
        remapped_correctable=whole(facts.get("remapped_rows.correctable")),
        remapped_uncorrectable=whole(facts.get("remapped_rows.uncorrectable")),
        remap_pending=state(facts.get("remapped_rows.pending")),
        remap_failed=state(facts.get("remapped_rows.failure")),
        sram_corrected_volatile=None if off else whole(facts.get(_SRAM_CORRECTED)),
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _links(facts: Mapping[str, str]) -> GpuLinks:
    def width(field: str) -> int | None:
        return whole(facts.get(field, "").strip().removesuffix("x"))

    return GpuLinks(
        generation=whole(facts.get("pcie.link.gen.current")),
        generation_max=whole(facts.get("pcie.link.gen.max")),
        width=width("pcie.link.width.current"),
        width_max=width("pcie.link.width.max"),
        replays=whole(facts.get("pcie.replays")),
        fabric=name_of(facts.get("fabric.state")),
        fabric_status=name_of(facts.get("fabric.status")),
    )


def _recovery(facts: Mapping[str, str]) -> str | None:
    """The action asked for; drivers before 565 say in two answers whether a reset is due."""
    if (action := name_of(facts.get("gpu_recovery_action"))) is not None:
        return action
    reset, drain = state(facts.get("reset.required")), state(facts.get("reset.drain"))
    if reset is None and drain is None:
        return None
    return "Reset" if reset else "Drain and Reset" if drain else "None"
