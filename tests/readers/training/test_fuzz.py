"""Arbitrary bytes and mutated logs: never an exception other than Unreadable, never a hang."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_debugger.artifacts import TrainingRun
from ml_debugger.readers.head import read_head
from ml_debugger.readers.reader import Unreadable
from ml_debugger.readers.training import READERS

GOOD = {
    "csv-training-log": b"epoch,step,loss,val_loss\n0,10,0.5,\n0,20,nan,0.6\n1,30,0.4,0.5\n",
    "huggingface-trainer-state": b'{"best_metric": null, "global_step": 2, "log_history": ['
    b'{"loss": 0.5, "step": 1, "epoch": 0.5},\n{"eval_loss": NaN, "step": 2}], "max_steps": 2}',
    "json-lines-training-log": b'{"event":"run_started","schema":"ml-debugger/training-log/1",'
    b'"horizon":5,"started":"2025-01-01T00:00:00Z"}\n'
    b'{"event":"round","fold":0,"step":0,"train_loss":0.5,"val_loss":0.6}\n'
    b'{"event":"fold_finished","fold":0,"prediction_std":0.1}\n',
    "json-history": b'{"loss": [0.5, NaN, 0.4], "val_loss": [0.6, null, 0.5], "epoch": [1, 2, 3]}',
    "wandb-summary": b'{"_step": 3, "_timestamp": 1.7e9, "loss": 0.5, "val": {"loss": "NaN"}}',
    "xgboost-log": b"[0]\ttrain-rmse:0.9\teval-rmse:0.8\n[1]\ttrain-rmse:0.8\teval-rmse:nan\n",
    "lightgbm-log": b"[1]\ttraining's l2: 0.9\tvalid_1's l2: 0.8\n[2]\tvalid_1's l2: 0.7 + 0.1\n",
    "catboost-log": b"0:\tlearn: 0.6\ttest: 0.7\tbest: 0.7 (0)\n1:\tlearn: 0.5\ttest: nan\n",
    "console-table": b"epoch  train_loss  valid_loss\n1  0.5  0.6\n2  0.4  nan\n",
    "console-training-log": b"Epoch 1/2\n\r 50%|## | 1/2 [0:1, loss=0.5]\r100%|##| 2/2 [loss=nan]\n"
    b"Epoch 2/2 - loss: 0.4 - val_loss: 1e309 fold 2\nFold 2\nstep [1/0] loss tensor(0.1)\n",
    "failed-rows": b'algo,status,reason\nppo,ok,\nppo,error,"KeyError: x\nmore"\n',
    "log-text": b"2024-01-02 03:04:05 ERROR no rows\nTraceback (most recent call last):\n"
    b'  File "a.py", line 3, in f\n    g()\nKeyError: 3\nCUDA out of memory\nKilled\n',
    "tensorboard-events": bytes.fromhex(
        "18000000000000004afa4a6f090000c0b1d1b7da411a0d627261696e2e4576656e743a3200000000"
    ),
}
PIECES = st.sampled_from(
    [b"nan", b"inf", b"1e999", b"-", b"\n", b"\r", b"\x00", b"\xff", b"{", b"[" * 3000, b'"', b",",
     b"epoch", b"loss=", b" / ", b"9" * 400, b"\x1b[31m", b"\b", b"|", b":", b"[0/0]", b"\xe2\x94"]
)  # fmt: skip


def read_all(content: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        head = read_head(path, name)
        for reader in READERS:
            kind = reader.recognise(head)
            try:
                reading = reader.read(head, kind or "forced")
            except Unreadable:
                continue
            for run in reading.artifacts:
                if not isinstance(run, TrainingRun):
                    continue
                for curve in run.curves.values():
                    assert len(curve.steps) == len(curve.values) == len(curve.lines)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(content=st.binary(max_size=400))
def test_arbitrary_bytes(content: bytes) -> None:
    read_all(content, "metrics.csv")


@pytest.mark.parametrize("name", GOOD)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_mutated_logs(name: str, data: st.DataObject) -> None:
    content = GOOD[name]
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        until = data.draw(st.integers(at, min(len(content), at + 30)))
        content = content[:at] + data.draw(PIECES | st.binary(max_size=4)) + content[until:]
    read_all(content, "training_log.csv")


def test_every_reader_has_a_good_log() -> None:
    assert set(GOOD) == {reader.name for reader in READERS}
