"""LEK009 leaky-source."""

from __future__ import annotations

from checks.leakage.source_rules.analysis import analyse
from ml_debugger.artifacts import SourceFile
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, check

SHOWN = 8
"""Occurrences that are shown one by one."""


@check(
    code="LEK009",
    name="leaky-source",
    component="data",
    playbook="leakage",
    limits=(
        Limit(
            "proven_leaks",
            "places",
            "above",
            "places where the flow of data in the source takes the future into features or splits",
            "one is enough to void every score: Kapoor and Narayanan 2023 found such leaks in "
            "294 papers; a place is proven when the same data are followed from the call to the "
            "split or the fit in one file that handles prices in the order of time",
            fail=0,
        ),
        Limit(
            "probable_leaks",
            "places",
            "above",
            "places that look ahead, but whose way into a model is not seen in the file",
            "names and calls alone do not show what the value is used for",
            warn=0,
        ),
    ),
    profiles=("pre-train", "full"),
)
def leaky_source(source: SourceFile) -> Outcome:
    """Source code lets the future into features, scalers or splits.

    What it measures:
        The syntax of a Python file or notebook, never run. Values are followed from where data
        are read to where a model is fitted: scalers, imputers, selectors and resamplers fitted on
        all rows that are cut into training and test later; shuffled splits and folds; centred
        windows and filters; negative shifts, backward fills and joins to later rows that reach
        features; statistics of the full period in features; label columns kept among the
        features; bars of a week or month put on its days. A negative shift that only makes the
        label is right. Only code whose data are a time series is judged: prices, dates, lags and
        windows show that.

    Why it matters:
        Validation and backtest then ask what training has seen. The scores look good, and the
        money is lost in production.

    What to do:
        Fit every transformer on the training rows of each fold alone: a Pipeline inside
        TimeSeriesSplit does that. Split by time. Shift features forward, never back. Drop the
        label from the features by name.

    Sources:
        Kapoor and Narayanan, Leakage and the reproducibility crisis in machine-learning-based
        science, Patterns 4(9), 2023. Lopez de Prado, Advances in Financial Machine Learning,
        2018, chapters 7 and 12. scikit-learn user guide, Common pitfalls: data leakage.
    """
    if source.problem is not None:
        return NotMeasured(source.problem)
    analysis = analyse(source)
    if analysis.reason is not None:
        return NotMeasured(analysis.reason)
    found = analysis.findings
    proven = sum(finding.proven for finding in found)
    values = {"proven_leaks": float(proven), "probable_leaks": float(len(found) - proven)}
    if not found:
        return Measurement(f"No future reaches features or splits{analysis.rest}", values)
    # what is proven comes first where not all are shown
    shown = sorted(sorted(found, key=lambda f: (not f.proven, f.line))[:SHOWN])
    first = min(found, key=lambda f: (not f.proven, f.line))
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return Measurement(
        f"{first.rule.capitalize()} in {analysis.where(first.line)}{more}",
        values,
        tuple(Evidence(f.rule, f.sentence, where=analysis.where(f.line)) for f in shown),
        line=analysis.line(first.line),
    )
