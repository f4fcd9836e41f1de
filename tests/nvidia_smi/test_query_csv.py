"""The CSV of --query-gpu: with and without units and header, one sample and many."""

from __future__ import annotations

import math

import pytest

from ml_debugger.nvidia_smi.output import form_of
from tests.nvidia_smi.reading import MIB, card_of, output_of, snapshot_of

UNITS = """\
index, name, pci.bus_id, memory.total [MiB], memory.used [MiB], utilization.gpu [%], fan.speed [%]
0, NVIDIA A100-SXM4-80GB, 00000000:07:00.0, 81920 MiB, 1024 MiB, 97 %, [N/A]
1, NVIDIA A100-SXM4-80GB, 00000000:0A:00.0, 81920 MiB, 2 MiB, [Not Supported], [Unknown Error]
"""
LOG = """\
timestamp, index, temperature.gpu, power.draw [W], utilization.gpu [%], memory.used [MiB], \
clocks_throttle_reasons.active
2026/09/14 02:21:10.907, 0, 31, 11.98 W, 0 %, 1 MiB, 0x0000000000000001
2026/09/14 02:21:10.911, 1, 33, 12.50 W, 3 %, 9 MiB, 0x0000000000000000
2026/09/14 02:21:20.907, 0, 55, 198.04 W, 98 %, 6672 MiB, 0x0000000000000004
2026/09/14 02:21:20.912, 1, 34, [N/A], 4 %, 11 MiB, 0x0000000000000024
"""


def test_several_cards_of_one_sample() -> None:
    output = output_of(UNITS)
    assert output.history is None
    assert output.snapshot is not None
    first, second = output.snapshot.devices
    assert (first.memory_total, first.memory_used, first.utilisation) == (
        *(81920 * MIB, 1024 * MIB, 97),
    )
    assert (first.fan, first.problems, first.throttled) == (None, (), None)
    assert (second.utilisation, second.problems) == (None, ("fan speed: Unknown Error",))


def test_without_units_memory_is_in_mebibytes() -> None:
    bare = UNITS.replace(" MiB", "").replace(" %", "").replace(" [MiB]", "").replace(" [%]", "")
    assert bare != UNITS
    one, other = snapshot_of(bare), snapshot_of(UNITS)
    assert [d.memory_used for d in one.devices] == [d.memory_used for d in other.devices]


def test_repeated_samples_are_a_history_and_the_last_one_a_snapshot() -> None:
    output = output_of(LOG)
    assert output.snapshot is not None
    assert output.history is not None
    assert [d.throttled for d in output.snapshot.devices] == [
        ("software-power-cap",),
        ("software-power-cap", "software-thermal"),
    ]
    assert output.snapshot.taken == "2026-09-14T02:21:20.912000"
    first, second = output.history.series
    assert output.history.started == "2026-09-14T02:21:10.907000"
    assert list(first.seconds) == [0, 10]
    assert list(first.memory_used) == [1 * MIB, 6672 * MIB]
    assert list(second.temperature) == [33, 34]
    assert second.power_watts[0] == 12.5
    assert math.isnan(second.power_watts[1])


def test_rows_without_an_identifier_are_cards_by_their_times() -> None:
    rows = [line.split(", ") for line in LOG.splitlines()]
    anonymous = "\n".join(", ".join([row[0], *row[2:]]) for row in rows)
    output = output_of(anonymous)
    assert output.history is not None
    assert [list(series.utilisation) for series in output.history.series] == [[0, 98], [3, 4]]


def test_many_rows_without_time_and_identifier_are_one_card() -> None:
    header = "utilization.gpu [%], memory.used [MiB]\n"
    few = output_of(header + "7 %, 20 MiB\n" * 8)
    assert few.snapshot is not None
    assert (len(few.snapshot.devices), few.history) == (8, None)
    many = output_of(header + "7 %, 20 MiB\n" * 40)
    assert many.snapshot is not None
    assert many.history is not None
    assert (len(many.snapshot.devices), len(many.history.series[0].seconds)) == (1, 40)
    # nobody knows how far apart they are
    assert math.isnan(many.history.series[0].seconds[-1])


def test_a_header_that_comes_again_is_no_row() -> None:
    output = output_of(LOG + LOG.replace("02:21", "02:25"))
    assert output.history is not None
    assert [len(series.seconds) for series in output.history.series] == [4, 4]
    assert output.problem is None


def test_a_lost_card_among_good_rows() -> None:
    lost = UNITS.replace(
        "1, NVIDIA A100-SXM4-80GB, 00000000:0A:00.0, 81920 MiB, 2 MiB, [Not Supported]",
        "1, [GPU is lost], 00000000:0A:00.0, [GPU is lost], [GPU is lost], [GPU is lost]",
    )
    first, second = snapshot_of(lost).devices
    assert (first.problem, second.problem, second.name) == (None, "GPU is lost", "unknown")
    message = "Unable to determine the device handle for GPU 0000:0B:00.0: Unknown Error\n"
    *good, third = snapshot_of(UNITS + message).devices
    assert [device.problem for device in good] == [None, None]
    assert (third.index, third.problem, third.pci) == (2, "Unknown Error", "0000:0B:00.0")


def test_a_row_of_unknown_errors_is_a_card_that_does_not_answer() -> None:
    row = "2, [Unknown Error], [Unknown Error], [Unknown Error], [Unknown Error], 3, 4\n"
    device = snapshot_of(UNITS + row.replace("3, 4", "[Unknown Error], [Unknown Error]")).devices[2]
    assert device.problem == "Unknown Error"


@pytest.mark.parametrize(
    ("row", "used", "total", "load", "watts"),
    [
        ("NVIDIA H100, 5 %, 1024 MiB, 81559 MiB", 1024, 81559, 5, None),
        (
            "2026/07/14 08:12:53.353, 5 %, 11 %, 81559 MiB, 1024 MiB, 99.5 W",
            1024,
            81559,
            None,
            99.5,
        ),
        (
            "GPU-ef1b2c9b-38d8-2090-2bd1-f567a3eb42a6, 10 MiB, 20 MiB, 30 MiB",
            None,
            None,
            None,
            None,
        ),
        ("00000000:07:00.0, 12.5 W, 300.00 W, P0", None, None, None, 12.5),
    ],
)
def test_without_a_header_only_what_can_mean_one_thing_is_taken(
    row: str, used: int | None, total: int | None, load: float | None, watts: float | None
) -> None:
    card = card_of(row + "\n")
    assert (card.memory_used, card.memory_total) == tuple(
        None if value is None else value * MIB for value in (used, total)
    )
    assert (card.utilisation, card.power_watts) == (load, watts)
    assert snapshot_of(row + "\n").partial == "columns without names"


@pytest.mark.parametrize(
    "text",
    [
        "epoch,loss,val_loss\n1,0.5,0.6\n",
        "timestamp,name,index\n2020-01-01,a,1\n",
        "epoch, loss, lr, step, memory.used [MiB]\n1, 2, 3, 4, 5 MiB\n",
        "date,temperature.mean,power.mean,memory.share\n2020-01-01,1,2,3\n",
        "date,close\n2026/07/14 08:12:53.353,5\n",
        "5 %, 6 %\n",
        "Name, 10 MiB\n",
    ],
)
def test_other_tables_are_left_alone(text: str) -> None:
    assert form_of(text) is None
