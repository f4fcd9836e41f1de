"""Epoch, step and losses that training loops store, and what they keep for resuming."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml_debugger.artifacts import Checkpoint
from ml_debugger.testing.twins.checkpoints import safetensors_bytes

torch = pytest.importorskip("torch")

Read = Callable[[Path], Checkpoint]
MODEL = {"w": torch.ones(3, 2)}


def saved(content: Any, file: Path, read: Read, *, legacy: bool = False) -> Checkpoint:
    torch.save(content, file, _use_new_zipfile_serialization=not legacy)
    checkpoint = read(file)
    assert checkpoint.problem is None
    return checkpoint


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("form", [float, torch.tensor, np.float64, np.float32])
def test_scalars_of_every_form(
    form: Callable[[float], Any], legacy: bool, tmp_path: Path, read: Read
) -> None:
    content = {
        "epoch": form(7), "global_step": form(350), "val_loss": form(0.25), "loss": form(0.5),
        "best_val_loss": form(0.125), "model": MODEL,
    }  # fmt: skip
    one = saved(content, tmp_path / "a.pt", read, legacy=legacy)
    assert (one.epoch, one.step, one.val_loss) == (7, 350, 0.25)
    assert (one.details["best_val_loss"], one.details["loss"]) == ("0.125", "0.5")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"epoch": torch.tensor(3), "iteration": torch.tensor(90)}, (3, 90, None)),
        ({"meta": {"epoch": 12, "iter": 900}, "state_dict": MODEL}, (12, 900, None)),
        ({"metrics": {"valid_loss": 0.5}, "epoch": 1}, (1, None, 0.5)),
        ({"val_loss": math.nan, "epoch": True, "step": 2.5}, (None, None, None)),
        ({"val_loss": torch.tensor(math.inf)}, (None, None, None)),
        ({"val_loss": [0.5, 0.4], "step": "ten"}, (None, None, None)),
        ({"val_loss": torch.tensor([0.5, 0.4])}, (None, None, None)),
        ({"best_val_loss": 0.3, "min_val_loss": 0.2, "loss": 0.1}, (None, None, None)),
        ({"val_loss": 10**400, "step": 10**400}, (None, None, None)),
    ],
)
def test_what_is_stored_where(
    content: dict[str, Any], expected: tuple[Any, ...], tmp_path: Path, read: Read
) -> None:
    one = saved(content, tmp_path / "a.pt", read)
    assert (one.epoch, one.step, one.val_loss) == expected


def lightning(monitor: str | None, score: float, best: float, **kept: float) -> dict[str, Any]:
    state = {
        "monitor": monitor,
        "best_model_score": torch.tensor(best),
        "current_score": torch.tensor(score),
        "best_k_models": {f"/r/{name}.ckpt": torch.tensor(one) for name, one in kept.items()},
    }
    name = f"ModelCheckpoint{{'monitor': {monitor!r}, 'mode': 'min', 'every_n_epochs': 1}}"
    return {"epoch": 4, "global_step": 200, "state_dict": MODEL, "callbacks": {name: state}}


def test_the_scores_of_lightning(tmp_path: Path, read: Read) -> None:
    content = lightning("val_loss", 0.5, 0.25, a=0.5, b=0.25)
    assert saved(content, tmp_path / "a.ckpt", read).val_loss == 0.5
    best = saved(content, tmp_path / "b.ckpt", read)
    assert (best.val_loss, best.details["best_val_loss"]) == (0.25, "0.25")
    # a score that was set before this file was saved is another file's
    assert saved(content, tmp_path / "last.ckpt", read).val_loss is None
    assert saved(content, tmp_path / "c.ckpt", read).val_loss == 0.5
    other = lightning(None, 0.1, 0.1)["callbacks"]
    two = content | {"callbacks": content["callbacks"] | other}
    assert saved(two, tmp_path / "c.ckpt", read).val_loss is None
    assert saved(two, tmp_path / "a.ckpt", read).val_loss == 0.5
    assert saved(lightning("val_acc", 0.9, 0.9, a=0.9), tmp_path / "a.ckpt", read).val_loss is None


def test_one_tensor_under_two_names(tmp_path: Path, read: Read) -> None:
    score = torch.tensor(0.375)
    content = {"val_loss": score, "best_val_loss": score, "model": MODEL}
    one = saved(content, tmp_path / "a.pt", read)
    assert (one.val_loss, one.details["best_val_loss"]) == (0.375, "0.375")


def test_the_content_wins_over_the_name(tmp_path: Path, read: Read) -> None:
    one = saved({"val_loss": 0.25, "epoch": 3}, tmp_path / "epoch=9-val_loss=0.5.pt", read)
    assert (one.epoch, one.val_loss) == (3, 0.25)
    assert saved(MODEL, tmp_path / "epoch=9-val_loss=0.5.pt", read).val_loss == 0.5


def test_losses_in_the_metadata_of_safetensors(tmp_path: Path, read: Read) -> None:
    for text, loss in (("0.5", 0.5), ("nan", None), ("low", None)):
        content = safetensors_bytes({"w": np.ones(2)}, {"val_loss": text, "step": "9"})
        (tmp_path / "a.safetensors").write_bytes(content)
        one = read(tmp_path / "a.safetensors")
        assert (one.step, one.val_loss) == (9, loss)


def test_parts_for_resuming(tmp_path: Path, read: Read) -> None:
    model = torch.nn.Linear(2, 1)
    adam = torch.optim.Adam(model.parameters())
    scheduler = torch.optim.lr_scheduler.StepLR(adam, 5)
    scale = {"scale": 65536.0, "growth_factor": 2.0, "backoff_factor": 0.5, "growth_interval": 2000}
    weights = model.state_dict()
    for content, parts in (
        (weights, set()),
        ({"model": weights, "optimizer": None, "lr_schedulers": []}, set()),
        ({"model": weights, "optimizer": adam.state_dict()}, {"optimizer"}),
        ({"a": weights, "b": adam.state_dict(), "c": scheduler.state_dict(), "d": scale,
          "rng_state": torch.get_rng_state()}, {"optimizer", "scheduler", "scaler",
                                               "random state"}),
        ({"state_dict": weights, "optimizer_states": [adam.state_dict()]}, {"optimizer"}),
        (scheduler.state_dict(), {"scheduler"}),
    ):  # fmt: skip
        assert saved(content, tmp_path / "a.pt", read).training_state == parts


def test_whole_modules_are_told_from_weights(tmp_path: Path, read: Read) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 1))
    settings = {"hyper_parameters": {"loss": torch.nn.MSELoss()}, "state_dict": model.state_dict()}
    for legacy in (False, True):
        whole = saved(model, tmp_path / "a.pt", read, legacy=legacy)
        assert whole.details["modules"] == "the file is a torch.nn.modules.container.Sequential"
        inner = saved({"model": model}, tmp_path / "a.pt", read, legacy=legacy)
        assert inner.details["modules"].startswith("model is a torch.nn.modules")
        assert "modules" not in saved(settings, tmp_path / "a.pt", read, legacy=legacy).details
