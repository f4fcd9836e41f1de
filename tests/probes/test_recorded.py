"""Snapshots go to JSON and back, and wrong records are refused by field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_debugger.artifacts import Artifact
from ml_debugger.artifacts.recorded import SCHEMAS, RecordError, from_record, to_record
from ml_debugger.readers import snapshots
from ml_debugger.readers.head import read_head
from ml_debugger.readers.reader import Unreadable
from ml_debugger.testing.twins import machine

RNG = np.random.default_rng(5)
SNAPSHOTS = [machine.gpu(RNG, 3), machine.host(RNG), machine.storage(RNG), machine.environment()]


@pytest.mark.parametrize("snapshot", SNAPSHOTS, ids=lambda s: type(s).__name__)
def test_a_snapshot_survives_the_way_through_a_file(snapshot: Artifact, tmp_path: Path) -> None:
    file = tmp_path / "taken.json"
    machine.write_snapshot(file, snapshot)
    head = read_head(file, "snapshots/taken.json")
    kind = snapshots.READER.recognise(head)
    assert kind is not None
    (read,) = snapshots.READER.read(head, kind).artifacts
    assert type(read) is type(snapshot)
    assert read.path == read.subject == "snapshots/taken.json"
    assert to_record(read) == to_record(snapshot)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(list(SCHEMAS.values())).flatmap(st.from_type))
def test_any_snapshot_survives_json(snapshot: Artifact) -> None:
    line = json.dumps(to_record(snapshot))
    assert json.dumps(to_record(from_record(json.loads(line)))) == line


def test_fields_of_a_later_version_are_left_out() -> None:
    record = {**to_record(machine.host(RNG)), "colour": "green"}
    assert from_record(record).subject == "host"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"memory_used": "much"}, "the field memory_used holds str"),
        ({"cpus": True}, "the field cpus holds bool"),
        ({"schema": "ml-debugger/host-snapshot/9"}, "names no known schema"),
    ],
)
def test_wrong_records_are_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(RecordError, match=said):
        from_record(to_record(machine.host(RNG)) | change)


def test_a_cut_file_is_unreadable(tmp_path: Path) -> None:
    file = tmp_path / "gpu.json"
    file.write_text(json.dumps(to_record(machine.gpu(RNG)))[:-20])
    head = read_head(file, "gpu.json")
    kind = snapshots.READER.recognise(head)
    assert kind is not None
    with pytest.raises(Unreadable, match="no whole JSON"):
        snapshots.READER.read(head, kind)


def test_other_json_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text('{"schema": "somebody/else/1"}')
    assert snapshots.READER.recognise(read_head(file, "other.json")) is None
