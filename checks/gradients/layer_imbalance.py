"""GRD004: gradient norms of the first and the last layer differ by orders of magnitude."""

from __future__ import annotations

import math

from ml_debugger.artifacts import TrainingRun
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.runs.gradient_layers import layer_ends


@check(
    code="GRD004",
    name="layer-imbalance",
    component="training",
    playbook="training-run",
    limits=[
        Limit(
            name="orders_of_magnitude",
            unit="powers of ten",
            direction="above",
            warn=3,
            fail=5,
            meaning="distance of the first layer's gradient norm from that of the last of its "
            "kind, in either direction, four fifths of the time",
            source="AUTOTRAINER, ICSE 2021: a thousandth; measured on 178 healthy small networks: "
            "at most 0.8",
        )
    ],
    explained_by=("vanishing-gradient", "exploding-gradient", "unscaled-feature"),
    profiles=("pre-train", "full"),
)
def layer_imbalance(run: TrainingRun) -> Outcome:
    """Gradient norms of the first and the last layer differ by orders of magnitude.

    What it measures:
        The gradient norm of the first layer over that of the last, of weight matrices whose
        names differ in numbers only (all matrices where there are none), point by point after
        the warm-up; the ratio that four fifths of the points lie beyond counts. Biases, norms
        and embeddings have gradients of their own size and are left out, as are frozen layers.

    Why it matters:
        With one rate for all, the layers with small gradients stand still while the others
        overshoot. Optimizers that scale each parameter hide this until the small gradients
        underflow in mixed precision.

    What to do:
        Add normalisation or residual connections, initialise for the activation in use, scale
        the inputs, and look at the activations of the layers between.

    Sources:
        Glorot and Bengio, 2010. AUTOTRAINER, ICSE 2021. Bernstein et al., On the distance
        between two neural networks, 2020 (balance of layers).
    """
    ends = layer_ends(run)
    if not ends:
        return NotMeasured("gradient norms of fewer than two weight matrices were logged")
    worst = max(ends, key=lambda one: abs(math.log10(one.lasting)))
    orders = abs(math.log10(worst.lasting))
    names = f"{worst.first.original} against {worst.last.original}"
    title = (
        f"Gradient of the first layer is {worst.usual:.1e} times that of the last"
        if orders > 3
        else f"Gradients of first and last layer lie within {max(orders, 0.1):.1f} powers of ten"
    )
    return Measurement(
        title,
        {"orders_of_magnitude": orders},
        (
            Evidence("usual_ratio", worst.usual, "times", names),
            Evidence("layers", worst.layers, None, "of one kind"),
            Evidence("points", len(worst.ratios), None, "after the warm-up"),
        ),
        worst.first.lines[0] if orders > 3 else None,
    )
