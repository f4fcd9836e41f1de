"""What lies together with models: states to resume from, runs, other families, scalers."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from checks.checkpoints.legacy_format import legacy_format
from checks.checkpoints.missing_scaler import missing_scaler
from checks.checkpoints.missing_training_state import missing_training_state
from checks.checkpoints.no_valid_checkpoint import no_valid_checkpoint
from checks.checkpoints.orphan_temporary import orphan_temporary
from checks.checkpoints.stale_artifact import stale_artifact
from ml_debugger.testing.faults.model_folders import lightgbm_text
from ml_debugger.testing.plant import faults
from ml_debugger.testing.torch_file import torch_zip
from ml_debugger.testing.xgboost_file import model_bytes
from tests.checks.folder_judging import found, judged, said

DAY = 86_400.0
START = 1.7e9
WEIGHTS = {"body.weight": np.ones((8, 12), "f4"), "head.weight": np.ones((1, 8), "f4")}
ADAM = {"state": {0: {"exp_avg": np.ones((8, 12), "f4")}}, "param_groups": [{"params": [0, 1]}]}
SCHEDULE = {"last_epoch": 3, "_step_count": 4, "base_lrs": [0.1]}
FULL = {"epoch": 1, "model": WEIGHTS, "optimizer": ADAM, "scheduler": SCHEDULE}
BARE = {"epoch": 1, "model": WEIGHTS}
FEATURES = ("momentum_20", "rsi_14", "volume_ratio_20")

Write = Callable[[str, "str | bytes"], Path]


def put(write: Write, name: str, content: Mapping[str, Any] | str | bytes, day: float = 0) -> Path:
    raw = content if isinstance(content, str | bytes) else torch_zip(content)
    file = write(name, raw)
    os.utime(file, (START + DAY * day,) * 2)
    return file


@pytest.mark.parametrize(
    "check",
    [missing_training_state, no_valid_checkpoint, stale_artifact, missing_scaler, legacy_format,
     orphan_temporary],
)  # fmt: skip
def test_the_planted_fault_and_the_twin(check: Any, twin: Path) -> None:
    assert said(check, twin) == "pass"
    faults()[check.name].plant(twin, np.random.default_rng(3))
    assert len(found(judged(check, twin))) == 1


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ({"e1.pt": FULL, "e2.pt": FULL, "e3.pt": FULL}, "pass"),
        ({"e1.pt": FULL, "e2.pt": FULL, "e3.pt": BARE}, "fail"),
        ({"e1.pt": FULL, "e2.pt": FULL, "e3.pt": {**FULL, "scheduler": None}}, "warn"),
        # old saves that were stripped, runs of weights alone, the best beside full saves
        ({"e1.pt": BARE, "e2.pt": BARE, "e3.pt": FULL}, "skip"),
        ({"e1.pt": BARE, "e2.pt": BARE, "last.pt": BARE}, "skip"),
        ({"e1.pt": FULL, "e2.pt": FULL, "best.pt": WEIGHTS}, "pass"),
        ({"model.pt": WEIGHTS}, "skip"),
        # what names say
        ({"e1.pt": FULL, "last.pt": BARE}, "fail"),
        ({"best.pt": BARE, "last.pt": {"epoch": -1, "model": WEIGHTS, "optimizer": None}}, "skip"),
        ({"resume.pt": BARE}, "fail"),
        ({"resume.pt": {"model": WEIGHTS, "optimizer": ADAM}}, "pass"),
    ],
)
def test_states_to_resume_from(
    files: dict[str, Any], status: str, write: Write, tmp_path: Path
) -> None:
    for day, (name, content) in enumerate(files.items()):
        put(write, name, content, day)
    assert said(missing_training_state, tmp_path) == status


def test_optimizers_in_files_of_their_own(write: Write, tmp_path: Path) -> None:
    for day, step in enumerate((500, 1000, 1500)):
        put(write, f"run/checkpoint-{step}/pytorch_model.bin", WEIGHTS, day)
        put(write, f"run/checkpoint-{step}/optimizer.pt", ADAM, day)
    assert said(missing_training_state, tmp_path) == "pass"
    (tmp_path / "run/checkpoint-1500/optimizer.pt").unlink()
    (result,) = found(judged(missing_training_state, tmp_path))
    assert result.title.startswith("checkpoint-1500 keeps no optimizer")


@pytest.mark.parametrize(
    ("setting", "status"),
    [("save_weights_only: false", "fail"), ("save_weights_only: true", "skip"),
     ("save_optimizer: true", "fail"), ("seed: 1", "skip")],
)  # fmt: skip
def test_what_the_configuration_promises(
    setting: str, status: str, write: Write, tmp_path: Path
) -> None:
    put(write, "run/checkpoints/model.pt", BARE)
    write("run/hparams.yaml", f"lr: 0.1\nepochs: 3\nmodel: mlp\n{setting}\n")
    assert said(missing_training_state, tmp_path) == status


LOG = "epoch,loss,val_loss\n" + "".join(f"{n},{0.5 / n},{0.6 / n}\n" for n in range(1, 9))
NAN = {"model": {**WEIGHTS, "body.weight": np.full((8, 12), np.nan, "f4")}}


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ({"checkpoints/a.pt": WEIGHTS, "checkpoints/b.pt": b"PK\x03\x04"}, "pass"),
        ({"checkpoints/a.pt": b"", "checkpoints/b.pt": b"<html>"}, "fail"),
        ({"checkpoints/a.pt": NAN}, "fail"),
        # a broken scaler is no model, and a sound one does not stand for it
        ({"checkpoints/a.pt": WEIGHTS, "checkpoints/scaler.pkl": b""}, "pass"),
        ({"checkpoints/a.pt": b"", "checkpoints/optimizer.pt": ADAM}, "fail"),
        ({}, "nothing"),
        ({"checkpoints/.gitkeep": b""}, "nothing"),
        ({"checkpoints/checkpoints.json": b'{"checkpoints": [{"file": "a.pt"}]}'}, "fail"),
    ],
)
def test_what_a_finished_run_left(
    files: dict[str, Any], status: str, write: Write, tmp_path: Path
) -> None:
    write("run/metrics.csv", LOG)
    for name, content in files.items():
        put(write, f"run/{name}", content)
    assert said(no_valid_checkpoint, tmp_path / "run") == status


def test_an_empty_folder_for_checkpoints(write: Write, tmp_path: Path) -> None:
    write("run/metrics.csv", LOG)
    (tmp_path / "run/checkpoints").mkdir()
    (result,) = found(judged(no_valid_checkpoint, tmp_path))
    assert result.title == "checkpoints/ was made for the run's models and is empty"


def test_models_without_a_run_and_files_named_alone(write: Write, tmp_path: Path) -> None:
    broken = put(write, "checkpoints/a.pt", b"")
    assert said(no_valid_checkpoint, tmp_path) == "skip"
    log = write("metrics.csv", LOG)
    assert said(no_valid_checkpoint, tmp_path) == "fail"
    assert said(no_valid_checkpoint, broken, log) == "skip"


def xgb(features: tuple[str, ...] = FEATURES) -> bytes:
    return model_bytes(features, 4, np.random.default_rng(1))


def lgb(features: tuple[str, ...] = FEATURES) -> str:
    return lightgbm_text(features, 4, np.random.default_rng(1))


@pytest.mark.parametrize(
    ("files", "config", "status"),
    [
        ({"xgb_reg.ubj": (xgb(), 9), "lgb_reg.txt": (lgb(), 9)}, "", "pass"),
        # other features: days older is stale, one batch is not, and age alone is not
        ({"xgb_reg.ubj": (xgb(), 9), "lgb_reg.txt": (lgb(FEATURES[:2]), 0)}, "", "warn"),
        ({"xgb_reg.ubj": (xgb(), 9), "lgb_reg.txt": (lgb(FEATURES[:2]), 8.5)}, "", "pass"),
        ({"xgb_reg.ubj": (xgb(), 9), "lgb_reg.txt": (lgb(), 0)}, "", "pass"),
        # other purposes and numbered versions have features of their own
        ({"xgb_price.ubj": (xgb(), 9), "lgb_risk.txt": (lgb(FEATURES[:2]), 0)}, "", "pass"),
        ({"xgb_v2.ubj": (xgb(), 9), "xgb_v1.ubj": (xgb(FEATURES[:2]), 0)}, "", "pass"),
        # what the configuration switches off
        ({"xgb_reg.ubj": (xgb(), 9), "lgb_reg.txt": (lgb(), 8)}, "no_lgb: true", "fail"),
        ({"xgb_reg.ubj": (xgb(), 9), "lgb_reg.txt": (lgb(), 8)}, "no_lgb: false", "pass"),
        ({"xgb_reg.ubj": (xgb(), 9), "lgb_reg.txt": (lgb(), 8)}, "use_lightgbm: false", "fail"),
        ({"xgb_reg.ubj": (xgb(), 8), "lgb_reg.txt": (lgb(), 9)}, "no_lgb: true", "pass"),
    ],
)
def test_leftovers_of_other_models(
    files: dict[str, Any], config: str, status: str, write: Write, tmp_path: Path
) -> None:
    for name, (content, day) in files.items():
        put(write, f"models/{name}", content, day)
    write("models/hparams.yaml", f"max_depth: 4\nlearning_rate: 0.1\nn_estimators: 400\n{config}\n")
    assert said(stale_artifact, tmp_path) == status


def test_models_that_the_index_does_not_list(write: Write, tmp_path: Path) -> None:
    index = {"checkpoints": [{"file": "fold-0.ubj"}, {"file": "fold-1.ubj"}]}
    write("checkpoints.json", json.dumps(index))
    for name, day in (("fold-0", 9), ("fold-1", 9), ("final", 9), ("fold-2", 8.5)):
        put(write, f"{name}.ubj", xgb(), day)
    assert said(stale_artifact, tmp_path) == "pass"
    put(write, "fold-3.ubj", xgb(), 2)
    (result,) = found(judged(stale_artifact, tmp_path))
    assert (str(result.status), str(result.path)[-10:]) == ("warn", "fold-3.ubj")


def scaler(width: int) -> str:
    names = [f"f_{n}" for n in range(width)]
    return json.dumps({"feature_names": names, "mean_": [0.5] * width, "scale_": [2.0] * width})


def lstm(inputs: int = 12) -> dict[str, Any]:
    shapes = {
        "lstm.weight_ih_l0": (32, inputs),
        "lstm.weight_hh_l0": (32, 8),
        "head.weight": (1, 8),
    }
    return {name: np.ones(shape, "f4") for name, shape in shapes.items()}


NORMED = {"norm.weight": np.ones(12, "f4"), "norm.running_mean": np.ones(12, "f4"), **lstm()}


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ({"lstm.pt": lstm(), "scaler.json": scaler(12)}, "pass"),
        ({"lstm.pt": lstm(), "scaler.json": scaler(14)}, "fail"),
        ({"lstm.pt": lstm(), "scaler.json": scaler(9)}, "warn"),
        # a window of 20 steps laid flat, the scaler of the target, univariate windows
        ({"mlp.pt": {"0.weight": np.ones((8, 240), "f4")}, "scaler.json": scaler(12)}, "pass"),
        ({"lstm.pt": lstm(), "y_scaler.json": scaler(3)}, "skip"),
        ({"cnn.pt": {"0.weight": np.ones((8, 1, 5), "f4")}, "scaler.json": scaler(12)}, "skip"),
        # the scaler of another model; what is no network; a stack of many kinds
        ({"lstm.pt": lstm(), "gru.pt": lstm(), "lstm_scaler.json": scaler(12)}, "warn"),
        ({"lstm.pt": lstm(), "gru.pt": lstm(), "lstm_scaler.json": scaler(12),
          "gru_scaler.json": scaler(12)}, "pass"),
        ({"xgb.ubj": xgb(), "scaler.json": scaler(5)}, "skip"),
        ({"xgb.ubj": xgb(), "lstm.pt": lstm(), "scaler.json": scaler(5)}, "skip"),
        # nothing says that inputs were scaled; a form that is not known
        ({"lstm.pt": lstm()}, "skip"),
        ({"lstm.pt": lstm(), "hparams.yaml": "lr: 0.1\nepochs: 3\nscaler: standard\n"}, "fail"),
        ({"lstm.pt": lstm(), "hparams.yaml": "lr: 0.1\nepochs: 3\nscaler: none\n"}, "skip"),
        ({"lstm.pt": lstm(), "hparams.yaml": "lr: 0.1\nepochs: 3\nscaler: standard\n",
          "norm_stats.bin": b"\x01\x02\x03"}, "skip"),
        # the model does it itself, or holds the statistics
        ({"m.pt": NORMED, "hparams.yaml": "lr: 0.1\nepochs: 3\nscaler: standard\n"}, "skip"),
        ({"m.pt": {"model": lstm(), "x_mean": np.ones(12, "f4")},
          "hparams.yaml": "lr: 0.1\nepochs: 3\nscaler: standard\n"}, "skip"),
    ],
)  # fmt: skip
def test_scalers(files: dict[str, Any], status: str, write: Write, tmp_path: Path) -> None:
    for name, content in files.items():
        put(write, f"models/{name}", content)
    assert said(missing_scaler, tmp_path) == status


def test_a_run_without_the_scaler_that_two_beside_it_have(write: Write, tmp_path: Path) -> None:
    for run in ("a", "b", "c"):
        put(write, f"runs/{run}/checkpoints/best.pt", lstm())
    put(write, "runs/a/scaler.json", scaler(12))
    assert said(missing_scaler, tmp_path) == "pass"
    put(write, "runs/b/scaler.json", scaler(12))
    (result,) = found(judged(missing_scaler, tmp_path))
    assert str(result.path).endswith("runs/c/checkpoints")


def test_old_forms_are_told_from_those_of_today(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    net = torch.nn.Sequential(torch.nn.Linear(2, 1))
    for name, content, new, status in (
        ("state.pt", net.state_dict(), True, "pass"),
        ("old.pt", net.state_dict(), False, "warn"),
        ("module.pt", net, True, "warn"),
        ("inner.pt", {"model": net}, True, "warn"),
        ("settings.pt", {"hparams": {"loss": torch.nn.MSELoss()}, "s": net.state_dict()}, True,
         "pass"),
    ):  # fmt: skip
        file = tmp_path / name
        torch.save(content, file, _use_new_zipfile_serialization=new)
        assert said(legacy_format, file) == status, name
    cut = tmp_path / "cut.pt"
    cut.write_bytes((tmp_path / "old.pt").read_bytes()[:200])
    assert said(legacy_format, cut) == "skip"


def test_a_form_that_is_refused_names_the_way_out(twin: Path) -> None:
    faults()["legacy-format"].plant(twin, np.random.default_rng(1))
    (result,) = found(judged(legacy_format, twin))
    assert (str(result.status), result.evidence[1].name) == ("fail", "convert")


def now_minus(file: Path, seconds: float) -> Path:
    moment = file.parent.stat().st_ctime - seconds
    os.utime(file, (moment, moment))
    return file


@pytest.mark.parametrize(
    ("name", "age", "status"),
    [
        ("a.pt.tmp", 2 * DAY, "warn"),
        (".a.pt.Xy12Ab", 2 * DAY, "warn"),
        ("tmpab12cd34", 2 * DAY, "warn"),
        ("a.safetensors.part", 2 * DAY, "warn"),
        ("a.pt.tmp", 3600, "pass"),
        ("a.pt.bak", 2 * DAY, "pass"),
        ("a.pt~", 2 * DAY, "pass"),
        (".a.pt.swp", 2 * DAY, "pass"),
        ("a_tmp.pt", 2 * DAY, "pass"),
    ],
)
def test_leftovers(name: str, age: float, status: str, write: Write, tmp_path: Path) -> None:
    put(write, "models/a.pt", WEIGHTS)
    now_minus(write(f"models/{name}", torch_zip(WEIGHTS)[:500]), age)
    assert said(orphan_temporary, tmp_path) == status


def test_a_leftover_alone_and_other_temporary_files(write: Write, tmp_path: Path) -> None:
    now_minus(write("data/prices.parquet.tmp", b"PAR1"), 2 * DAY)
    assert said(orphan_temporary, tmp_path) == "nothing"
    now_minus(write("data/model.ckpt.tmp", b"PK"), 2 * DAY)
    assert [str(r.path)[-14:] for r in found(judged(orphan_temporary, tmp_path))] == [
        "model.ckpt.tmp"
    ]


def test_a_leftover_that_is_open_or_whole(write: Write, tmp_path: Path) -> None:
    put(write, "a.pt", WEIGHTS)
    file = now_minus(write("b.pt.tmp", torch_zip(WEIGHTS)), 2 * DAY)
    (result,) = found(judged(orphan_temporary, tmp_path))
    assert result.title.endswith("it is whole and the newest, look first")
    with file.open("rb"):
        assert said(orphan_temporary, tmp_path) == "pass"
