"""Files that hold an output of nvidia-smi, opened like any other file."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from ml_debugger.artifacts import (
    FileRead,
    GpuHistory,
    GpuSnapshot,
    PriceTable,
    TrainingRun,
    Unrecognised,
)
from ml_debugger.readers.gpu import lines
from ml_debugger.readers.opening import open_file
from ml_debugger.runtime.description import describe

SAMPLES = Path(__file__).parents[2] / "nvidia_smi" / "samples"
LOG = "timestamp, index, utilization.gpu [%], memory.used [MiB]\n" + "".join(
    f"2026/09/14 02:{n // 60:02}:{n % 60:02}.000, 0, {n} %, 77 MiB\n" for n in range(90)
)


def opened(folder: Path, name: str, data: bytes) -> list[object]:
    file = folder / name
    file.write_bytes(data)
    return list(open_file(file, name, named=True))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("h100.q.txt", "GPU snapshot, 1 x NVIDIA H100 80GB HBM3"),
        ("k80.xml", "GPU snapshot, 2 x Tesla K80"),
    ],
)
def test_a_saved_output_is_a_snapshot(tmp_path: Path, name: str, words: str) -> None:
    # the name of the file decides nothing
    snapshot, read = opened(tmp_path, "notes.dat", (SAMPLES / name).read_bytes())
    assert isinstance(snapshot, GpuSnapshot)
    assert (snapshot.path, snapshot.subject) == ("notes.dat", "notes.dat")
    assert describe(snapshot) == words
    assert isinstance(read, FileRead)
    assert read.problem is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_and_line_ends(tmp_path: Path, encoding: str) -> None:
    text = (SAMPLES / "h100.q.txt").read_text().replace("\n", "\r\n")
    snapshot, _ = opened(tmp_path, "smi.txt", text.encode(encoding))
    assert isinstance(snapshot, GpuSnapshot)
    assert snapshot.devices[0].temperature == 59


def test_a_log_is_a_history_too(tmp_path: Path) -> None:
    snapshot, history, _ = opened(tmp_path, "gpu.csv", LOG.encode())
    assert isinstance(snapshot, GpuSnapshot)
    assert isinstance(history, GpuHistory)
    assert describe(history) == "history of 1 GPU, 90 samples"
    assert history.path == "gpu.csv"


def test_gzip_and_gzip_that_breaks_off(tmp_path: Path) -> None:
    packed = gzip.compress(LOG.encode())
    snapshot, _, read = opened(tmp_path, "gpu.csv.gz", packed)
    assert isinstance(snapshot, GpuSnapshot)
    assert isinstance(read, FileRead)
    assert read.problem is None
    *_, read = opened(tmp_path, "cut.csv.gz", packed[:-30])
    assert isinstance(read, FileRead)
    assert "breaks off" in (read.problem or "")


def test_of_a_very_long_log_the_end_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "MAX_BYTES", 1000)
    snapshot, history, read = opened(tmp_path, "gpu.csv", LOG.encode())
    assert isinstance(snapshot, GpuSnapshot)
    assert snapshot.devices[0].utilisation == 89
    assert isinstance(history, GpuHistory)
    assert history.series[0].utilisation[-1] == 89
    assert 2 < len(history.series[0].seconds) < 60
    assert isinstance(read, FileRead)
    assert read.problem is None


def test_an_error_text_is_no_unreadable_file(tmp_path: Path) -> None:
    text = b"Failed to initialize NVML: Driver/library version mismatch\n"
    snapshot, read = opened(tmp_path, "nvidia-smi.log", text)
    assert isinstance(snapshot, GpuSnapshot)
    assert snapshot.state == "unreachable"
    assert describe(snapshot) == "GPU snapshot, driver unreachable"
    assert isinstance(read, FileRead)
    assert read.problem is None


def test_an_unsafe_document_is_unreadable(tmp_path: Path) -> None:
    text = b'<?xml version="1.0"?><!DOCTYPE nvidia_smi_log [<!ENTITY a "b">]><nvidia_smi_log/>'
    (read,) = opened(tmp_path, "smi.xml", text)
    assert isinstance(read, FileRead)
    assert "no entity is expanded" in (read.problem or "")


def test_logs_and_tables_of_other_kinds_keep_their_readers(tmp_path: Path) -> None:
    log = "epoch,loss,val_loss\n" + "".join(f"{n},{1 / (n + 1):.5f},0.5\n" for n in range(40))
    assert any(isinstance(a, TrainingRun) for a in opened(tmp_path, "log.csv", log.encode()))
    bars = "ticker,date,open,high,low,close,volume\n" + "".join(
        f"AAA,2024-01-{day:02},10,11,9,10.5,1000\n" for day in range(2, 30)
    )
    assert any(isinstance(a, PriceTable) for a in opened(tmp_path, "bars.csv", bars.encode()))
    html = b"<html><body>nvidia_smi_log</body></html>"
    (other,) = opened(tmp_path, "page.html", html)
    assert isinstance(other, Unrecognised)
