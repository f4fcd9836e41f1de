"""TensorBoard event files, written here byte by byte."""

import math
import struct

import pytest

from ml_debugger.readers.training.crc32c import crc32c, masked_crc32c


def record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    crcs = (struct.pack("<I", masked_crc32c(part)) for part in (length, data))
    return length + next(crcs) + data + next(crcs)


def varint(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def event(step: int, value: bytes) -> bytes:
    time = b"\x09" + struct.pack("<d", 1.7e9)
    return record(time + b"\x10" + varint(step) + field(5, field(1, value)))


def scalar(tag: str, step: int, value: float) -> bytes:
    return event(step, field(1, tag.encode()) + b"\x15" + struct.pack("<f", value))


def tensor(tag: str, step: int, value: float) -> bytes:
    content = b"\x08\x01" + field(4, struct.pack("<f", value))
    return event(step, field(1, tag.encode()) + field(8, content))


VERSION = record(b"\x09" + struct.pack("<d", 1.7e9) + field(3, b"brain.Event:2"))


def test_crc_of_rfc_3720() -> None:
    assert crc32c(b"\x00" * 32) == 0x8A9136AA
    assert crc32c(bytes(range(32))) == 0x46DD794E


def test_scalars_of_both_kinds(runs_of, points) -> None:
    data = VERSION + b"".join(scalar("train/loss", i, 1 / (i + 1)) for i in (0, 1, 300))
    data += tensor("val/loss", 300, 0.5)
    (run,) = runs_of(data, "events.out.tfevents.1")
    assert [step for step, _ in points(run, "train_loss")] == [0, 1, 300]
    assert points(run, "val_loss") == [(300, 0.5)]
    assert run.started is not None


def test_nan_stays_nan(runs_of) -> None:
    (run,) = runs_of(VERSION + scalar("loss", 1, math.nan), "events.out.tfevents.1")
    assert math.isnan(run.curves["train_loss"].values[0])


def test_a_tail_that_breaks_off_is_ordinary(read_log) -> None:
    data = VERSION + scalar("loss", 1, 0.5) + scalar("loss", 2, 0.4)[:-7]
    reading = read_log(data, "events.out.tfevents.1")
    assert reading.problem is None
    assert len(reading.artifacts[0].curves["train_loss"]) == 1


def test_a_wrong_checksum_is_named_and_passed_over(read_log) -> None:
    bad = bytearray(scalar("loss", 2, 0.4))
    bad[-6] ^= 1
    reading = read_log(VERSION + scalar("loss", 1, 0.5) + bad + scalar("loss", 3, 0.3), "e")
    assert "record 3" in reading.problem
    assert list(reading.artifacts[0].curves["train_loss"].steps) == [1, 3]


def test_the_folder_tells_the_set_of_keras(write) -> None:
    from ml_debugger.readers.head import read_head
    from ml_debugger.readers.training.tfevents import READER

    path = write("validation/events.out.tfevents.1", VERSION + tensor("epoch_loss", 0, 0.5))
    reading = READER.read(read_head(path, "logs/validation/events.out.tfevents.1"), "x")
    assert set(reading.artifacts[0].curves) == {"val_loss", "timestamp"}


@pytest.mark.parametrize("data", [VERSION, VERSION + record(b"\x10\x01")])
def test_a_run_without_scalars_has_no_curves(runs_of, data: bytes) -> None:
    (run,) = runs_of(data, "events.out.tfevents.1")
    assert run.curves == {}
