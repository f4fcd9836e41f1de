"""The text of -q, whole, in pieces, and in a row."""

from __future__ import annotations

from ml_debugger.artifacts import GpuErrors
from tests.nvidia_smi.reading import card_of, output_of, sample, snapshot_of

TEXT = sample("h100.q.txt")
RETIRED = """
==============NVSMI LOG==============

Timestamp                                 : Thu Mar 14 20:46:07 2024
Driver Version                            : 535.86.10
CUDA Version                              : 12.2

Attached GPUs                             : 8
GPU 00000001:00:00.0
    Retired Pages
        Single Bit ECC                    : 60
        Double Bit ECC                    : 5
        Pending Page Blacklist            : No

GPU 00000002:00:00.0
    Retired Pages
        Single Bit ECC                    : 2
        Double Bit ECC                    : 61
        Pending Page Blacklist            : Yes
"""
FRAGMENT = """\
    ECC Errors
        Volatile
            SRAM Correctable              : 4
            SRAM Uncorrectable            : 1
            DRAM Correctable              : 2
            DRAM Uncorrectable            : 0
        Aggregate
            SRAM Uncorrectable            : 5
            DRAM Uncorrectable            : 0
"""


def test_driver_610_notes_what_is_deprecated() -> None:
    note = " [Deprecated; will be removed in CUDA 14.0. Use KMD Version instead]"
    text = TEXT.replace(": 590.48.01", f": 610.43.02{note}").replace(": 13.1", f": 13.3{note}")
    assert (snapshot_of(text).driver_version, snapshot_of(text).cuda_version) == (
        *("610.43.02", "13.3"),
    )
    newer = text.replace("CUDA Version  ", "KMD Version   : 610.43.03\nCUDA Version  ")
    assert snapshot_of(newer).driver_version == "610.43.03"


def test_margins_are_no_temperatures() -> None:
    card = card_of(TEXT)
    assert (card.margin, card.slowdown_at, card.shutdown_at) == (26, None, None)


def test_page_retirement_alone_is_a_part() -> None:
    snapshot = snapshot_of(RETIRED)
    assert (snapshot.partial, snapshot.attached) == ("page retirement", 8)
    first, second = snapshot.devices
    assert first.errors == GpuErrors(retired_single=60, retired_double=5, retirement_pending=False)
    assert second.errors.retirement_pending is True
    assert (second.index, second.pci) == (1, "00000002:00:00.0")


def test_a_piece_without_a_title() -> None:
    snapshot = snapshot_of(FRAGMENT)
    (card,) = snapshot.devices
    assert (snapshot.partial, card.name) == ("ECC", "unknown")
    assert card.errors == GpuErrors(
        uncorrected_volatile=1,
        uncorrected_aggregate=5,
        corrected_volatile=6,
        sram_corrected_volatile=4,
    )


def test_an_output_cut_within_its_first_card() -> None:
    cut = TEXT[: TEXT.index("    FB Memory Usage")].replace(": 1\n", ": 8\n", 1)
    snapshot = snapshot_of(cut)
    assert (snapshot.attached, len(snapshot.devices)) == (8, 1)
    assert snapshot.partial == "1 of 8 cards"
    assert (snapshot.devices[0].memory_total, snapshot.devices[0].processes) == (None, None)


def test_labels_that_nvidia_smi_does_not_have_are_no_reasons() -> None:
    text = TEXT.replace("        HW Slowdown   ", "        Invalid HW Slowdown   ")
    assert card_of(text.replace(": Not Active", ": Active")).throttled is not None
    assert "hardware-slowdown" not in (card_of(text.replace(": Not A", ": A")).throttled or ())


def test_one_unknown_error_among_answers_is_a_problem_of_one_answer() -> None:
    text = TEXT.replace(
        "Addressing Mode                                    : None",
        "Addressing Mode : Unknown Error",
    )
    card = card_of(text)
    assert (card.problem, card.problems) == (None, ("addressing mode: Unknown Error",))
    assert card.utilisation == 100


def test_a_card_that_is_lost_while_it_is_asked() -> None:
    text = TEXT.replace(
        "GPU                                            : 100 %", "GPU : GPU is lost"
    )
    assert card_of(text).problem == "GPU is lost"


def test_mig_slices_of_a_card() -> None:
    slices = """\
    MIG Device
        Index                                          : 0
        ECC Errors
            Volatile
                SRAM Uncorrectable                     : 9
        Shared FB Memory Usage
            Total                                      : 71424 MiB
            Used                                       : 16925 MiB
"""
    text = TEXT.replace("    Driver Model\n", slices * 3 + "    Driver Model\n")
    card = card_of(text)
    assert (card.slices, card.memory_total) == (3, card_of(TEXT).memory_total)
    assert card.errors == card_of(TEXT).errors


def test_old_labels() -> None:
    text = """
==============NVSMI LOG==============
Driver Version                      : 375.66
Attached GPUs                       : 1
GPU 0000:02:00.0
    Product Name                    : Tesla P100-PCIE-16GB
    GPU Reset Status
        Reset Required              : Yes
        Drain and Reset Recommended : No
    Clocks Throttle Reasons
        Idle                        : Not Active
        HW Slowdown                 : Active
    Ecc Errors
        Volatile
            Single Bit
                Total               : 3
            Double Bit
                Total               : 1
    Retired Pages
        Pending                     : No
    Power Readings
        Power Draw                  : 28.16 W
        Power Limit                 : 250.00 W
        Enforced Power Limit        : 200.00 W
    Processes                       : None
"""
    card = card_of(text)
    assert (card.throttled, card.recovery_action) == (("hardware-slowdown",), "Reset")
    assert (card.errors.corrected_volatile, card.errors.uncorrected_volatile) == (3, 1)
    assert (card.errors.retirement_pending, card.processes) == (False, ())
    assert (card.power_watts, card.power_limit_watts) == (28.16, 200)


def test_a_log_of_several_documents_ends_with_a_cut_one() -> None:
    later = TEXT.replace("08:12:53", "08:13:53").replace("59 C", "61 C")
    cut = later[: later.index("GPU 00000000")]
    output = output_of(TEXT + later + cut)
    assert output.snapshot is not None
    assert output.snapshot.devices[0].temperature == 61
    assert output.history is not None
    assert list(output.history.series[0].seconds) == [0, 60]
    assert output.history.started == "2026-07-14T08:12:53"
