"""BST005: the final fit lacks the sample weights that the folds had."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from checks.boosting.fits import Fit, fits
from ml_debugger.artifacts import SourceFile
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

_OTHER = re.compile(r"baseline|unweighted|no_weights?|ablation|compar|naive|calibrat|plot", re.I)


@check(
    code="BST005",
    name="missing-sample-weights",
    component="training",
    playbook="sign-bias",
    limits=(
        Limit(
            name="unweighted_final_fits",
            unit="fits",
            direction="above",
            fail=0,
            meaning="fits outside the folds, without sample weights, of a model that has them "
            "in every fold",
            source="the project's record: weights in cross-validation alone gave 89 % positive "
            "predictions in production",
        ),
    ),
    profiles=("pre-train", "full"),
)
def missing_sample_weights(source: SourceFile) -> Outcome:
    """The final fit lacks the sample weights that the folds had.

    What it measures:
        The syntax of a Python file or notebook, never run: calls of fit, xgb.train and
        lgb.train, whether they are given sample weights (also through DMatrix and Dataset),
        and whether they stand in a loop over folds or in a function for cross-validation.
        A fit outside, of the same class, after folds that all have weights, must have them
        too. Fits that pass on parameters which cannot be seen are not accused, nor are those
        of functions that say that they are baselines.

    Why it matters:
        Cross-validation then tests another model than the one that is put to use. Weights that
        balance rising and falling days are gone, and the final model predicts one direction.

    What to do:
        Compute the weights for all training rows before the last fit, by the same function,
        and hand them over: model.fit(x, y, sample_weight=weights). Compare the share of
        positive predictions of the final model with that of the folds.

    Sources:
        The project's record of gradient-boosted models with 89 % positive predictions.
        scikit-learn user guide, metadata routing: sample_weight is not passed on by itself.
    """
    if source.problem is not None:
        return NotMeasured(source.problem)
    found, lines, unparsed = _all(source)
    if not found:
        return NotMeasured(unparsed or "fits no model")
    folded = [fit for fit in found if fit.in_folds]
    weighted = {fit.model for fit in folded if fit.weighted}
    weighted -= {fit.model for fit in folded if fit.weighted is not True}
    if not weighted:
        return NotMeasured("no fold is fitted with sample weights")
    final = [
        fit
        for fit in found
        if not fit.in_folds and fit.model in weighted and not _OTHER.search(fit.function)
    ]
    bare = [fit for fit in final if fit.weighted is False]
    # where another final fit has them, the bare one is there for comparison
    if any(fit.weighted is not False for fit in final):
        bare = [fit for fit in bare if not _has_weighted_twin(fit, final)]
    values = {"unweighted_final_fits": float(len(bare))}
    evidence = tuple(
        Evidence(fit.model, "fitted without sample weights", None, lines[id(fit)])
        for fit in bare[:3]
    )
    example = next(fit for fit in folded if fit.model in weighted)
    evidence = (*evidence, Evidence(example.model, "weighted in folds", None, lines[id(example)]))
    if not bare:
        title = (
            "The final fit has the weights of the folds" if final else "No fit outside the folds"
        )
        return Measurement(title, values, evidence)
    title = f"{bare[0].model} has sample weights in its folds, none in {lines[id(bare[0])]}"
    return Measurement(title, values, evidence, line=bare[0].line)


def _all(source: SourceFile) -> tuple[list[Fit], dict[int, str], str | None]:
    """The fits of all cells in order, and the place of each in words."""
    found: list[Fit] = []
    lines: dict[int, str] = {}
    unparsed = None
    for cell in source.cells:
        try:
            tree = ast.parse(cell.text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            unparsed = f"does not parse as Python 3: {error}"
            continue
        try:
            of_cell = fits(tree)
        except RecursionError:
            unparsed = "is nested too deeply to be followed"
            continue
        for fit in of_cell:
            found.append(fit)
            where = f"line {fit.line}"
            lines[id(fit)] = where if cell.number is None else f"cell {cell.number}, {where}"
    return found, lines, unparsed


def _has_weighted_twin(bare: Fit, final: Sequence[Fit]) -> bool:
    return any(
        fit.weighted is not False and fit.model == bare.model and fit.function == bare.function
        for fit in final
    )
