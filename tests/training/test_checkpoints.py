from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml_debugger.errors import DataError
from ml_debugger.training import Recipe, final_checkpoint, load_booster, read_index
from ml_debugger.training.booster import Rows, fit
from ml_debugger.training.checkpoints import CheckpointFolder

NAMES = ["a", "b"]
DAY = date(2024, 1, 2)


@pytest.fixture
def booster(tiny: Recipe) -> Any:
    features = np.random.default_rng(1).normal(size=(300, 2))
    return fit(Rows(features, features[:, 0]), tiny, names=NAMES).booster


def save(folder: CheckpointFolder, booster: Any, fold: int, loss: float) -> None:
    folder.save(
        booster,
        np.zeros((3, 2)),
        NAMES,
        role="fold",
        fold=fold,
        step=3,
        validation_loss=loss,
        trained_through=DAY,
    )


def test_the_best_three_stay(tmp_path: Path, booster: Any) -> None:
    folder = CheckpointFolder(tmp_path)
    for fold, loss in enumerate([0.5, 0.1, 0.4, 0.2, 0.3]):
        save(folder, booster, fold, loss)
    assert sorted(c.fold for c in read_index(tmp_path)) == [1, 3, 4]
    assert sorted(p.name for p in tmp_path.glob("*.ubj")) == [
        "fold-1.ubj",
        "fold-3.ubj",
        "fold-4.ubj",
    ]


def test_the_final_model_is_beside_them(tmp_path: Path, booster: Any) -> None:
    folder = CheckpointFolder(tmp_path)
    save(folder, booster, 0, 0.5)
    with pytest.raises(DataError, match="lists no final model"):
        final_checkpoint(tmp_path)
    folder.save(booster, np.zeros((3, 2)), NAMES, role="final", step=3, trained_through=DAY)
    assert final_checkpoint(tmp_path).trained_through == "2024-01-02"
    assert load_booster(tmp_path / "final.ubj").feature_names == NAMES


def test_a_model_that_reads_back_otherwise_does_not_count(
    tmp_path: Path, booster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = CheckpointFolder(tmp_path)
    monkeypatch.setattr(
        "ml_debugger.training.checkpoints.load_booster", lambda path: load_booster(path)[:2]
    )
    with pytest.raises(DataError, match="predicts otherwise"):
        folder.save(booster, np.ones((3, 2)), NAMES, role="final", step=1, trained_through=DAY)
    assert list(tmp_path.iterdir()) == []


def test_a_new_run_removes_what_the_last_one_listed(tmp_path: Path, booster: Any) -> None:
    save(CheckpointFolder(tmp_path), booster, 7, 0.5)
    (tmp_path / "mine.ubj").write_bytes(b"not listed")
    CheckpointFolder(tmp_path)
    assert read_index(tmp_path) == []
    assert [p.name for p in tmp_path.glob("*.ubj")] == ["mine.ubj"]


def test_broken_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "final.ubj").write_bytes(b"{L\x00")
    with pytest.raises(DataError, match=r"final\.ubj: cannot be read as an XGBoost model"):
        load_booster(tmp_path / "final.ubj")
    (tmp_path / "checkpoints.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="cannot be read as a checkpoint index"):
        read_index(tmp_path)
