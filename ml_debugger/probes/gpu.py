"""Probe of the GPUs: asks the NVIDIA driver through NVML. Runs as a child process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

from ml_debugger.artifacts import GpuDevice, GpuSnapshot
from ml_debugger.nvidia_smi.card import UNNAMED
from ml_debugger.probes import nvidia_smi_command
from ml_debugger.probes.child import answer, now
from ml_debugger.probes.nvml.asking import Asking, cuda_version, name_of, text_of
from ml_debugger.probes.nvml.card import device_of
from ml_debugger.probes.nvml.processes import Seen, see
from ml_debugger.probes.signs import signs_of_gpu

DEADLINE = 12.0
"""Seconds after which cards that did not answer are reported as such: below the time that a run
gives its probes, so that the others are reported at all."""

_OTHER_WAY = ("LibraryNotFound", "FunctionNotFound", "Uninitialized", "OperatingSystem")
"""Errors of NVML beside which nvidia-smi may still answer: it finds its library on its own."""

Fallback = Callable[[], GpuSnapshot | str | None]


def take_snapshot(
    nvml: ModuleType | Any,
    signs: tuple[str, ...],
    *,
    seen: Seen | None = None,
    fallback: Fallback = lambda: None,
    deadline: float = DEADLINE,
) -> GpuSnapshot:
    """Ask the driver. `nvml` is the module `pynvml`; `signs` what speaks for a card.

    `fallback` asks nvidia-smi; it is used where NVML cannot be opened in a way that concerns
    this process alone. Each card is asked on a thread of its own, so that one that hangs in the
    driver is reported with its question while the others are reported whole.
    """
    end = time.monotonic() + deadline
    found = _in_time(lambda: _open(nvml), deadline)
    if found is None:
        known = {"detail": f"NVML gave no answer within {deadline:g} s"}
        return _snapshot("unreachable", signs, seen, **known)
    if isinstance(found, Exception):
        return _unopened(nvml, found, signs, seen, fallback)
    count, driver, cuda = found
    devices = _devices(nvml, count, seen, end)
    return _snapshot(
        "answered",
        signs,
        seen,
        devices=devices,
        driver_version=driver,
        cuda_version=cuda,
        attached=count,
        source="nvml",
    )


def _open(nvml: Any) -> tuple[int, str | None, str | None]:
    nvml.nvmlInit()
    return (
        int(nvml.nvmlDeviceGetCount()),
        _asked(nvml, nvml.nvmlSystemGetDriverVersion, name_of),
        _asked(nvml, nvml.nvmlSystemGetCudaDriverVersion_v2, cuda_version),
    )


def _unopened(
    nvml: Any, error: Exception, signs: tuple[str, ...], seen: Seen | None, fallback: Fallback
) -> GpuSnapshot:
    detail = text_of(error)
    kinds = tuple(getattr(nvml, f"NVMLError_{name}", NotImplementedError) for name in _OTHER_WAY)
    other_way = not isinstance(error, nvml.NVMLError) or isinstance(error, kinds)
    said = fallback() if other_way else None
    if isinstance(said, GpuSnapshot):
        note = f"by nvidia-smi, since NVML could not be asked: {detail}"
        detail = f"{said.detail}; {note}" if said.detail else note
        return replace(
            said, signs=signs, taken=now(), detail=detail, source="nvidia-smi", users=_users(seen)
        )
    missing = "library" in detail.lower() and "not found" in detail.lower()
    state = "absent" if not signs and missing and said is None else "unreachable"
    return _snapshot(state, signs, seen, detail=f"{detail}; {said}" if said else detail)


def _snapshot(state: str, signs: tuple[str, ...], seen: Seen | None, **known: Any) -> GpuSnapshot:
    return GpuSnapshot(
        subject="gpu",
        path=None,
        state=state,
        signs=signs,
        taken=now(),
        users=_users(seen),
        **known,
    )


def _users(seen: Seen | None) -> tuple[int, ...] | None:
    return None if seen is None else tuple(sorted(seen.users))


def _devices(nvml: Any, count: int, seen: Seen | None, end: float) -> tuple[GpuDevice, ...]:
    """All cards side by side; what a card said by the end stands, a silent one is named."""
    started = time.monotonic()
    asked: list[Asking | None] = [None] * count
    devices: list[GpuDevice | None] = [None] * count

    def ask(index: int) -> None:
        try:
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
        except nvml.NVMLError as error:
            devices[index] = GpuDevice(index=index, name=UNNAMED, problem=text_of(error))
            return
        asking = asked[index] = Asking(nvml, handle)
        devices[index] = device_of(asking, index, seen)

    threads = [threading.Thread(target=ask, args=(index,), daemon=True) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    waited = time.monotonic() - started
    return tuple(
        device or _silent(index, asking, waited)
        for index, (device, asking) in enumerate(zip(devices, asked, strict=True))
    )


def _silent(index: int, asking: Asking | None, waited: float) -> GpuDevice:
    question = asking.asked if asking else "handle"
    problem = f"no answer to the question for its {question} within {waited:.1f} s"
    return GpuDevice(index=index, name=UNNAMED, problem=problem)


def _in_time(question: Callable[[], Any], seconds: float) -> Any:
    """The answer or the error of a question, None where neither came in time."""
    answers: list[Any] = []

    def ask() -> None:
        try:
            answers.append(question())
        except Exception as error:  # noqa: BLE001  handed to the caller, who reports it
            answers.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return answers[0] if answers else None


def _asked(nvml: Any, question: Callable[[], Any], read: Callable[[Any], str]) -> str | None:
    try:
        return read(question())
    except nvml.NVMLError:
        return None


def _by_program() -> GpuSnapshot | str | None:
    program = nvidia_smi_command.find()
    return None if program is None else nvidia_smi_command.ask(program)


def main() -> None:
    """Take the snapshot of this machine and print it."""
    import pynvml

    answer(take_snapshot(pynvml, signs_of_gpu(), seen=see(), fallback=_by_program))


if __name__ == "__main__":
    main()
