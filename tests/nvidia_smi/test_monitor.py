"""The scrolling tables of dmon and pmon, and the list of -L."""

from __future__ import annotations

import math

from ml_debugger.artifacts import GpuDevice, GpuProcess
from tests.nvidia_smi.reading import MIB, output_of, snapshot_of

DMON = """\
# gpu    pwr  gtemp  mtemp     sm    mem     fb   bar1
# Idx      W      C      C      %      %     MB     MB
    0    118     45     51     97     40   6672      4
    1     60     33      -      0      0      2      4
    0    121     46     52     99     41   6672      4
    1     61     33      -      0      0      2      4
"""
PMON = """\
# gpu         pid   type     sm    mem    enc    dec    command
# Idx           #    C/G      %      %      %      %    name
    0       11327     C     97     40      -      -    python
    0        2954     G      -      -      -      -    Xorg
    1           -     -      -      -      -      -    -
"""
LIST = """\
GPU 0: NVIDIA H200 (UUID: GPU-f165f0ad-bde2-5b72-acdf-73bbf48eeb2c)
  MIG 3g.71gb     Device  0: (UUID: MIG-f165f0ad-bde2-5b72-acdf-73bbf48eeb2c)
  MIG 3g.71gb     Device  1: (UUID: MIG-f165f0ad-bde2-5b72-acdf-73bbf48eeb2d)
Unable to determine the device handle for gpu 0000:1B:00.0: Unknown Error
GPU 2: NVIDIA H200 (UUID: GPU-f165f0ad-bde2-5b72-acdf-73bbf48eeb2e)
"""


def test_dmon_is_a_history() -> None:
    output = output_of(DMON)
    assert output.snapshot is not None
    assert output.history is not None
    assert output.snapshot.partial == "monitored columns"
    first, second = output.snapshot.devices
    assert (first.utilisation, first.memory_used, first.temperature) == (99, 6672 * MIB, 46)
    assert (first.power_watts, first.memory_temperature, second.memory_temperature) == (
        *(121, 52, None),
    )
    series = output.history.series[0]
    assert list(series.utilisation) == [97, 99]
    # dmon prints no time by itself
    assert math.isnan(series.seconds[0])


def test_dmon_with_times() -> None:
    lines = DMON.splitlines()
    timed = [
        lines[0].replace("# gpu", "#Date       Time        gpu"),
        *(f"20260914   02:21:{10 + n}   {line}" for n, line in enumerate(lines[2:])),
    ]
    output = output_of("\n".join(timed))
    assert output.history is not None
    assert output.history.started == "2026-09-14T02:21:10"
    assert list(output.history.series[0].seconds) == [0, 2]


def test_pmon_names_processes() -> None:
    first, second = snapshot_of(PMON).devices
    assert first.processes == (GpuProcess(11327, None, "python"), GpuProcess(2954, None, "Xorg"))
    assert second.processes == ()
    assert snapshot_of(PMON).partial == "processes"


def test_a_list_with_a_lost_card() -> None:
    snapshot = snapshot_of(LIST)
    assert [device.index for device in snapshot.devices] == [0, 1, 2]
    first, lost, _ = snapshot.devices
    assert (first.name, first.mig, first.slices) == ("NVIDIA H200", True, 2)
    assert lost == GpuDevice(1, "unknown", pci="0000:1B:00.0", problem="Unknown Error")
    assert snapshot.partial == "names"
