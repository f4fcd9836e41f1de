"""Which findings of one run are folded under which, by the causes that the checks declare."""

from __future__ import annotations

import pytest

from checks.gradients.exploding_gradient import exploding_gradient
from checks.training.learning_rate_overridden import learning_rate_overridden
from checks.training.loss_plateau import loss_plateau
from checks.training.non_finite_loss import non_finite_loss
from checks.training.sign_collapse import sign_collapse
from checks.training.underfit import underfit
from checks.training.variance_collapse import variance_collapse
from ml_debugger.contract import Check, Result, Status
from ml_debugger.runtime.causes import fold


@pytest.mark.parametrize(
    ("cause", "consequence"),
    [
        # the record of 2025-12: a schedule's peak of 2e-5 in force for an optimizer's 1e-3
        (learning_rate_overridden, loss_plateau),
        (learning_rate_overridden, underfit),
        (loss_plateau, underfit),
        (exploding_gradient, non_finite_loss),
        (variance_collapse, sign_collapse),
        # predictions that are NaN are on no side
        (non_finite_loss, sign_collapse),
    ],
)
def test_a_cause_has_its_consequence_below_it(cause: Check, consequence: Check) -> None:
    found = [
        Result(check.code, check.name, "training", Status.FAIL, "run", "seen", "run.csv")
        for check in (consequence, cause)
    ]
    causes = {check.name: check.explained_by for check in (cause, consequence)}
    symptom, root = fold(found, causes, {})
    assert (symptom.caused_by, root.caused_by) == ((cause.code,), ())
