"""Boosted models: their trees as XGBoost, LightGBM and CatBoost write them."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_debugger.artifacts import BoosterModel, Checkpoint
from ml_debugger.readers.checkpoints import READERS
from ml_debugger.readers.head import read_head
from ml_debugger.testing.xgboost_file import model_bytes

NAMES = ("momentum_20", "rsi_14", "volume_ratio_20")
LIGHTGBM = """tree
version=v4
num_class=1
num_tree_per_iteration=1
max_feature_idx=2
objective=regression
feature_names=momentum_20 rsi_14 volume_ratio_20
tree_sizes=90 60

Tree=0
num_leaves=4
split_feature=1 0 1
split_gain=10 2.5 4
leaf_value=0.1 0.2 0.3 0.4

Tree=1
num_leaves=1
split_feature=
split_gain=
leaf_value=0.1

end of trees

feature_importances:
rsi_14=2

parameters:
[boosting: gbdt]
[min_data_in_leaf: 20]
end of parameters
"""


def read(file: Path) -> list[BoosterModel]:
    head = read_head(file, file.name)
    for reader in READERS:
        if (kind := reader.recognise(head)) is not None:
            found = reader.read(head, kind).artifacts
            assert isinstance(found[0], Checkpoint)
            return [one for one in found if isinstance(one, BoosterModel)]
    raise AssertionError(f"no reader takes {file.name}")


def write(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def test_a_model_of_our_own_hand(tmp_path: Path) -> None:
    content = model_bytes(NAMES, 6, np.random.default_rng(1))
    (model,) = read(write(tmp_path, "m.ubj", content))
    assert (model.format, model.features, model.width) == ("xgboost-ubj", NAMES, 3)
    assert (len(model.trees), model.rounds, model.best_round) == (6, 6, None)
    assert {tree.leaves for tree in model.trees} == {4}
    assert set(model.trees[0].gain) == set(NAMES)
    assert model.objective == "reg:squarederror"
    single = model_bytes(NAMES, 2, np.random.default_rng(1), splits=False)
    (model,) = read(write(tmp_path, "s.ubj", single))
    assert [tree.leaves for tree in model.trees] == [1, 1]


def test_lightgbm_text_plain_and_inside_a_pickle(tmp_path: Path) -> None:
    wrapped = pickle.dumps({"model": {"_handle": LIGHTGBM + "pandas_categorical:null\n" * 300}})
    for file in (
        write(tmp_path, "m.txt", LIGHTGBM.encode()),
        write(tmp_path, "m.pkl", wrapped),
    ):
        (model,) = read(file)
        assert (model.features, model.width, model.rounds) == (NAMES, 3, 2)
        assert [tree.leaves for tree in model.trees] == [4, 1]
        assert dict(model.trees[0].gain) == {"rsi_14": 14.0, "momentum_20": 2.5}
        assert model.parameters["min_data_in_leaf"] == "20"


def test_catboost_json(tmp_path: Path) -> None:
    splits = [{"float_feature_index": 0, "border": 0.5}, {"float_feature_index": 1, "border": 0.1}]
    content = {
        "features_info": {
            "float_features": [
                {"flat_feature_index": 1, "feature_id": "rsi_14", "borders": [0.1]},
                {"flat_feature_index": 0, "feature_id": "momentum_20", "borders": [0.5]},
            ]
        },
        "model_info": {"params": {"loss_function": {"type": "RMSE"}, "tree_options": {"depth": 2}}},
        "oblivious_trees": [
            {"leaf_values": [1, 2, 3, 4], "splits": splits},
            {"leaf_values": [1], "splits": []},
        ],
    }
    (model,) = read(write(tmp_path, "m.json", json.dumps(content).encode()))
    assert model.features == ("momentum_20", "rsi_14")
    assert [tree.leaves for tree in model.trees] == [4, 1]
    assert model.objective == "RMSE"
    assert model.parameters["tree_options.depth"] == "2"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    xgboost = pytest.importorskip("xgboost")
    folder = tmp_path_factory.mktemp("xgboost")
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((300, 3))
    label = 2 * rows[:, 0] + rng.standard_normal(300)
    data = xgboost.DMatrix(rows, label, feature_names=list(NAMES))
    model = xgboost.train({"max_depth": 3, "gamma": 5.0, "seed": 1}, data, 12)
    model.set_attr(best_iteration="7")
    model.save_model(folder / "m.json")
    model.save_model(folder / "m.ubj")
    (folder / "m.pkl").write_bytes(pickle.dumps({"model": model}))
    linear = xgboost.train({"booster": "gblinear", "updater": "coord_descent"}, data, 4)
    linear.save_model(folder / "linear.json")
    dart = xgboost.train({"booster": "dart", "num_parallel_tree": 2}, data, 4)
    dart.save_model(folder / "dart.ubj")
    shares = model.get_score(importance_type="total_gain")
    (folder / "gain.json").write_text(json.dumps(shares))
    return {file.name: file for file in folder.iterdir()}


@pytest.mark.parametrize("name", ["m.json", "m.ubj", "m.pkl"])
def test_trees_as_xgboost_counts_them(name: str, trained: dict[str, Path]) -> None:
    (model,) = read(trained[name])
    assert (model.features, model.width, model.rounds, model.best_round) == (NAMES, 3, 12, 7)
    gains = {n: sum(t.gain.get(n, 0.0) for t in model.trees) for n in NAMES}
    for feature, gain in json.loads(trained["gain.json"].read_text()).items():
        assert gains[feature] == pytest.approx(gain, rel=1e-4)
    if name == "m.pkl":
        assert float(model.parameters["gamma"]) == 5.0


def test_linear_and_dart(trained: dict[str, Path]) -> None:
    (linear,) = read(trained["linear.json"])
    assert (linear.parameters["booster"], linear.trees, linear.rounds) == ("gblinear", (), 4)
    (dart,) = read(trained["dart.ubj"])
    assert (dart.parameters["booster"], len(dart.trees), dart.rounds) == ("dart", 8, 4)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), form=st.sampled_from(["ubj", "txt", "pkl"]))
def test_damage_raises_nothing(data: st.DataObject, form: str, tmp_path: Path) -> None:
    ubj = model_bytes(NAMES, 3, np.random.default_rng(1))
    content = {"ubj": ubj, "txt": LIGHTGBM.encode(), "pkl": pickle.dumps({"handle": ubj})}[form]
    changed = bytearray(content)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(40, len(changed) - 1))
        changed[at] = data.draw(st.integers(0, 255))
    read(write(tmp_path, f"m.{form}", bytes(changed)))


def test_arrays_that_do_not_fit_together_are_no_model(tmp_path: Path) -> None:
    tree = {"left_children": [1, -1], "split_indices": [0], "loss_changes": [1.0, 0.0],
            "split_conditions": [0.1, 0.1]}  # fmt: skip
    learner = {
        "feature_names": list(NAMES),
        "gradient_booster": {
            "model": {"trees": [tree], "gbtree_model_param": {}},
            "name": "gbtree",
        },
        "learner_model_param": {"num_feature": "3"},
    }
    content = json.dumps({"learner": learner, "version": [2, 1, 0]}).encode()
    assert read(write(tmp_path, "m.json", content)) == []
