"""BST002: very few features hold nearly all of a boosted model's gain."""

from __future__ import annotations

import math

from ml_debugger.artifacts import BoosterModel
from ml_debugger.contract import (
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    Setting,
    Settings,
    check,
    short_start,
)

CONCENTRATED = 0.8
_SPLITS_A_FEATURE, _MANY_SPLITS = 2, 100
"""Splits for each feature, or in all, from which on the features had their chance."""


@check(
    code="BST002",
    name="importance-concentrated",
    component="training",
    playbook="leakage",
    limits=(
        Limit(
            name="top_share",
            unit="share of the gain",
            direction="above",
            warn=CONCENTRATED,
            fail=0.95,
            meaning="gain of the first fiftieth of the features (at least one), of all gain",
            source="warn: SageMaker Debugger, rule FeatureImportanceOverweight, 80 % in three "
            "features; fail: what the others add is then within the noise of one refit",
        ),
    ),
    settings=(
        Setting("fewest_features", "features", 10, "features of a model from which on it is judged",
                "with nine features an even share is 11 %, and one strong one is no surprise"),
    ),
    explained_by=("target-in-features", "future-in-feature", "feature-uses-future",
                  "constant-feature"),
    profiles=("pre-train", "full"),
)  # fmt: skip
def importance_concentrated(model: BoosterModel, settings: Settings) -> Outcome:
    """Very few features hold nearly all of a boosted model's gain.

    What it measures:
        The gain of every split by feature, summed over all trees, and the share of the
        strongest fiftieth of the features that the model was given: one of up to 50, three of
        150. Models of few features, with too few splits for their number of features, or of a
        format that stores no gain are not judged.

    Why it matters:
        One feature that explains nearly everything about a future return is nearly always the
        answer itself, or the last price where a price is predicted. Where it is sound, the
        model is a rule on one number: it falls when that one feature breaks.

    What to do:
        Look at the feature that is named: when is its value known, and is the label computed
        from it? Train without it and compare on the test years. If the label is a price, use
        returns instead.

    Sources:
        Amazon SageMaker Debugger, rule FeatureImportanceOverweight (threshold 0.8, three
        features). Kapoor and Narayanan, Leakage and the reproducibility crisis, 2023.
    """
    width = model.width or len(model.features)
    if width < settings["fewest_features"]:
        return NotMeasured(f"a model of {width} features: a strong one is no surprise")
    gains: dict[str, float] = {}
    for tree in model.trees:
        for name, gain in tree.gain.items():
            if math.isfinite(gain) and gain > 0:
                gains[name] = gains.get(name, 0.0) + gain
    splits = sum(tree.leaves - 1 for tree in model.trees)
    if not gains:
        return NotMeasured("the file stores no gain of its splits" if splits else "no splits")
    if splits < min(_SPLITS_A_FEATURE * width, _MANY_SPLITS):
        return NotMeasured(f"{splits:,} splits are too few for {width:,} features")
    top = max(1, width // 50)
    total = sum(gains.values())
    first = sorted(gains.items(), key=lambda item: -item[1])[: max(top, 4)]
    share = sum(gain for _, gain in first[:top]) / total
    even = sum((gain / total) ** 2 for gain in gains.values())
    evidence = (
        *(Evidence(name, round(gain / total, 4), "share of the gain") for name, gain in first[:4]),
        Evidence("effective_features", round(1 / even, 1), "features", f"of {width:,}"),
    )
    named = first[0][0] if top == 1 else f"{top} features"
    verb = "holds" if top == 1 else "hold"
    title = f"{short_start(named)} {verb} {share:.0%} of the gain of {width:,} features"
    return Measurement(title, {"top_share": share}, evidence)
