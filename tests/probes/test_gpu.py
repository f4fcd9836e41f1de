"""The GPU probe against stand-ins for the driver's library."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pynvml
import pytest

from ml_debugger.artifacts import GpuDevice, GpuLinks, GpuSnapshot
from ml_debugger.nvidia_smi.names import REASONS
from ml_debugger.nvidia_smi.output import form_of, read_output
from ml_debugger.probes.gpu import take_snapshot
from ml_debugger.probes.nvml import asking, card, errors
from ml_debugger.probes.nvml.processes import Seen, see
from ml_debugger.probes.signs import signs_of_gpu
from tests.probes.nvml_stand_in import FIELDS, Nvml

SAMPLE = Path(__file__).parents[1] / "nvidia_smi" / "samples" / "h100.q.txt"
MISMATCH = "RM has detected an NVML/RM version mismatch."


def card_of(**changed: Any) -> GpuDevice:
    (device,) = take_snapshot(Nvml(**changed), ("/dev/nvidia0",)).devices
    return device


def test_nvml_and_nvidia_smi_agree_on_every_field() -> None:
    text = SAMPLE.read_text()
    form = form_of(text)
    assert form is not None
    said = read_output(text.splitlines(), form, None).snapshot
    asked = take_snapshot(Nvml(), ("/dev/nvidia0",))
    assert said is not None
    assert (asked.state, asked.driver_version, asked.cuda_version, asked.attached) == (
        *(said.state, said.driver_version, said.cuda_version, said.attached),
    )
    (one,), (other,) = asked.devices, said.devices
    # the program prints neither the links of NVLink nor the compute capability
    assert (one.connection.links, one.connection.links_down, one.connection.link_errors) == (
        *(18, 1, 1),
    )
    assert one.capability == "9.0"
    one = replace(
        one,
        capability=None,
        connection=replace(one.connection, links=None, links_down=None, link_errors=None),
    )
    for field in fields(GpuDevice):
        assert getattr(one, field.name) == getattr(other, field.name), field.name


def test_every_field_is_filled() -> None:
    missing = {f.name for f in fields(GpuDevice) if getattr(card_of(), f.name) is None}
    assert missing == {"problem", "slowdown_at", "shutdown_at", "fan"}
    older = card_of(
        nvmlDeviceGetTemperatureThreshold=lambda _, which: (95, 92)[which],
        nvmlDeviceGetFanSpeed=30,
    )
    assert (older.slowdown_at, older.shutdown_at, older.fan) == (92, 95, 30)


@pytest.mark.parametrize("code", sorted(pynvml.NVMLError._valClassMapping))
@pytest.mark.parametrize("question", ["nvmlDeviceGetMemoryInfo", "nvmlDeviceGetFanSpeed"])
def test_each_error_costs_its_own_answer(question: str, code: int) -> None:
    error = pynvml.NVMLError(code)
    device = card_of(**{question: error})
    assert device.utilisation == 100
    assert device.temperature == 59
    lost = code in (pynvml.NVML_ERROR_GPU_IS_LOST, pynvml.NVML_ERROR_RESET_REQUIRED)
    assert device.problem == (str(error) if lost else None)
    assert all(problem.endswith(str(error)) for problem in device.problems)


def test_a_failing_answer_is_named() -> None:
    device = card_of(nvmlDeviceGetFanSpeed=pynvml.NVMLError_Unknown())
    assert device.problems == ("fan speed: Unknown Error",)


def test_an_answer_of_another_form_costs_its_own_answer() -> None:
    device = card_of(nvmlDeviceGetEncoding=None, nvmlDeviceGetUUID=ValueError("no such text"))
    assert device.problems == ("UUID: ValueError: no such text",)
    assert (device.uuid, device.memory_total) == (None, 81559 * 2**20)


def test_a_card_that_only_gives_its_name_does_not_answer() -> None:
    kept = ("nvmlInit", "nvmlDeviceGetCount", "nvmlDeviceGetHandleByIndex", "nvmlDeviceGetName")
    broken = {
        name: pynvml.NVMLError_Unknown()
        for name in Nvml().answers
        if name.startswith("nvmlDeviceGet") and name not in kept
    }
    broken["nvmlDeviceGetGpuFabricInfoV"] = broken["nvmlDeviceGetGpuFabricInfo"] = _raise_unknown
    device = card_of(**broken)
    assert (device.name, device.problem) == ("NVIDIA H100 80GB HBM3", "Unknown Error")


def _raise_unknown(*_: Any) -> None:
    raise pynvml.NVMLError_Unknown()


def test_one_lost_card_leaves_the_others_seen() -> None:
    def handle(index: int) -> int:
        if index == 1:
            raise pynvml.NVMLError_GpuIsLost()
        return index

    nvml = Nvml(nvmlDeviceGetCount=3, nvmlDeviceGetHandleByIndex=handle)
    snapshot = take_snapshot(nvml, ("/dev/nvidia0",))
    assert [device.problem for device in snapshot.devices] == [None, "GPU is lost", None]
    assert [device.utilisation for device in snapshot.devices] == [100, None, 100]
    assert snapshot.attached == 3


@pytest.fixture
def forever() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_a_card_that_hangs_is_named_with_its_question(forever: threading.Event) -> None:
    def utilisation(card: int) -> SimpleNamespace:
        if card == 1:
            forever.wait()
        return SimpleNamespace(gpu=7)

    nvml = Nvml(nvmlDeviceGetCount=2, nvmlDeviceGetUtilizationRates=utilisation)
    first, second = take_snapshot(nvml, (), deadline=0.3).devices
    assert (first.utilisation, first.problem) == (7, None)
    assert second.problem is not None
    assert second.problem.startswith("no answer to the question for its utilisation within 0.")


def test_a_library_that_hangs_is_unreachable(forever: threading.Event) -> None:
    snapshot = take_snapshot(Nvml(nvmlInit=forever.wait), ("/dev/nvidia0",), deadline=0.1)
    assert (snapshot.state, snapshot.devices) == ("unreachable", ())
    assert snapshot.detail == "NVML gave no answer within 0.1 s"


@pytest.mark.parametrize(
    ("error", "signs", "state"),
    [
        (pynvml.NVMLError_LibraryNotFound(), (), "absent"),
        (pynvml.NVMLError_LibraryNotFound(), ("PCI 0000:01:00.0",), "unreachable"),
        (pynvml.NVMLError_LibRmVersionMismatch(), ("/dev/nvidia0",), "unreachable"),
        (pynvml.NVMLError_DriverNotLoaded(), ("/usr/lib64/libnvidia-ml.so.1",), "unreachable"),
        (pynvml.NVMLError_DriverNotLoaded(), (), "unreachable"),
        (OSError("wrong ELF class"), ("/dev/nvidia0",), "unreachable"),
    ],
)
def test_no_driver_and_no_answer_are_told_apart(
    error: Exception, signs: tuple[str, ...], state: str
) -> None:
    snapshot = take_snapshot(Nvml(nvmlInit=error), signs)
    assert (snapshot.state, snapshot.detail, snapshot.signs) == (state, str(error), signs)


@pytest.mark.parametrize("code", sorted(pynvml.NVMLError._valClassMapping))
def test_no_error_at_the_start_passes_for_health(code: int) -> None:
    for question in ("nvmlInit", "nvmlDeviceGetCount"):
        snapshot = take_snapshot(Nvml(**{question: pynvml.NVMLError(code)}), ("/dev/nvidia0",))
        assert (snapshot.state, snapshot.devices) == ("unreachable", ())


def program() -> GpuSnapshot:
    return GpuSnapshot("gpu", None, state="answered", devices=(GpuDevice(0, "NVIDIA H100"),))


def test_nvidia_smi_answers_where_the_library_cannot_be_loaded() -> None:
    nvml = Nvml(nvmlInit=pynvml.NVMLError_LibraryNotFound())
    snapshot = take_snapshot(nvml, ("/dev/nvidia0",), fallback=program)
    assert (snapshot.state, snapshot.source, len(snapshot.devices)) == ("answered", "nvidia-smi", 1)
    assert snapshot.signs == ("/dev/nvidia0",)
    assert "NVML Shared Library Not Found" in (snapshot.detail or "")


def test_a_program_that_cannot_answer_either_is_named_too() -> None:
    nvml = Nvml(nvmlInit=pynvml.NVMLError_LibraryNotFound())
    snapshot = take_snapshot(nvml, (), fallback=lambda: "nvidia-smi printed 'no'")
    assert snapshot.state == "unreachable"
    assert snapshot.detail == "NVML Shared Library Not Found; nvidia-smi printed 'no'"


def test_nvidia_smi_is_not_asked_where_the_driver_itself_is_wrong() -> None:
    nvml = Nvml(nvmlInit=pynvml.NVMLError_LibRmVersionMismatch())
    snapshot = take_snapshot(nvml, ("/dev/nvidia0",), fallback=program)
    assert (snapshot.state, snapshot.detail) == ("unreachable", MISMATCH)


def test_mig_slices_are_counted() -> None:
    def slice_of(_: int, place: int) -> object:
        if place in (0, 3):
            return object()
        raise pynvml.NVMLError_NotFound()

    device = card_of(
        nvmlDeviceGetMigMode=[1, 0],
        nvmlDeviceGetMaxMigDeviceCount=7,
        nvmlDeviceGetMigDeviceHandleByIndex=slice_of,
        nvmlDeviceGetUtilizationRates=pynvml.NVMLError_NotSupported(),
    )
    assert (device.mig, device.mig_pending, device.slices) == (True, False, 2)
    assert (device.utilisation, device.problems) == (None, ())


def test_old_drivers_and_old_cards() -> None:
    """No second version of the memory question, no event reasons, no ECC, no NVLink."""

    def memory(_: int, version: int | None = None) -> SimpleNamespace:
        if version is not None:
            raise pynvml.NVMLError_FunctionNotFound()
        return SimpleNamespace(total=100, used=40)

    device = card_of(
        nvmlDeviceGetMemoryInfo=memory,
        nvmlDeviceGetCurrentClocksEventReasons=pynvml.NVMLError_FunctionNotFound(),
        nvmlDeviceGetCurrentClocksThrottleReasons=0x1,
        nvmlDeviceGetEccMode=pynvml.NVMLError_NotSupported(),
        nvmlDeviceGetTotalEccErrors=pynvml.NVMLError_NotSupported(),
        nvmlDeviceGetRetiredPages=lambda _, cause: [1, 2] if cause else [3],
        nvmlDeviceGetNvLinkState=pynvml.NVMLError_NotSupported(),
        nvmlDeviceGetFieldValues=lambda *_: [SimpleNamespace(nvmlReturn=3)],
    )
    assert (device.memory_total, device.memory_used, device.memory_reserved) == (100, 40, None)
    assert (device.throttled, device.ecc) == (("idle",), None)
    assert (device.errors.retired_single, device.errors.retired_double) == (1, 2)
    assert (device.errors.uncorrected_volatile, device.recovery_action) == (None, None)
    assert device.connection == GpuLinks(5, 5, 16, 16, 9, None, None, None, "Completed", "Success")
    assert device.problems == ()


def test_numbers_of_nvml_are_those_of_its_header() -> None:
    """The probe asks by number; the binding has a name for each."""
    assert (
        *(pynvml.NVML_MEMORY_ERROR_TYPE_CORRECTED, pynvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED),
    ) == (errors._CORRECTED, errors._UNCORRECTED)
    assert (errors._VOLATILE, errors._AGGREGATE) == (pynvml.NVML_VOLATILE_ECC, 1)
    assert errors._SRAM == pynvml.NVML_MEMORY_LOCATION_SRAM
    assert errors._DOUBLE == pynvml.NVML_PAGE_RETIREMENT_CAUSE_DOUBLE_BIT_ECC_ERROR
    assert (
        *(pynvml.NVML_TEMPERATURE_THRESHOLD_SHUTDOWN, pynvml.NVML_TEMPERATURE_THRESHOLD_SLOWDOWN),
    ) == (card._SHUTDOWN, card._SLOWDOWN)
    assert tuple(name for name, _ in pynvml.c_nvmlValue_t._fields_) == asking._VALUES
    assert REASONS["display_clocks_setting"] == "display-clocks"
    assert 1 << (len(REASONS) - 1) == pynvml.nvmlClocksEventReasonDisplayClockSetting


@pytest.mark.parametrize(("action", "name"), [(0, "None"), (2, "Reboot"), (3, "Drain P2P")])
def test_recovery_actions_have_the_names_of_nvidia_smi(
    action: int, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FIELDS, pynvml.NVML_FI_DEV_GET_GPU_RECOVERY_ACTION, action)
    assert card_of().recovery_action == name


def test_processes_of_this_container_are_told_from_those_of_others(tmp_path: Path) -> None:
    for pid, target in ((11327, "/dev/nvidia0"), (40, "/dev/null"), (41, "/dev/nvidiactl")):
        folder = tmp_path / str(pid) / "fd"
        folder.mkdir(parents=True)
        (folder / "3").symlink_to(target)
    (tmp_path / "42").mkdir()
    seen = see(tmp_path)
    assert seen == Seen(frozenset({11327}), frozenset({40, 41}), frozenset({11327, 40, 41, 42}))
    snapshot = take_snapshot(Nvml(), (), seen=seen)
    assert [process.here for process in snapshot.devices[0].processes or ()] == [True, False]
    assert snapshot.users == (11327,)
    # another user's process may be the one that is meant: nobody knows
    assert seen.here(42) is None
    assert see(tmp_path / "missing") is None


def test_signs_are_files_and_display_controllers(tmp_path: Path) -> None:
    assert signs_of_gpu(tmp_path) == ()
    for name in ("dev/nvidia0", "dev/nvidia10", "dev/nvidia-uvm", "dev/nvidiactl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for slot, kind in (("0000:01:00.0", "0x030200"), ("0000:01:00.1", "0x040300")):
        device = tmp_path / "sys/bus/pci/devices" / slot
        device.mkdir(parents=True)
        (device / "vendor").write_text("0x10de\n")
        (device / "class").write_text(f"{kind}\n")
    assert signs_of_gpu(tmp_path) == (
        "/dev/nvidia0",
        "/dev/nvidia10",
        "/dev/nvidiactl",
        "PCI 0000:01:00.0",
    )
