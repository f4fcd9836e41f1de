"""The machine: GPU, memory against the container's own limit, disks."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from ml_debugger.artifacts import GpuDevice, GpuSnapshot, HostSnapshot, StorageSnapshot, Volume
from ml_debugger.contract import Status
from ml_debugger.report.style import WORDS, Style
from ml_debugger.runtime.report import Report
from tui.colours import COLOURS
from tui.figures import amount, bar
from tui.reading import Reading

COMPONENT = "infrastructure"
BAR = 20
UNLOOKED = (Status.SKIP, Status.ERROR)

Line = tuple[str, str]
"""A text and its look."""


class Machine(Reading):
    """Snapshots of the machine, and the results of the checks that judged them."""

    def __init__(self, style: Style, *, id: str) -> None:
        super().__init__(id=id)
        self._style = style

    def take_focus(self) -> None:
        """Let the keys scroll."""
        self.focus()

    def back(self) -> bool:
        """There is nothing to undo here."""
        return False

    def show(self, report: Report) -> None:
        """Show the machine as a run found it."""
        self.say(self._lines(report))

    def _lines(self, report: Report) -> list[Text]:
        picture, style = report.picture, self._style
        lines: list[Text] = []
        for title, section in (
            ("GPU", _gpu(picture.gpu, style)),
            ("MEMORY", _host(picture.host, style)),
            ("DISKS", _storage(picture.storage, style)),
        ):
            lines.append(Text(title, "bold"))
            lines += [Text(style.plain(f"  {text}"), look) for text, look in section]
            lines.append(Text())
        return [*lines, Text("CHECKS", "bold"), *_results(report, style)]


def _gpu(gpu: GpuSnapshot | None, style: Style) -> Iterator[Line]:
    match gpu:
        case None:
            yield "not looked at", "dim"
            return
        case GpuSnapshot(state="absent"):
            yield "no GPU seen", ""
        case GpuSnapshot(state="unreachable"):
            yield "the driver did not answer", "bold red"
        case GpuSnapshot(devices=()):
            yield "the driver answers, but names no GPU", "yellow"
    if gpu.detail:
        yield gpu.detail, ""
    if gpu.signs and gpu.state != "answered":
        yield f"signs of a card: {', '.join(gpu.signs)}", ""
    if gpu.driver_version:
        cuda = f", CUDA {gpu.cuda_version}" if gpu.cuda_version else ""
        yield f"driver {gpu.driver_version}{cuda}", "dim"
    for device in gpu.devices:
        yield from _device(device, style)


def _device(device: GpuDevice, style: Style) -> Iterator[Line]:
    yield f"{device.index}  {device.name}", ""
    if device.problem:
        yield f"   {device.problem}", "bold red"
    if device.memory_total is None:
        return
    share = _share(device.memory_used, device.memory_total)
    said = f"{amount(device.memory_used)} of {amount(device.memory_total)}"
    facts = [
        f"{device.utilisation:.0f} % busy" if device.utilisation is not None else None,
        f"{device.temperature:.0f} °C" if device.temperature is not None else None,
        f"{device.power_watts:.0f} W" if device.power_watts is not None else None,
    ]
    yield "  ".join((f"   {bar(share, BAR, style)} {said}", *filter(None, facts))), ""


def _host(host: HostSnapshot | None, style: Style) -> Iterator[Line]:
    if host is None:
        yield "not looked at", "dim"
        return
    if host.memory_limit is not None:
        share = _share(host.memory_used, host.memory_limit)
        said = f"{amount(host.memory_used)} of {amount(host.memory_limit)}"
        yield f"{bar(share, BAR, style)} {said} (this container's limit)", ""
        if host.limit_source:
            yield f"  from {host.limit_source}", "dim"
    else:
        yield f"{amount(host.memory_used)} used, no container limit", ""
    used = host.host_memory_total - host.host_memory_available
    said = f"{amount(used)} of {amount(host.host_memory_total)}"
    share = _share(used, host.host_memory_total)
    yield f"{bar(share, BAR, style)} {said} (the whole machine)", ""
    quota = f", quota {host.cpu_quota:g}" if host.cpu_quota is not None else ""
    yield f"{host.cpus} CPUs{quota}", ""


def _storage(storage: StorageSnapshot | None, style: Style) -> Iterator[Line]:
    if storage is None:
        yield "not looked at", "dim"
        return
    for volume in storage.volumes:
        yield from _volume(volume, style)


def _volume(volume: Volume, style: Style) -> Iterator[Line]:
    used = None if volume.total is None or volume.free is None else volume.total - volume.free
    line = f"{bar(_share(used, volume.total), BAR, style)} "
    line += f"{amount(volume.free)} free of {amount(volume.total)}  {volume.mount}"
    yield line, ""
    if volume.holds:
        yield f"  holds {', '.join(volume.holds)}", "dim"
    if volume.problem:
        yield f"  {volume.problem}", "bold red"
    elif volume.writable is False:
        yield "  read-only", "yellow"


def _results(report: Report, style: Style) -> Iterator[Text]:
    results = [r for r in report.results if r.component == COMPONENT]
    for result in sorted(results, key=lambda r: (-r.status.gravity, r.code)):
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(f"  {WORDS[result.status]:<5} ", COLOURS[result.status])
        said = result.reason if result.status in UNLOOKED else result.title
        yield text.append(style.plain(f"{result.code} {said}"))
    if not results:
        yield Text("  no check judged the machine", "dim")


def _share(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole
