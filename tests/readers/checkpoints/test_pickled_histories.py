"""Histories that a script pickled: read from opcodes, never built."""

import pickle
from collections import OrderedDict, defaultdict

import numpy as np
import pytest

from ml_debugger.artifacts import Checkpoint, TrainingRun
from ml_debugger.readers.opening import open_file

LISTS = {"loss": [3.0, 2.0, 1.0], "val_loss": [np.float32(n) for n in (3.0, 2.5, 2.25)]}
GATHERED = defaultdict(list, {"loss": [3.0, 2.0, 1.0], "val_loss": [3.0, 2.5, 2.25]})
ARRAYS = {"params": {"epochs": 9}, "history": {n: np.array(v) for n, v in GATHERED.items()}}
BOOSTED = {"train": OrderedDict(rmse=[3.0, 2.0, 1.0]), "eval": OrderedDict(rmse=[3.0, 2.5, 2.25])}


@pytest.mark.parametrize("history", [LISTS, GATHERED, ARRAYS, BOOSTED])
@pytest.mark.parametrize("protocol", [4, 5])
def test_histories(write, history, protocol) -> None:
    path = write("history.pkl", pickle.dumps(history, protocol))
    found = open_file(path, "history.pkl", named=True)
    (run,) = (a for a in found if isinstance(a, TrainingRun))
    assert list(run.curves["train_loss"].values) == [3.0, 2.0, 1.0]
    assert list(run.curves["val_loss"].values) == [3.0, 2.5, 2.25]
    assert any(isinstance(a, Checkpoint) for a in found)


@pytest.mark.parametrize("value", [{"weights": [1.0, 2.0]}, [1, 2, 3], {"loss": "mse"}, None])
def test_other_pickles_hold_no_run(write, value) -> None:
    found = open_file(write("x.pkl", pickle.dumps(value)), "x.pkl", named=True)
    assert not [a for a in found if isinstance(a, TrainingRun)]
