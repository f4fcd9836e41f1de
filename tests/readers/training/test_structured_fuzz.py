"""Structured logs and configurations, mutated: never an exception other than Unreadable."""

import json
import struct
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_debugger.artifacts import TrainingRun
from ml_debugger.readers import configurations
from ml_debugger.readers.head import read_head
from ml_debugger.readers.reader import Unreadable
from ml_debugger.readers.training import STRUCTURED, is_run_folder, read_run_folder
from ml_debugger.readers.training.crc32c import masked_crc32c


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    crcs = [struct.pack("<I", masked_crc32c(part)) for part in (length, data)]
    return length + crcs[0] + data + crcs[1]


def _event(step: int, summary: bytes) -> bytes:
    value = b"\x0a" + bytes([len(summary)]) + summary
    return _record(
        b"\x09" + struct.pack("<d", 1.7e9) + bytes([0x10, step, 0x2A, len(value)]) + value
    )


SCALAR = b"\x0a\x04loss\x15" + struct.pack("<f", 0.5)
TENSOR = b"\x0a\x04loss\x42\x0a\x08\x01\x12\x00\x22\x04" + struct.pack("<f", 0.5)
GOOD = {
    "metrics.csv": b"epoch,step,loss,val_loss,time\n0,10,0.5,,00:01\n0,20,nan,0.6,\n"
    b"1,30,-,0.5,0:02\n",
    "log.csv": b"1;0,5;0,001\n2;0,4;0,001\n3;0,3;0,0005\n",
    "long.csv": b"step,name,value\n1,loss,0.5\n2,loss,null\n3,loss,1e400\n",
    "trainer_state.json": b'{"global_step": 2, "max_steps": 2, "log_history": [{"loss": 0.5,'
    b' "step": 1, "epoch": 1}, {"eval_loss": NaN, "step": 2}]}',
    "history.json": b'{"loss": [0.5, null, 0.4], "val_loss": {"0": 1, "1": 2},'
    b' "epoch": [1, 2, 3]}',
    "evals.json": b'{"train": {"rmse": [3, 2]}, "eval": {"rmse": [3, NaN]}}',
    "catboost_training.json": b'{"meta": {"learn_metrics": [{"name": "RMSE"}],'
    b' "iteration_count": 9}, "iterations": [{"learn": [0.9]}, {"learn": [0.8]}]}',
    "list.json": b'[{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": null}]',
    "m.jsonl": b'{"step": 1, "m": {"loss": 0.5}, "rank": 0, "ts": "2025-01-01T00:00:00Z"}\n'
    b'{"step": 2, "name": "loss", "value": 0.5, "rank": 1, "done": true}\n',
    "wandb-summary.json": b'{"_step": 3, "_timestamp": 1.7e9, "loss": 0.5, "val": {"loss": "NaN"}}',
    "events.out.tfevents.1": _record(b"\x09" + struct.pack("<d", 1.7e9) + b"\x1a\x0dbrain.Event:2")
    + b"".join(_event(step, SCALAR if step % 2 else TENSOR) for step in range(40)),
    "hparams.yaml": b"lr: &a 1e-3\nepochs: 3\nm: {<<: *b, x: !!python/name:os.system ''}\n"
    b"l: [1, *a]\n",
    "params.json": b'{"lr": 0.1, "epochs": 3, "deep": {"er": [1, {"a": null}]}}',
    "train.toml": b'lr = 0.1\nepochs = 3\n[m]\nx = 2020-01-01\n',
}  # fmt: skip
PIECES = st.sampled_from(
    [b"nan", b"1e999", b"-", b"\n", b"\x00", b"\xff", b"{", b"[" * 3000, b'"', b",", b";", b"epoch",
     b": ", b"&a", b"*a", b"!!", b"<<: *a", b"9" * 400, b"true", b"null", b"\t", b"- ", b"{" * 3000]
)  # fmt: skip


def read_all(content: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        head = read_head(path, name)
        for reader in (*STRUCTURED, *configurations.READERS):
            kind = reader.recognise(head)
            try:
                reading = reader.read(head, kind or "forced")
            except Unreadable:
                continue
            for run in reading.artifacts:
                if isinstance(run, TrainingRun):
                    for curve in run.curves.values():
                        assert len(curve.steps) == len(curve.values) == len(curve.lines)


@pytest.mark.parametrize("name", GOOD)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_mutated(name: str, data: st.DataObject) -> None:
    content = GOOD[name]
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        until = data.draw(st.integers(at, min(len(content), at + 30)))
        content = content[:at] + data.draw(PIECES | st.binary(max_size=4)) + content[until:]
    read_all(content, name)


_KEYS = st.sampled_from(
    ["loss", "val_loss", "train", "eval", "epoch", "lr", "meta", "iterations", "learn", "value"]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=_VALUES)
def test_any_json(document: object) -> None:
    read_all(json.dumps(document).encode(), "history.json")
    read_all(b"\n".join(json.dumps(d).encode() for d in [document] * 3), "m.jsonl")


@settings(max_examples=60, deadline=None)
@given(meta=st.binary(max_size=60), metric=st.binary(max_size=60), setting=st.binary(max_size=30))
def test_any_mlflow_run(meta: bytes, metric: bytes, setting: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("metrics", "params"):
            (folder / part).mkdir()
        (folder / "meta.yaml").write_bytes(b"run_id: x\nstatus: 3\n" + meta)
        (folder / "metrics" / "loss").write_bytes(b"1 0.5 0\n" + metric)
        (folder / "params" / "lr").write_bytes(setting)
        assert is_run_folder(folder)
        read_run_folder(folder, "run")
