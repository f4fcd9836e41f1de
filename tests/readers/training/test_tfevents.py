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


def test_wall_times_by_step(runs_of, points) -> None:
    data = VERSION + scalar("a/loss", 1, 0.5) + scalar("b/loss", 1, 0.4) + scalar("a/loss", 2, 0.3)
    (run,) = runs_of(data, "events.out.tfevents.1")
    assert points(run, "timestamp") == [(1, 1.7e9), (2, 1.7e9)]


def test_many_records_are_read_as_one_by_one(runs_of) -> None:
    tags = ["loss", "val/loss", "acc", "layer.10/norm", "layer.11/norm"]
    data = VERSION + b"".join(
        (tensor if t % 2 else scalar)(tag, step, step + t / 10)
        for step in range(400)
        for t, tag in enumerate(tags)
    )
    (run,) = runs_of(data, "events.out.tfevents.1")
    for t, tag in enumerate(tags):
        (curve,) = (c for c in run.curves.values() if c.original == tag)
        assert list(curve.steps) == list(range(400))
        assert list(curve.values) == pytest.approx([step + t / 10 for step in range(400)], rel=1e-6)
        assert list(curve.lines) == [2 + step * len(tags) + t for step in range(400)]


def test_several_values_in_one_event(runs_of) -> None:
    value = b"".join(
        field(1, field(1, tag) + b"\x15" + struct.pack("<f", 0.5)) for tag in (b"loss", b"val_loss")
    )
    data = VERSION + b"".join(record(b"\x10" + varint(n) + field(5, value)) for n in range(1, 40))
    (run,) = runs_of(data, "events.out.tfevents.1")
    assert {name: len(c) for name, c in run.curves.items()} == {"train_loss": 39, "val_loss": 39}


def test_a_wrong_length_is_passed_over_and_reading_goes_on(read_log) -> None:
    bad = bytearray(scalar("loss", 2, 0.4))
    bad[1] ^= 0x40
    bad[-6] ^= 1
    data = VERSION + scalar("loss", 1, 0.5) + bytes(bad)
    data += b"".join(scalar("loss", n, 0.3) for n in range(3, 100))
    reading = read_log(data, "events.out.tfevents.1")
    assert "record 3: the checksum of its length" in reading.problem
    assert list(reading.artifacts[0].curves["train_loss"].steps) == [1, *range(3, 100)]


def test_a_wrong_checksum_of_a_sane_length_keeps_the_record(read_log) -> None:
    bad = bytearray(scalar("loss", 2, 0.4))
    bad[9] ^= 1
    reading = read_log(VERSION + scalar("loss", 1, 0.5) + bytes(bad), "events.out.tfevents.1")
    assert "length" in reading.problem
    assert list(reading.artifacts[0].curves["train_loss"].steps) == [1, 2]


def test_arguments_of_transformers_are_the_configuration(read_log) -> None:
    text = b'{"learning_rate": 5e-05, "max_steps": 1000, "num_train_epochs": 3}'
    summary = field(1, b"args/text_summary") + field(8, b"\x08\x07" + field(8, text))
    reading = read_log(VERSION + event(0, summary), "events.out.tfevents.1")
    run, config = reading.artifacts
    assert run.planned_steps == 1000
    assert (config.format, config.values["learning_rate"]) == ("training-arguments", 5e-5)


def test_settings_of_the_hparams_plugin(read_log) -> None:
    number = b"\x11" + struct.pack("<d", 0.01)
    session = field(1, field(1, b"lr") + field(2, number))
    session += field(1, field(1, b"opt") + field(2, field(3, b"adam")))
    plugin = field(1, field(1, b"hparams") + field(2, field(3, session)))
    data = VERSION + event(0, field(1, b"_hparams_/session_start_info") + field(9, plugin))
    config = read_log(data, "events.out.tfevents.1").artifacts[1]
    assert dict(config.values) == {"lr": 0.01, "opt": "adam"}
