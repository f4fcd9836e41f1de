"""Console logs of XGBoost, LightGBM and CatBoost."""


def test_xgboost_sets_become_train_and_validation(runs_of, points) -> None:
    text = "[0]\ttrain-rmse:0.97\ttrain-mae:0.80\teval-rmse:1.01\teval-mae:0.75\n"
    text += "[1]\ttrain-rmse:0.96\ttrain-mae:0.79\teval-rmse:1.00\teval-mae:0.74\n"
    (run,) = runs_of("Using gpu device 0\n" + text)
    assert run.step_unit == "round"
    assert points(run, "train_loss") == [(0, 0.97), (1, 0.96)]
    assert points(run, "val_loss") == [(0, 1.01), (1, 1.00)]
    assert points(run, "val_mae") == [(0, 0.75), (1, 0.74)]


def test_xgboost_interface_of_scikit_learn(runs_of) -> None:
    both = "".join(f"[{i}]\tvalidation_0-logloss:0.6\tvalidation_1-logloss:0.7\n" for i in (0, 1))
    alone = "".join(f"[{i}]\tvalidation_0-logloss:0.6\n" for i in (0, 1))
    (run,) = runs_of(both)
    assert run.curves["train_loss"].original == "validation_0-logloss"
    assert run.curves["val_loss"].original == "validation_1-logloss"
    (run,) = runs_of(alone)
    assert set(run.curves) == {"val_loss"}


def test_xgboost_cross_validation_and_restart(runs_of) -> None:
    text = "".join(f"[{i}]\ttrain-rmse:0.5+0.01\ttest-rmse:0.6+0.02\n" for i in (0, 1, 2, 0, 1))
    runs = runs_of(text)
    assert [len(run.curves["val_loss"]) for run in runs] == [3, 2]
    assert list(runs[0].curves["val_loss"].values) == [0.6] * 3


def test_a_metric_that_is_maximised_is_no_loss(runs_of) -> None:
    (run,) = runs_of("[0]\ttrain-auc:0.7\teval-auc:0.6\n[1]\ttrain-auc:0.8\teval-auc:0.6\n")
    assert set(run.curves) == {"auc", "val_auc"}


def test_lightgbm(runs_of, points) -> None:
    text = "[LightGBM] [Info] Start training from score 0.1\n"
    text += "".join(f"[{i}]\ttraining's l2: 0.{9 - i}\tvalid_1's l2: 0.9{9 - i}\n" for i in (1, 2))
    (run,) = runs_of(text)
    assert points(run, "train_loss") == [(1, 0.8), (2, 0.7)]
    assert points(run, "val_loss") == [(1, 0.98), (2, 0.97)]


def test_lightgbm_command_line(runs_of, points) -> None:
    line = "[LightGBM] [Info] Iteration:{}, valid_1 binary_logloss : 0.6{}\n"
    (run,) = runs_of("".join(line.format(i, i) for i in (1, 2, 3)))
    assert points(run, "val_loss") == [(1, 0.61), (2, 0.62), (3, 0.63)]


def test_catboost(runs_of, points) -> None:
    line = "{0}:\tlearn: 0.6{0}\ttest: 0.7{0}\tbest: 0.70 (0)\ttotal: 50ms\tremaining: 5s\n"
    (run,) = runs_of("".join(line.format(i) for i in range(3)))
    assert points(run, "train_loss") == [(0, 0.60), (1, 0.61), (2, 0.62)]
    assert points(run, "val_loss")[0] == (0, 0.70)


def test_warnings_alone_are_no_training_log(runs_of) -> None:
    assert runs_of("[LightGBM] [Warning] No further splits with positive gain\n" * 50) == []


def test_lightgbm_of_r(runs_of, points) -> None:
    (run,) = runs_of("[1]:\ttrain's l2:0.9\tvalid's l2:1.1\n[2]:\ttrain's l2:0.8\tvalid's l2:1.0\n")
    assert points(run, "train_loss") == [(1, 0.9), (2, 0.8)]
    assert points(run, "val_loss") == [(1, 1.1), (2, 1.0)]


def test_a_log_says_that_boosting_ended(runs_of) -> None:
    rounds = "".join(f"[{i}]\tvalid_1's l2: 0.{9 - i}\n" for i in (1, 2, 3))
    assert runs_of(rounds)[0].finished is None
    (run,) = runs_of(rounds + "Early stopping, best iteration is:\n[2]\tvalid_1's l2: 0.7\n")
    assert run.finished
    assert list(run.curves["val_loss"].steps) == [1, 2, 3]
    cat = "".join(f"{i}:\tlearn: 0.6{i}\ttest: 0.7{i}\tbest: 0.70 (0)\n" for i in range(3))
    assert runs_of(cat + "bestTest = 0.7\nbestIteration = 0\n")[0].finished
