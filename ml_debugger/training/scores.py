"""Directional accuracy and label statistics."""

import numpy as np
import numpy.typing as npt

from ml_debugger.training.record import LabelStats

Values = npt.NDArray[np.float64]


def directional_accuracy(predictions: Values, labels: Values) -> float | None:
    """Share of rows whose prediction has the sign of the label.

    Rows with a label of exactly 0 or NaN have no direction and are left out; a prediction of 0 is
    wrong. None if no row is left.
    """
    directed = np.isfinite(labels) & (labels != 0)
    if not directed.any():
        return None
    return float(np.mean(np.sign(predictions[directed]) == np.sign(labels[directed])))


def constant_accuracy(train_labels: Values, test_labels: Values) -> float | None:
    """Directional accuracy of always giving the direction that is commoner in training."""
    common = 1.0 if np.mean(train_labels > 0) >= np.mean(train_labels < 0) else -1.0
    return directional_accuracy(np.full(len(test_labels), common), test_labels)


def weighted_mean(values: list[float | None], weights: list[int]) -> float | None:
    """Mean of the values that are known, weighted; None if none is."""
    known = [(v, w) for v, w in zip(values, weights, strict=True) if v is not None and w > 0]
    total = sum(w for _, w in known)
    return sum(v * w for v, w in known) / total if total else None


def label_stats(train: Values, holdout: Values) -> LabelStats:
    """Describes the labels of the last fold's training and of all test windows."""
    return LabelStats(*_describe(train), *_describe(holdout))


def _describe(labels: Values) -> tuple[float | None, float | None, float | None]:
    known = labels[np.isfinite(labels)]
    if not len(known):
        return None, None, None
    return float(np.mean(known > 0)), float(known.mean()), float(known.std())
