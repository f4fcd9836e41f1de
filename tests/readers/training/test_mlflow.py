"""Run folders of MLflow."""

import math

import pytest

from ml_debugger.readers.reader import Unreadable
from ml_debugger.readers.training import is_run_folder, read_run_folder

META = "run_id: abc\nrun_name: bold-fox\nstatus: 3\nstart_time: 1672242471239\n"


@pytest.fixture
def folder(write, tmp_path):
    write("run/meta.yaml", META)
    write("run/metrics/val_loss", "1 0.9 0\n2 0.8 1\n3 nan 2\n4 0.")
    write("run/metrics/train/loss", "1 0.9 0\n2 1.7976931348623157e+308 1\n")
    write("run/params/model_type", "lstm")
    return tmp_path / "run"


def test_metrics_become_curves(folder, points) -> None:
    run, config = read_run_folder(folder, "mlruns/0/abc").artifacts
    assert (config.format, config.values) == ("mlflow-params", {"model_type": "lstm"})
    assert run.subject == "mlruns/0/abc"
    assert points(run, "val_loss")[:2] == [(0, 0.9), (1, 0.8)]
    assert math.isnan(run.curves["val_loss"].values[2])
    assert run.curves["train_loss"].values[1] == math.inf
    assert (run.finished, run.model, run.details["run_name"]) == (True, "lstm", "bold-fox")
    assert run.started is not None
    assert run.started.year == 2022


def test_links_are_not_followed(folder, write) -> None:
    secret = write("secret", "1 0.5 0\n")
    (folder / "metrics" / "stolen").symlink_to(secret)
    run, _ = read_run_folder(folder, "x").artifacts
    assert "stolen" not in run.curves


def test_only_a_run_is_a_run_folder(folder, tmp_path) -> None:
    assert is_run_folder(folder)
    assert not is_run_folder(tmp_path)


def test_a_folder_without_its_description_is_unreadable(tmp_path) -> None:
    with pytest.raises(Unreadable, match=r"meta\.yaml"):
        read_run_folder(tmp_path, "x")
