"""GRD001: gradients fall towards zero while the loss stands still."""

from __future__ import annotations

from statistics import median

from ml_debugger.artifacts import Curve, TrainingRun
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.curves.movement import Movement
from ml_debugger.curves.points import finite
from ml_debugger.curves.printing import last_place
from ml_debugger.runs.gradient_layers import layer_ends
from ml_debugger.runs.learning import learns, loss_movement, loss_of

_FEWEST = 6


@check(
    code="GRD001",
    name="vanishing-gradient",
    component="training",
    playbook="training-run",
    limits=[
        Limit(
            name="remaining_gradient",
            unit="share of the first norms",
            direction="below",
            warn=1e-3,
            fail=1e-5,
            meaning="gradient norm at the end over that of the beginning, in a run whose loss "
            "does not fall; 1 where it falls",
            source="AUTOTRAINER, ICSE 2021: a thousandth; measured on small networks at rates "
            "that teach nothing: 0.7 and more remain",
        ),
        Limit(
            name="first_to_last_layer",
            unit="times",
            direction="below",
            warn=1e-3,
            fail=1e-5,
            meaning="gradient norm of the first layer over that of the last of its kind, four "
            "fifths of the time, in a run whose loss does not fall; 1 where it falls",
            source="AUTOTRAINER, ICSE 2021: a thousandth; measured on sigmoid networks that do "
            "not learn: 1e-3 with 6 layers, 1e-8 with 10",
        ),
    ],
    explained_by=("learning-rate-too-high", "unscaled-feature", "dead-units"),
    profiles=("pre-train", "full"),
)  # fmt: skip
def vanishing_gradient(run: TrainingRun) -> Outcome:
    """Gradients fall towards zero while the loss stands still.

    What it measures:
        Only in a run whose training loss does not fall beyond its noise (or by less than 1 %):
        the gradient norm at the end over that at the beginning, if the loss is still that of the
        first steps, and, where norms of layers are logged, that of the first layer over that of
        the last of the same kind. The gradient of a model that has learnt falls as well, even
        if it learnt all it could within the first steps. Norms that are printed as 0 count as
        half of the last printed place.

    Why it matters:
        Layers that get no gradient keep their random weights: the network predicts a constant
        from noise, however long it runs.

    What to do:
        Replace sigmoid and tanh by ReLU, GELU or SiLU; add residual connections or
        normalisation; initialise for the activation (He, Glorot). After a spike, lower the
        rate: units that died do not come back. Scale inputs, so that units do not saturate.

    Sources:
        Glorot and Bengio, Understanding the difficulty of training deep feedforward neural
        networks, 2010. AUTOTRAINER, ICSE 2021. Amazon SageMaker Debugger, rule
        VanishingGradient.
    """
    norm = run.curve("grad_norm")
    ends = layer_ends(run)
    remaining = _remaining(norm) if norm is not None else None
    if remaining is None and not ends:
        return NotMeasured("too few gradient norms in this log, of the model or of its layers")
    moved, loss = loss_movement(run), loss_of(run)
    if moved is None or loss is None:
        return NotMeasured("no loss with enough points beside the gradients")
    values: dict[str, float] = {}
    evidence = [
        Evidence("loss_at_the_start", moved.first, None, loss.original),
        Evidence("loss_at_the_end", moved.last, None, loss.original),
    ]
    still = not learns(moved)
    shut = still and _never_moved(loss, moved)
    titles: list[str] = []
    line = None
    if norm is not None and remaining is not None:
        share, first, last = remaining
        values["remaining_gradient"] = share if shut else 1.0
        evidence.append(Evidence("norm_at_the_start", first, None, norm.original))
        evidence.append(Evidence("norm_at_the_end", last, None, norm.original))
        if shut and share < 1e-3:
            line = _fallen(norm, first * 1e-3)
            titles.append(f"Gradient norm falls from {first:.2g} to {last:.2g}, the loss stays "
                          f"at {moved.last:.4g}")  # fmt: skip
    if ends:
        worst = min(ends, key=lambda one: one.lasting)
        values["first_to_last_layer"] = min(worst.lasting, 1.0) if still else 1.0
        where = f"{worst.first.original} to {worst.last.original}"
        evidence.append(Evidence("first_to_last_layer", worst.usual, "times", where))
        if still and worst.lasting < 1e-3:
            titles.append(f"First layer gets {worst.usual:.1e} of the last one's gradient, the "
                          "loss stands still")  # fmt: skip
            line = worst.first.lines[0] if line is None else line
    if not titles:
        titles.append(_sound(moved, still))
    return Measurement(titles[0], values, tuple(evidence), line)


def _remaining(norm: Curve) -> tuple[float, float, float] | None:
    """Share of the norm that remains at the end, the norm of the beginning, that of the end."""
    points = finite(norm)
    if len(points) < _FEWEST:
        return None
    first = median(points.values[: max(3, len(points) // 50)])
    if first <= 0:
        return None
    last = median(points.values[-max(3, len(points) // 10) :])
    seen = last if last > 0 else 0.5 * last_place(points.values)
    return min(seen / first, 1.0), first, last


def _never_moved(loss: Curve, moved: Movement) -> bool:
    """Whether the loss ends where its first steps were: not below by 1 %, not far above."""
    start = max(finite(loss).values[:3])
    gained = start - moved.last
    return -0.2 * abs(start) <= gained < max(0.01 * abs(start), 2.5 * moved.scatter)


def _fallen(norm: Curve, bound: float) -> int | None:
    points = finite(norm)
    for at, value in enumerate(points.values):
        if value < bound and median(points.values[at : at + 5]) < bound:
            return points.lines[at]
    return None


def _sound(moved: Movement, still: bool) -> str:
    if still:
        return "The loss stands still, but not for want of a gradient"
    return f"The loss falls from {moved.first:.4g} to {moved.last:.4g}: gradients arrive"
