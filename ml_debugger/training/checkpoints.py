"""Model files that were read back before they count, the best of them kept.

``checkpoints.json`` lists what the folder holds; a file that it does not list is no checkpoint.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ml_debugger.data.storage import replace_file, utc_now, write_json
from ml_debugger.errors import DataError
from ml_debugger.training.booster import Floats, predict
from ml_debugger.training.device import import_xgboost
from ml_debugger.training.splits import Session

SCHEMA = "ml-debugger/checkpoints/1"
INDEX_NAME = "checkpoints.json"

_TOLERANCE = 1e-6
_ROWS_COMPARED = 64


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One entry of the index."""

    file: str
    role: Literal["fold", "final"]
    fold: int | None
    """None for the final model."""
    step: int
    """Best round, counted from 0."""
    validation_loss: float | None
    trained_through: str
    """The last date that the model has seen anything of, labels included."""
    created: str


class CheckpointFolder:
    """The checkpoints of one run: the best of the folds, and the final model."""

    def __init__(self, folder: Path, keep: int = 3) -> None:
        """Starts empty: what an earlier run listed in this folder is removed."""
        self._folder = folder
        self._keep = keep
        self._kept: list[Checkpoint] = []
        if (folder / INDEX_NAME).exists():
            for old in read_index(folder):
                (folder / old.file).unlink(missing_ok=True)
            self._write_index()

    def save(
        self,
        booster: Any,
        sample: Floats,
        names: list[str],
        *,
        role: Literal["fold", "final"],
        step: int,
        trained_through: Session,
        fold: int | None = None,
        validation_loss: float | None = None,
    ) -> Checkpoint:
        """Writes a model, reads it back, and lists it if both predict ``sample`` alike.

        Raises ``DataError`` if the file gives other predictions than the model, by more than
        1e-6; then nothing of it stays.
        """
        name = "final.ubj" if role == "final" else f"fold-{fold}.ubj"
        rows = sample[:_ROWS_COMPARED]
        expected = predict(booster, rows, names)

        def validate(temporary: Path) -> None:
            restored = predict(load_booster(temporary), rows, names)
            if not np.allclose(restored, expected, rtol=0, atol=_TOLERANCE):
                raise DataError(f"{self._folder / name}: predicts otherwise than the model saved")

        replace_file(self._folder / name, booster.save_model, validate)
        checkpoint = Checkpoint(
            name, role, fold, step, validation_loss, trained_through.isoformat(), utc_now()
        )
        self._kept.append(checkpoint)
        dropped = self._drop_worst()
        self._write_index()
        for worse in dropped:
            (self._folder / worse.file).unlink(missing_ok=True)
        return checkpoint

    def _drop_worst(self) -> list[Checkpoint]:
        def loss(checkpoint: Checkpoint) -> float:
            known = checkpoint.validation_loss
            return float("inf") if known is None else known

        folds = sorted((c for c in self._kept if c.role == "fold"), key=loss)
        dropped = folds[self._keep :]
        self._kept = [c for c in self._kept if c not in dropped]
        return dropped

    def _write_index(self) -> None:
        entries = [asdict(c) for c in self._kept]
        write_json({"schema": SCHEMA, "checkpoints": entries}, self._folder / INDEX_NAME)


def read_index(folder: Path) -> list[Checkpoint]:
    """Returns the listed checkpoints; raises ``DataError`` if the index cannot be read."""
    path = folder / INDEX_NAME
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["checkpoints"]
        return [Checkpoint(**entry) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: cannot be read as a checkpoint index: {error}") from error


def final_checkpoint(folder: Path) -> Checkpoint:
    """Returns the final model's entry; raises ``DataError`` if the run has none."""
    for checkpoint in read_index(folder):
        if checkpoint.role == "final":
            return checkpoint
    raise DataError(f"{folder / INDEX_NAME}: lists no final model, the run did not finish")


def load_booster(path: Path) -> Any:
    """Reads a model file of XGBoost's own format, which holds no code."""
    xgboost = import_xgboost()
    try:
        return xgboost.Booster(model_file=str(path))
    except xgboost.core.XGBoostError as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path}: cannot be read as an XGBoost model: {reason}") from error
