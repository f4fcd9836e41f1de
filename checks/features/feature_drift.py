"""FEA005 feature-drift."""

from __future__ import annotations

from checks.features.blocks import BLOCK_STEPS, LEAST_BLOCKS, blocks_of
from checks.features.breaks import drifts, gravity
from checks.features.named import is_calendar, listed
from checks.features.timeline import concerned, since, timeline
from ml_debugger.artifacts import FeatureTable
from ml_debugger.contract import (
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    Sample,
    Setting,
    Settings,
    check,
)


@check(
    code="FEA005",
    name="feature-drift",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "drifted_features",
            "features",
            "above",
            "features that left their past further behind than ever before, for all that follows",
            "held against the feature's own past; by chance one table in a hundred has one",
            warn=0,
        ),
        Limit(
            "rescaled_features",
            "features",
            "above",
            "those of them whose level or spread changed 50-fold, or by 10 quartile ranges",
            "percent for fractions and cents for units are factors of 100; the level of a "
            "feature does not change 50-fold from one month to the next",
            fail=0,
        ),
    ),
    settings=(
        Setting(
            "false_alarms",
            "share",
            0.01,
            "share of healthy tables in which chance may find a drift",
            "one in a hundred, over all features and blocks (Bonferroni)",
        ),
    ),
    profiles=("pre-train", "full"),
    explained_by=("unit-error", "unadjusted-split", "currency-mixup"),
)
def feature_drift(features: FeatureTable, sample: Sample, settings: Settings) -> Outcome:
    """A feature's distribution broke with its past.

    What it measures:
        The table's time is cut into 8 to 100 blocks of 20 sessions or more. In each block the
        median and the distance between the quartiles are taken, for each ticker by itself. A
        block departs from its past by the smaller of two distances: from all former blocks, and
        from the second last. It drifted when, in the middle ticker, it departs further than any
        earlier block did, by a margin that allows for the number of features and blocks, and
        when all that follows stays away. Breaks in the second half of the table are judged.

        So features are held against their own restlessness. A price that trends, a cumulative
        count and a volatility that comes in clusters leave their past in every block: they are
        no drift unless one step is larger than all steps before by that margin. A slow drift is
        therefore not seen; walk-forward validation is what shows it.

    Why it matters:
        A model knows the feature as it was in training. A rescaled column (percent for
        fractions, a scaler fitted anew, another unit at the vendor) makes every prediction
        meaningless, without an error.

    What to do:
        Look at the named feature on the named date: what changed in its source or its code? If
        the market itself changed, train anew on rows after the date, or make the feature
        relative to its own past.

    Sources:
        The population stability index and the Kolmogorov-Smirnov test, which peers use
        (evidently, NannyML), take rows for independent: with autocorrelated features they
        reject nearly always. Blocks against blocks of the same series keep the dependence:
        Kunsch, The jackknife and the bootstrap for general stationary observations, Annals of
        Statistics 1989. The margin is that of the largest of n exponential tails.
    """
    line = timeline(features, sample.series)
    columns = [name for name in features.features if not is_calendar(name)]
    if not columns:
        return NotMeasured("has parts of the calendar only")
    blocks = blocks_of(sample.series, line, columns)
    if blocks is None:
        least = BLOCK_STEPS * LEAST_BLOCKS
        return NotMeasured(f"too few {line.noun} for a past: {line.count}, and {least} are needed")
    found = sorted(drifts(columns, blocks, settings["false_alarms"]), key=gravity)
    values = {
        "drifted_features": len(found),
        "rescaled_features": sum(drift.rescaled for drift in found),
    }
    if not found:
        title = f"{len(columns)} features behave as before in {blocks.count} blocks of time"
        return Measurement(title, values)
    first = int(blocks.edges[found[0].block])
    title = f"{listed([d.feature for d in found])} broke with the past near {line.at(first)}"
    return Measurement(
        title,
        values,
        tuple(
            Evidence(
                "departure over the largest before",
                round(abs(drift.size) / drift.usual, 1) if drift.usual else None,
                "times",
                f"{drift.feature} near {line.at(int(blocks.edges[drift.block]))}: {drift.words}",
            )
            for drift in found[:5]
        ),
        rows=concerned(
            features,
            {
                d.feature: (since(features, line, int(blocks.edges[d.block])), d.words)
                for d in found
            },
        ),
    )
