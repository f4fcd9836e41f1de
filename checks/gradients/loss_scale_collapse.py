"""GRD006: the loss scale of mixed precision halves again and again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from ml_debugger.artifacts import TrainingRun
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check
from ml_debugger.curves.points import Points, finite

_FEWEST = 4
_FIRST_SHARE = 0.05


@check(
    code="GRD006",
    name="loss-scale-collapse",
    component="training",
    playbook="nan-loss",
    limits=[
        Limit(
            name="net_halvings",
            unit="halvings",
            direction="above",
            warn=4,
            fail=7,
            meaning="how often the scale halved more than it doubled, from its height after the "
            "first steps to the end",
            source="PyTorch, GradScaler: halves once for an overflow and doubles after 2,000 "
            "good steps, so a healthy scale goes one or two down; 65536 to 512 is 7",
        ),
        Limit(
            name="lowest_scale",
            unit="scale",
            direction="below",
            warn=128,
            fail=1,
            meaning="scale at the end, where it is far below its beginning and does not rise",
            source="fairseq and DeepSpeed: 1 and 128 are common starting or fixed scales; below "
            "1 small gradients underflow to zero",
        ),
        Limit(
            name="skipped_share",
            unit="share of steps",
            direction="above",
            warn=0.05,
            fail=0.25,
            meaning="steps that were skipped in the last quarter",
            source="PyTorch, GradScaler: one step in 2,000 is skipped in the steady state",
        ),
    ],
    explained_by=("unscaled-feature", "non-finite-feature", "exploding-gradient",
                  "learning-rate-too-high"),
    profiles=("quick", "pre-train", "full"),
)  # fmt: skip
def loss_scale_collapse(run: TrainingRun) -> Outcome:
    """The loss scale of mixed precision halves again and again.

    What it measures:
        From the logged scale: how often it halved more than it doubled between its height after
        the first 5 % of the log and the end, and how low it ends. From the count of skipped
        steps: their share in the last quarter. The first halvings, with which a scale finds its
        height (from 65536 to some thousands, or from 2^32), and the saw-tooth of doubling and
        halving are how it works. A scale that is fixed is no fault.

    Why it matters:
        Every halving is a step that was thrown away because a gradient overflowed. A scale
        below 1 saves nothing from underflow: the training stands still or ends in NaN.

    What to do:
        Find what overflows: unscaled inputs, a loss that sums over too much, attention without
        a scale, a rate that is too high. Train in bfloat16, or keep the part that overflows in
        float32. Clip after unscaling, never before.

    Sources:
        Micikevicius et al., Mixed Precision Training, 2018. PyTorch, torch.amp.GradScaler.
        DeepSpeed, fp16 options (loss_scale_window, min_loss_scale). The project's record of
        2025-12 (5e-4 with float16: explosion, then collapse).
    """
    scales, skips = run.curve("loss_scale"), run.curve("skipped_steps")
    scale = finite(scales) if scales is not None else None
    skipped = finite(skips) if skips is not None else None
    if (scale is None or len(scale) < _FEWEST) and (skipped is None or len(skipped) < _FEWEST):
        return NotMeasured("neither the loss scale nor skipped steps were logged")
    values: dict[str, float] = {}
    evidence: list[Evidence] = []
    titles: list[str] = []
    line = None
    if scale is not None and len(scale) >= _FEWEST and min(scale.values) > 0:
        end = scale.values[-1]
        settled = _settled(scale.values)
        halvings, height = _net_halvings(scale, settled)
        halfway = scale.values[len(scale) // 2]
        falls = end < scale.values[0] / 8 and (end < 1 or end < halfway / 2)
        values["net_halvings"] = halvings
        values["lowest_scale"] = end if falls else max(end, 128.0)
        evidence += [
            Evidence("first_scale", scale.values[0], None, f"{run.step_unit} {scale.steps[0]:g}"),
            Evidence("last_scale", end, None, f"{run.step_unit} {scale.steps[-1]:g}"),
        ]
        if halvings > 4 or (falls and end < 128):
            line = scale.lines[height]
            titles.append(f"Loss scale falls from {scale.values[height]:g} to {end:g}")
        else:
            titles.append(f"Loss scale stays between {min(scale.values):g} and "
                          f"{max(scale.values):g}")  # fmt: skip
    if skipped is not None and len(skipped) >= _FEWEST:
        share = _skipped_share(skipped, run.step_unit, scale)
        if share is not None:
            values["skipped_share"] = share
            evidence.append(Evidence("skipped_steps", skipped.values[-1], "steps", "in all"))
            if share > 0.05:
                first = next(i for i, v in enumerate(skipped.values) if v > 0)
                line = skipped.lines[first] if line is None else line
                titles.insert(0 if line is None else len(titles),
                              f"{share:.0%} of the last steps were skipped")  # fmt: skip
    if not values:
        return NotMeasured("the loss scale is not above zero")
    title = titles[0] if titles else "Steps are skipped as seldom as they should be"
    return Measurement(title, values, tuple(evidence), line)


def _settled(values: Sequence[float]) -> int:
    """Position at which the scale has found its height: it stays or rises for some records."""
    lasting = max(3, int(_FIRST_SHARE * len(values)))
    for at in range(len(values) - lasting):
        if min(values[at : at + lasting + 1]) >= values[at]:
            return at
    return len(values) - 1


def _net_halvings(scale: Points, settled: int) -> tuple[float, int]:
    """Halvings from the height after the first steps to the end, and where that height is."""
    values = scale.values
    highest = max(values[settled:])
    # its last point at that height
    height = max(i for i in range(settled, len(values)) if values[i] == highest)
    steps = list(pairwise(values[height:]))
    rises = sum(after > before for before, after in steps)
    falls = sum(after < before for before, after in steps)
    return (0.0 if rises >= falls else math.log2(highest / values[-1])), height


def _skipped_share(skipped: Points, unit: str, scale: Points | None) -> float | None:
    """Share of the steps of the last quarter that were skipped; None where it cannot be told."""
    start = 3 * len(skipped) // 4
    steps = skipped.steps[-1] - skipped.steps[start]
    more = skipped.values[-1] - skipped.values[start]
    if unit != "step" or steps <= 0 or more < 0:
        return None
    if scale is not None and len(scale):
        settled = scale.steps[_settled(scale.values)]
        # a scale that never settles falls to the end: that is what is looked for
        if steps < 20 or (settled > skipped.steps[start] and scale.values[-1] >= 1):
            return None
    elif skipped.steps[-1] - skipped.steps[0] < 200:
        return None
    return min(1.0, more / steps)
