"""One gradient-boosted model of forward returns (T. Chen, C. Guestrin, XGBoost, KDD 2016)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from ml_debugger.training.device import Device, import_xgboost, resolve_device

Floats: TypeAlias = npt.NDArray[np.floating[Any]]
OnRound: TypeAlias = Callable[[int, float, float | None], None]
"""Called after each round with its number from 0, the train loss and the validation loss."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is grown.

    Small, heavily regularised trees: returns hold little signal, so a deep tree learns the noise
    of its sample (S. Gu, B. Kelly, D. Xiu, Empirical Asset Pricing via Machine Learning, 2020, use
    boosted trees of depth 1 and 2 for monthly returns).
    """

    rounds: int = 200
    """Trees at most."""
    patience: int = 20
    """Rounds without a better validation loss after which growing stops."""
    least_rounds: int = 20
    """Rounds that are kept at least. One validation window of returns is so noisy that the first
    tree is often the best by chance, and a model of one tree is a constant."""
    depth: int = 3
    learning_rate: float = 0.05
    row_share: float = 0.7
    feature_share: float = 0.7
    smallest_leaf: float = 100.0
    """Rows that a leaf must hold."""
    seed: int = 0
    threads: int = 0
    """0 takes all."""
    device: Device = "auto"


@dataclass(frozen=True, slots=True)
class Rows:
    """Features (rows x features, NaN where not defined) and labels (rows)."""

    features: Floats
    labels: Floats


@dataclass(slots=True)
class Fit:
    """A grown model, cut after its best round."""

    booster: Any
    best_round: int
    """Counted from 0."""
    train_loss: float
    validation_loss: float | None
    device: Literal["cpu", "cuda"]
    losses: list[tuple[float, float | None]] = field(default_factory=list)


def fit(
    train: Rows,
    recipe: Recipe,
    *,
    names: list[str],
    validation: Rows | None = None,
    on_round: OnRound | None = None,
) -> Fit:
    """Fits squared error of the label, stopped early by ``validation`` if there is one.

    Losses are root mean squared errors in units of the label. Deterministic for a seed, a device
    and a number of threads. Raises ``UsageError`` if ``device`` is "cuda" and does not work.
    """
    xgboost = import_xgboost()
    device = resolve_device(recipe.device)
    parameters = {
        "objective": "reg:squarederror",
        "eval_metric": "rmse",
        "tree_method": "hist",
        "device": device,
        "max_depth": recipe.depth,
        "eta": recipe.learning_rate,
        "subsample": recipe.row_share,
        "colsample_bytree": recipe.feature_share,
        "min_child_weight": recipe.smallest_leaf,
        "seed": recipe.seed,
        "nthread": recipe.threads,
        "verbosity": 0,
    }
    data = xgboost.QuantileDMatrix(
        train.features, train.labels, feature_names=names, nthread=recipe.threads
    )
    watched = [(data, "train")]
    if validation is not None:
        held = xgboost.QuantileDMatrix(
            validation.features,
            validation.labels,
            ref=data,
            feature_names=names,
            nthread=recipe.threads,
        )
        watched.append((held, "validation"))
    losses: list[tuple[float, float | None]] = []

    class Recorder(xgboost.callback.TrainingCallback):  # type: ignore[name-defined,misc]
        def after_iteration(self, _model: Any, epoch: int, evals_log: Any) -> bool:
            train_loss = float(evals_log["train"]["rmse"][-1])
            held_loss = (
                float(evals_log["validation"]["rmse"][-1]) if "validation" in evals_log else None
            )
            losses.append((train_loss, held_loss))
            if on_round is not None:
                on_round(epoch, train_loss, held_loss)
            return False

    booster = xgboost.train(
        parameters,
        data,
        recipe.rounds,
        evals=watched,
        verbose_eval=False,
        early_stopping_rounds=recipe.patience if validation is not None else None,
        callbacks=[Recorder()],
    )
    best = _best_round(losses, recipe.least_rounds)
    return Fit(booster[: best + 1], best, *losses[best], device, losses)


def _best_round(losses: list[tuple[float, float | None]], least_rounds: int) -> int:
    """The round of the lowest validation loss among those allowed; the last without validation."""
    last = len(losses) - 1
    held = [loss for _, loss in losses if loss is not None]
    if not held:
        return last
    allowed = range(min(least_rounds - 1, last), len(held))
    return min(allowed, key=lambda number: held[number])


def predict(booster: Any, features: Floats, names: list[str]) -> npt.NDArray[np.float64]:
    """Predicts the label for each row of ``features``."""
    xgboost = import_xgboost()
    data = xgboost.DMatrix(features, feature_names=names)
    return np.asarray(booster.predict(data), dtype=np.float64)
