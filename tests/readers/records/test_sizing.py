"""Sizing records."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ml_debugger.artifacts import SizingRecord
from ml_debugger.readers.head import read_head
from ml_debugger.readers.records.sizing import READER

Write = Callable[[str, str | bytes], Path]
ENGINE = {
    "schema": "ml-debugger/sizing/1",
    "max_long": 1.8,
    "max_short": 0.1,
    "base_bias": 1.3,
    "breaker_drawdown": 0.25,
    "breaker_position": 0.6,
    "win_rate": 0.53,
    "win_rate_source": "hold-out",
    "kelly_fraction": 0.5,
}


def test_reads_the_engines_record(write: Write) -> None:
    head = read_head(write("sizing.json", json.dumps(ENGINE)), "sizing.json")
    assert READER.recognise(head) == "sizing-record"
    (record,) = READER.read(head, "sizing-record").artifacts
    assert isinstance(record, SizingRecord)
    assert (record.max_long, record.max_short, record.win_rate) == (1.8, 0.1, 0.53)
    assert record.win_rate_source == "hold-out"
    assert (record.breaker_drawdown, record.breaker_position) == (0.25, 0.6)


def test_a_short_limit_written_as_negative_is_a_size(write: Write) -> None:
    content = json.dumps(ENGINE | {"max_short": -0.1})
    head = read_head(write("sizing.json", content), "sizing.json")
    (record,) = READER.read(head, "sizing-record").artifacts
    assert isinstance(record, SizingRecord)
    assert record.max_short == 0.1


@pytest.mark.parametrize(
    "content", ['{"max_long": 1.8}', "[]", '{"schema": "ml-debugger/other/1"}']
)
def test_leaves_other_documents_alone(write: Write, content: str) -> None:
    head = read_head(write("other.json", content), "other.json")
    assert READER.recognise(head) is None
