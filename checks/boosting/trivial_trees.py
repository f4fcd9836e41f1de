"""BST003: a boosted model that hardly splits."""

from __future__ import annotations

import re

from ml_debugger.artifacts import BoosterModel, LogText
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

_FEW = 10
_NO_GAIN = re.compile(r"No further splits with positive gain, best gain: -inf", re.IGNORECASE)
_STOPPED = re.compile(r"no more leaves that meet the split requirements", re.IGNORECASE)
_FEWEST_LINES = 20


@check(
    code="BST003",
    name="trivial-trees",
    component="training",
    playbook="sign-bias",
    limits=(
        Limit(
            name="constant_model",
            unit="models",
            direction="above",
            fail=0,
            meaning="a model of trees without a single split: it says the same to everyone",
            source="arithmetic: a tree of one leaf adds a constant",
        ),
        Limit(
            name="trivial_share",
            unit="share of trees",
            direction="above",
            warn=0.5,
            meaning="trees without a split, of a model in which fewer than ten have one",
            source="the last trees of a run often have none, so many of them count only where "
            "hardly any tree does more",
        ),
        Limit(
            name="lines_without_gain",
            unit="share of the log's end",
            direction="above",
            warn=0.8,
            meaning="lines at the end of a log in which LightGBM finds no split with a gain",
            source="LightGBM's own warning; measured: a public log of 250 such lines, 93 % of its "
            "end",
        ),
    ),
    explained_by=("constant-feature", "sparse-feature", "history-too-short"),
    profiles=("quick", "pre-train", "full"),
)
def trivial_trees(subject: BoosterModel | LogText) -> Outcome:
    """A boosted model that hardly splits.

    What it measures:
        The leaves of every tree in the file: none with a split at all, or fewer than ten among
        a majority without. Trees of one split (stumps) are trees; the last trees of a run may
        well have none; linear boosters have no trees. Of a text log, whether its last lines
        are nothing but LightGBM's warning that no split has a positive gain.

    Why it matters:
        The model predicts one number, or a handful. A ranking of stocks by it is a ranking by
        chance, and a threshold at zero makes every position long or every position short.

    What to do:
        Count the rows that reached the fit, and the distinct values of the features. Then lower
        gamma (min_gain_to_split), min_child_weight or min_data_in_leaf: on returns of a few
        per cent, a gain of 1 is out of reach. Scale the label by 100 or standardise it.

    Sources:
        XGBoost, parameters gamma and min_child_weight. LightGBM, min_data_in_leaf (20 by
        default) and its FAQ on "No further splits with positive gain".
    """
    if isinstance(subject, LogText):
        return _of_log(subject)
    booster = subject.parameters.get("booster", "gbtree")
    if booster == "gblinear":
        return NotMeasured("a linear booster has no trees")
    count = len(subject.trees)
    split = sum(tree.leaves > 1 for tree in subject.trees)
    splits = sum(tree.leaves - 1 for tree in subject.trees)
    trivial = count - split
    share = trivial / count if count and split < _FEW else 0.0
    evidence = [
        Evidence("trees", count, "trees"),
        Evidence("without_split", trivial, "trees"),
        Evidence("splits", splits, "splits"),
        *(
            Evidence(name, subject.parameters[name], None, "parameter")
            for name in ("gamma", "min_child_weight", "min_data_in_leaf", "min_gain_to_split")
            if name in subject.parameters
        ),
    ]
    if count == 0:
        title = "The model has no trees: every prediction is its base score"
    elif splits == 0:
        title = f"None of {count} trees has a split: every prediction is the same"
    elif share > 0.5:
        title = f"{trivial} of {count} trees have no split"
    else:
        title = f"{splits / count:.0f} splits a tree, {count} trees"
    values = {"constant_model": float(splits == 0), "trivial_share": share}
    return Measurement(title, values, tuple(evidence))


def _of_log(log: LogText) -> Outcome:
    told = [_NO_GAIN.search(line) or _STOPPED.search(line) for line in log.tail]
    if not any(told):
        return NotMeasured("no word of LightGBM about splits at the end of this log")
    share = sum(map(bool, told)) / len(log.tail)
    if log.lines < _FEWEST_LINES or len(log.tail) < _FEWEST_LINES:
        return NotMeasured(f"fewer than {_FEWEST_LINES} lines at the end of this log")
    title = f"LightGBM finds no split with a gain in {share:.0%} of the last lines"
    return Measurement(
        title,
        {"lines_without_gain": share},
        (Evidence("last_line", log.tail[-1][:120], None, f"line {log.lines:,}"),),
        line=log.lines,
    )
