"""VAL001 low-wfe."""

from __future__ import annotations

import math

from ml_debugger.artifacts import ValidationRecord
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

MOST_EVIDENCE = 5


@check(
    code="VAL001",
    name="low-wfe",
    component="performance",
    playbook="walk-forward",
    limits=(
        Limit(
            "wfe",
            "%",
            "below",
            "walk-forward efficiency, with one standard error in its favour where rows are known",
            "the project's record of 2025-12: the gate stood at 50 % and was lowered to 40 %",
            fail=40,
            warn=50,
        ),
    ),
    explained_by=("overfitting", "split-overlap", "missing-purge", "target-in-features"),
    profiles=("quick", "full"),
)
def low_wfe(record: ValidationRecord) -> Outcome:
    """Little of the validated skill is left in the test.

    What it measures:
        Walk-forward efficiency, 100 * (test - 0.5) / (validation - 0.5) in percent, from the
        directional accuracies of the record. Where the test rows or several folds are known,
        one standard error of the test accuracy is counted in the model's favour: rows overlap
        by the horizon, so every horizon-th row counts. Below a validation accuracy of 0.501 the
        figure is undefined.

    Why it matters:
        A model that was chosen by its validation result and loses most of its lead afterwards
        was fitted to the validation window.

    What to do:
        Try fewer settings, stop earlier, use fewer and more stable features. Check first that
        the validation window is clean: purge, overlap and leaking features raise it.

    Sources:
        The project's record of 2025-12 (formula and gates of 50 % and 40 %).
        Pardo, The Evaluation and Optimization of Trading Strategies, 2008 (walk-forward
        efficiency).
    """
    validation, test = _accuracies(record)
    if validation is None or test is None:
        return NotMeasured("no accuracies of both validation and test")
    from ml_debugger.training.efficiency import walk_forward_efficiency

    efficiency = walk_forward_efficiency(validation, test)
    if efficiency is None:
        return NotMeasured(f"no skill in validation ({validation:.3f}): WFE is undefined")
    error = 100 * _test_error(record) / (validation - 0.5)
    margin = f" ± {error:.0f}" if error else ""
    evidence = [
        Evidence("wfe", round(wfe, 1), "%", f"fold {number}")
        for number, fold in enumerate(record.folds)
        if fold.validation_accuracy is not None and fold.test_accuracy is not None
        for wfe in [walk_forward_efficiency(fold.validation_accuracy, fold.test_accuracy)]
        if wfe is not None
    ]
    return Measurement(
        f"WFE {efficiency:.0f} %{margin} (validation {validation:.3f}, test {test:.3f})",
        {"wfe": efficiency + error},
        tuple(evidence[:MOST_EVIDENCE]),
    )


def _accuracies(record: ValidationRecord) -> tuple[float | None, float | None]:
    """Overall accuracies; the means over folds where the record gives none."""
    if record.validation_accuracy is not None and record.test_accuracy is not None:
        return record.validation_accuracy, record.test_accuracy
    pairs = [
        (fold.validation_accuracy, fold.test_accuracy)
        for fold in record.folds
        if fold.validation_accuracy is not None and fold.test_accuracy is not None
    ]
    if not pairs:
        return None, None
    return sum(v for v, _ in pairs) / len(pairs), sum(t for _, t in pairs) / len(pairs)


def _test_error(record: ValidationRecord) -> float:
    """Standard error of the test accuracy: from rows, or from folds if that is larger."""
    by_rows = by_folds = 0.0
    if record.test_rows:
        by_rows = 0.5 / math.sqrt(max(record.test_rows / max(record.horizon or 1, 1), 1))
    tests = [fold.test_accuracy for fold in record.folds if fold.test_accuracy is not None]
    if len(tests) >= 4:
        mean = sum(tests) / len(tests)
        variance = sum((value - mean) ** 2 for value in tests) / (len(tests) - 1)
        by_folds = math.sqrt(variance / len(tests))
    return max(by_rows, by_folds)
