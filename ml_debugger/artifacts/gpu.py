"""NVIDIA cards: as the driver names them now, as saved outputs hold them, and over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ml_debugger.artifacts.base import Artifact


@dataclass(frozen=True, slots=True)
class GpuProcess:
    """A process that holds memory of a card; bytes, None where the driver does not say.

    The driver gives the numbers of the host: inside a container `pid` may name nothing. `here`
    is true where the process was seen in this container, None where nobody looked.
    """

    pid: int
    memory: int | None = None
    name: str | None = None
    here: bool | None = None


@dataclass(frozen=True, slots=True)
class GpuErrors:
    """Counted memory errors of a card; None where the driver does not say or ECC is off.

    Volatile counts begin with the driver, aggregate ones with the card's life. `sram_threshold`
    is true where the driver says that too many SRAM errors came. Retired pages are those of
    cards up to Volta, remapped rows those from Ampere on. `sram_corrected_volatile` is the part
    of `corrected_volatile` that came in the chip's own memory.
    """

    uncorrected_volatile: int | None = None
    uncorrected_aggregate: int | None = None
    corrected_volatile: int | None = None
    corrected_aggregate: int | None = None
    sram_threshold: bool | None = None
    retired_single: int | None = None
    retired_double: int | None = None
    retirement_pending: bool | None = None
    remapped_correctable: int | None = None
    remapped_uncorrectable: int | None = None
    remap_pending: bool | None = None
    remap_failed: bool | None = None
    sram_corrected_volatile: int | None = None


@dataclass(frozen=True, slots=True)
class GpuLinks:
    """How a card is connected. Replays count since the driver was loaded.

    `generation_max` and `width_max` are what card and slot together can do. Of NVLink, `links`
    are those that the card has, `links_down` the inactive ones, `link_errors` their counted
    errors. `fabric` is the state of the fabric as the driver names it ("Completed",
    "In Progress", ...).
    """

    generation: int | None = None
    generation_max: int | None = None
    width: int | None = None
    width_max: int | None = None
    replays: int | None = None
    links: int | None = None
    links_down: int | None = None
    link_errors: int | None = None
    fabric: str | None = None
    fabric_status: str | None = None


@dataclass(frozen=True, slots=True)
class GpuDevice:
    """One card. Memory in bytes, utilisation and fan in percent; None where the driver does not
    say.

    Temperatures are in degrees Celsius: `slowdown_at` is where the card slows down by itself,
    `margin` how many degrees are left to it on cards that say only that. `throttled` names the
    active reasons for low clocks: "software-power-cap", "hardware-power-brake",
    "hardware-thermal", "software-thermal", "hardware-slowdown", "idle", "application-clocks",
    "sync-boost", "display-clocks"; it is empty where none is active and None where the driver or
    the output does not say. `problem` is the driver's own word on a card that does not
    answer; `problems` are single answers that were errors ("fan speed: Unknown Error").
    `performance` is the performance state, 0 the fastest. `recovery_action` is what the driver
    asks for ("None", "Reset", "Reboot", "Drain P2P"). `slices` counts MIG instances.
    """

    index: int
    name: str
    uuid: str | None = None
    memory_total: int | None = None
    memory_used: int | None = None
    utilisation: float | None = None
    temperature: float | None = None
    power_watts: float | None = None
    problem: str | None = None
    pci: str | None = None
    power_limit_watts: float | None = None
    memory_reserved: int | None = None
    memory_temperature: float | None = None
    slowdown_at: float | None = None
    shutdown_at: float | None = None
    margin: float | None = None
    fan: float | None = None
    throttled: tuple[str, ...] | None = None
    performance: int | None = None
    ecc: bool | None = None
    errors: GpuErrors = GpuErrors()
    connection: GpuLinks = GpuLinks()
    mig: bool | None = None
    mig_pending: bool | None = None
    slices: int = 0
    persistence: bool | None = None
    processes: tuple[GpuProcess, ...] | None = None
    capability: str | None = None
    recovery_action: str | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class GpuSnapshot(Artifact):
    """What the NVIDIA driver answered.

    `state` is "answered" (the driver was asked and named its cards, perhaps none), "absent"
    (there is no sign of a driver or card on this machine) or "unreachable" (there is a sign of
    one, but it did not answer: library missing, version mismatch, time-out). `signs` lists
    what speaks for a card, such as device files. `detail` is the driver's own message.
    `attached` is how many cards the driver counts, which may be more than it describes. `source`
    is "nvml", "nvidia-smi" or the form of a saved output. `partial` says which part of the cards
    a saved output describes at all ("page retirement"), None for all of them. `users` are the
    processes seen here that hold a card's device file open, whatever the driver lists; None
    where nobody looked.
    """

    state: str
    devices: tuple[GpuDevice, ...] = ()
    driver_version: str | None = None
    cuda_version: str | None = None
    signs: tuple[str, ...] = ()
    detail: str | None = None
    taken: str | None = None
    attached: int | None = None
    source: str | None = None
    partial: str | None = None
    users: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class GpuSeries:
    """One card over time: sequences of equal length, NaN where a sample does not say.

    `seconds` is since the first sample of the history, `memory_used` in bytes, `utilisation` in
    percent, `temperature` in degrees Celsius, `power_watts` in watts.
    """

    index: int
    name: str
    seconds: Sequence[float]
    utilisation: Sequence[float]
    memory_used: Sequence[float]
    temperature: Sequence[float]
    power_watts: Sequence[float]
    memory_total: int | None = None


@dataclass(frozen=True, eq=False)
class GpuHistory(Artifact):
    """Samples of the cards over time, from a log of nvidia-smi, this tool's history or a watch.

    `training` is true where a training is known to have run meanwhile, None where nobody knows.
    """

    series: tuple[GpuSeries, ...]
    started: str | None = None
    training: bool | None = None
