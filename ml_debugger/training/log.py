"""The training log: one JSON object a line, flushed while the model trains.

Events, in order: ``run_started`` once, then for each fold ``round`` after every tree and
``fold_finished``, and ``run_finished`` last. A log without ``run_finished`` belongs to a run that
is going on or was cut off. Losses are root mean squared errors of the forward return.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from ml_debugger.data import append_json_line, utc_now

SCHEMA = "ml-debugger/training-log/1"


class TrainingLog:
    """An open training log; use it in a ``with`` statement."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._stream = path.open("w", encoding="utf-8")
        self._started = datetime.now(UTC)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._stream.close()

    def run_started(
        self,
        *,
        run: str,
        model: str,
        horizon: int,
        folds: int,
        planned_rounds: int,
        features: Sequence[str],
        device: str,
    ) -> None:
        """Opens the log; ``planned_rounds`` is the most that one fold may take."""
        self._write(
            "run_started",
            schema=SCHEMA,
            run=run,
            model=model,
            horizon=horizon,
            folds=folds,
            planned_rounds=planned_rounds,
            features=list(features),
            device=device,
            started=utc_now(),
        )

    def round(self, fold: int, step: int, train_loss: float, val_loss: float | None) -> None:
        """Records the losses after tree ``step`` of a fold, counted from 0."""
        self._write("round", fold=fold, step=step, train_loss=train_loss, val_loss=val_loss)

    def fold_finished(
        self,
        fold: int,
        *,
        steps: int,
        best_step: int,
        train_loss: float,
        val_loss: float | None,
        prediction_std: float,
        share_positive: float,
        label_std: float,
    ) -> None:
        """Records a fold's best round and how its test predictions spread."""
        self._write(
            "fold_finished",
            fold=fold,
            steps=steps,
            best_step=best_step,
            train_loss=train_loss,
            val_loss=val_loss,
            prediction_std=prediction_std,
            share_positive=share_positive,
            label_std=label_std,
        )

    def run_finished(self) -> None:
        """Closes a run that came to its end."""
        seconds = (datetime.now(UTC) - self._started).total_seconds()
        self._write("run_finished", finished=utc_now(), seconds=round(seconds, 3))

    def _write(self, event: str, **fields: object) -> None:
        append_json_line(self._stream, {"event": event, **fields})
