"""Original metric names and the canonical ones."""

import pytest

from ml_debugger.readers.training.names import canonical_names, is_loss


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("loss", "val_loss"), ("train_loss", "val_loss")),
        (("train_loss", "valid_loss"), ("train_loss", "val_loss")),
        (("loss", "eval_loss", "grad_norm"), ("train_loss", "val_loss", "grad_norm")),
        (("train/loss", "eval/loss"), ("train_loss", "val_loss")),
        (("Loss/train", "Loss/test"), ("train_loss", "val_loss")),
        (("trainLoss", "valLoss"), ("train_loss", "val_loss")),
        (("Average Training Loss",), ("train_loss",)),
        (("train_loss_step", "train_loss_epoch"), ("train_loss_step", "train_loss")),
        (("lr-Adam", "lr"), ("learning_rate", "lr")),
        (("acc", "val_acc"), ("train_accuracy", "val_accuracy")),
        (("pred_std", "pct_positive"), ("prediction_std", "share_positive")),
        (("val_loss", "val_aux_loss"), ("val_loss", "val_aux_loss")),
        (("eval_a_loss", "eval_b_loss"), ("val_loss", "val_b_loss")),
        (("train_rmse", "val_rmse"), ("train_loss", "val_loss")),
        (("loss", "mae", "val_loss", "val_mae"), ("train_loss", "mae", "val_loss", "val_mae")),
    ],
)
def test_canonical_names(names: tuple[str, ...], expected: tuple[str, ...]) -> None:
    found = canonical_names(dict.fromkeys(names, 10))
    assert [found[name] for name in names] == list(expected)


@pytest.mark.parametrize("name", ["best_val_loss", "stop_loss", "profit_loss", "loss_weight"])
def test_names_that_are_no_curves(name: str) -> None:
    assert not is_loss(name)
    assert canonical_names({name: 10}) == {}


def test_a_single_test_loss_does_not_stand_for_the_validation() -> None:
    assert canonical_names({"loss": 10, "test_loss": 1})["test_loss"] == "test_loss"


def test_a_bare_accuracy_beside_stated_losses_belongs_to_neither_set() -> None:
    found = canonical_names({"train_loss": 5, "valid_loss": 5, "accuracy": 5})
    assert found["accuracy"] == "accuracy"


def test_all_names_of_a_run_stay_apart() -> None:
    names = ("loss", "Loss", "train_loss", "train/loss", "val_loss", "valid_loss")
    found = canonical_names(dict.fromkeys(names, 3))
    assert len(set(found.values())) == len(found) == len(names)
