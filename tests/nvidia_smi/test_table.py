"""The plain table, of four driver generations."""

from __future__ import annotations

from ml_debugger.artifacts import GpuProcess
from tests.nvidia_smi.reading import MIB, card_of, output_of, sample, snapshot_of

OLD, SLICED, NEW, WINDOWS = sample("tables.txt").split("%%\n")


def test_a_table_of_2020_with_answers_that_failed() -> None:
    snapshot = snapshot_of(OLD)
    assert (snapshot.driver_version, snapshot.cuda_version) == ("440.33.01", "10.2")
    assert (snapshot.taken, snapshot.source) == ("2020-03-11T09:14:02", "nvidia-smi table")
    first, second = snapshot.devices
    assert (first.name, first.pci) == ("Tesla V100-SXM2...", "00000000:00:1E.0")
    assert (first.memory_used, first.memory_total) == (1409 * MIB, 16160 * MIB)
    assert (first.temperature, first.power_watts, first.power_limit_watts) == (39, 52, 300)
    assert (first.utilisation, first.performance, first.fan) == (17, 0, None)
    assert (first.persistence, first.ecc, first.errors.uncorrected_volatile) == (True, True, 2)
    assert (first.throttled, first.mig) == (None, None)
    assert first.processes == (GpuProcess(4711, 1397 * MIB, "python train.py"),)
    assert second.problems == ("fan speed: ERR!", "power draw: ERR!")
    assert (second.problem, second.power_watts, second.power_limit_watts) == (None, None, 250)
    assert (second.ecc, second.persistence, second.processes) == (None, False, ())


def test_mig_rows_are_slices_and_a_star_is_a_change_at_the_next_reset() -> None:
    card = card_of(SLICED)
    assert (card.mig, card.mig_pending, card.slices) == (True, False, 2)
    assert (card.memory_total, card.utilisation) == (40960 * MIB, None)
    # each slice counts its errors; the column of the card only says that ECC is on
    assert (card.ecc, card.errors.uncorrected_volatile) == (True, None)


def test_a_table_of_driver_610() -> None:
    snapshot = snapshot_of(NEW)
    assert (snapshot.driver_version, snapshot.cuda_version) == ("610.43.02", "13.3")
    (card,) = snapshot.devices
    assert (card.name, card.memory_total, card.utilisation) == ("NVIDIA H200", 143771 * MIB, 100)
    assert (card.mig, card.slices, card.errors.uncorrected_volatile) == (False, 0, 0)
    assert card.processes == (
        GpuProcess(2211, 30 * MIB, "...envs/train/bin/python"),
        GpuProcess(2954, None, "/usr/bin/desktop"),
    )


def test_a_table_of_windows_has_no_persistence() -> None:
    card = card_of(WINDOWS)
    assert (card.persistence, card.fan, card.memory_used) == (None, 38, 1296 * MIB)
    assert card.processes is None


def test_a_watch_of_the_table_is_a_history() -> None:
    later = NEW.replace("20:47:28", "20:47:38").replace("100%", " 40%")
    output = output_of(NEW + later)
    assert output.snapshot is not None
    assert output.snapshot.devices[0].utilisation == 40
    assert output.history is not None
    (series,) = output.history.series
    assert list(series.seconds) == [0, 10]
    assert list(series.utilisation) == [100, 40]
    assert (series.name, series.memory_total) == ("NVIDIA H200", 143771 * MIB)
