"""The validation record: what a run was tested on, and how it did."""

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ml_debugger.data import write_json
from ml_debugger.errors import DataError
from ml_debugger.training.splits import Mode, Session

SCHEMA = "ml-debugger/validation/1"
RECORD_NAME = "validation.json"


@dataclass(frozen=True, slots=True)
class Span:
    """A window of a fold, and the rows in it that carry a known label."""

    start: Session
    end: Session
    rows: int


@dataclass(frozen=True, slots=True)
class FoldScore:
    """How one fold did. Accuracies are shares of right directions, None without known labels."""

    fold: int
    train: Span
    validation: Span
    test: Span
    train_accuracy: float | None
    validation_accuracy: float | None
    test_accuracy: float | None
    baseline_accuracy: float | None
    """On the test window: always the direction that was commoner in training."""
    wfe: float | None
    """Walk-forward efficiency in percent."""


@dataclass(frozen=True, slots=True)
class LabelStats:
    """What the labels look like in training and in the hold-out, the union of all test windows."""

    train_positive_share: float | None
    train_mean: float | None
    train_std: float | None
    holdout_positive_share: float | None
    holdout_mean: float | None
    holdout_std: float | None


@dataclass(frozen=True, slots=True)
class ValidationRecord:
    """The record of one walk-forward run over one horizon."""

    model: str
    horizon: int
    mode: Mode
    purge: int
    embargo: int
    lookback: int
    """Earlier rows that the model reads as a sequence beside a row's own features; they widen the
    gap that is needed between windows. 0 for a model that reads one row, as trees do."""
    folds: list[FoldScore]
    train_accuracy: float | None
    validation_accuracy: float | None
    test_accuracy: float | None
    wfe: float | None
    label_stats: LabelStats
    trained_through: Session
    """The last date that the final model has seen anything of, labels included."""
    created: str

    def out_of_sample(self, day: Session) -> bool:
        """Whether a prediction stored for ``day`` comes from a model that had not seen it.

        True in a test window, where the fold's model predicts, and after ``trained_through``,
        where the final model does.
        """
        if day > self.trained_through:
            return True
        return any(fold.test.start <= day <= fold.test.end for fold in self.folds)

    def write(self, folder: Path) -> Path:
        """Writes the record as JSON, atomically, and returns its path."""
        path = folder / RECORD_NAME
        write_json({"schema": SCHEMA, **asdict(self)}, path)
        return path

    @classmethod
    def read(cls, path: Path) -> "ValidationRecord":
        """Reads a record; raises ``DataError`` naming the path and what is wrong."""
        try:
            fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if (schema := fields.pop("schema")) != SCHEMA:
                raise ValueError(f"schema is {schema!r}, not {SCHEMA!r}")
            fields["folds"] = [_fold(fold) for fold in fields["folds"]]
            fields["label_stats"] = LabelStats(**fields["label_stats"])
            fields["trained_through"] = _session(fields["trained_through"])
            return cls(**fields)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}: cannot be read as a validation record: {error}") from error


def _fold(fields: dict[str, Any]) -> FoldScore:
    spans = {
        name: Span(
            _session(fields[name]["start"]), _session(fields[name]["end"]), fields[name]["rows"]
        )
        for name in ("train", "validation", "test")
    }
    return FoldScore(**{**fields, **spans})


def _session(text: str) -> Session:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
