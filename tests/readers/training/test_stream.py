"""Lines of any file: gzip, encodings, endless lines, broken ends."""

import gzip

import pytest

TEXT = "".join(f"Epoch {i}: loss=0.{i} val_loss=0.5{i}\n" for i in range(1, 10))


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-16"),
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        gzip.compress(TEXT.encode()),
        TEXT.encode() + b"perte finie \xe9\xe8\n",
    ],
    ids=["utf-8", "utf-16", "mark", "crlf", "cr", "gzip", "latin-1"],
)
def test_encodings_and_line_ends(runs_of, content: bytes) -> None:
    (run,) = runs_of(content)
    assert len(run.curves["train_loss"]) >= 8


def test_gzip_that_breaks_off_is_named(read_log) -> None:
    noise = "".join(f"Epoch {i}: loss=0.{i * 7919 % 9973}\n" for i in range(1, 4000))
    packed = gzip.compress(noise.encode())
    reading = read_log(packed[: len(packed) - 200], "run.log.gz")
    assert "breaks off" in reading.problem
    assert len(reading.artifacts[0].curves["train_loss"]) > 100


def test_an_endless_line_is_passed_over(runs_of) -> None:
    (run,) = runs_of(TEXT + "x" * 3_000_000 + "\n" + "Epoch 10: loss=0.1\n")
    assert run.curves["train_loss"].lines[-1] == 11
