"""LAB001 label-horizon-mismatch."""

from __future__ import annotations

from checks.labels.recomputed import Label, recomputed
from ml_debugger.artifacts import Expectations, FeatureTable, PriceTable
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, Sample, check


@check(
    code="LAB001",
    name="label-horizon-mismatch",
    component="data",
    playbook="market-data",
    limits=(
        Limit(
            "sessions_off",
            "sessions",
            "above",
            "sessions between the claimed horizon and that of the return that the label is",
            "arithmetic: a label that another window reproduces to 2 % of a move, and the "
            "claimed one does not, is that other return",
            fail=0,
        ),
    ),
    profiles=("pre-train", "full"),
)
def label_horizon_mismatch(
    features: FeatureTable,
    prices: PriceTable | None,
    expectations: Expectations | None,
    sample: Sample,
) -> Outcome:
    """A label is not the return over the horizon it claims.

    What it measures:
        Every label is recomputed from the linked prices, or from closes in the table itself, for
        all horizons of 1 to 260 bars: arithmetic, logarithmic, in percent, as a difference or a
        future price, from close or from the next open, as classes, and less the mean of its
        date. The claim is the number in the label's name, or the only horizon of the
        configuration; it is honoured in bars, sessions or calendar days. A label that no plain
        return reproduces (scaled by volatility, ranked, a barrier label) is not judged.

    Why it matters:
        A model named for five sessions that learned twenty is traded, sized and scored over the
        wrong time, and its purge gap is too short, so that it leaks.

    What to do:
        Compute the label anew as close(t + horizon) / close(t) - 1 within each ticker, or name
        it after the horizon that it has. Then train anew and check the purge gap.

    Sources:
        Lopez de Prado, Advances in Financial Machine Learning, 2018, sections 3.2 and 7.4
        (labels over fixed horizons, purging by their length).
    """
    labels = recomputed(features, prices, sample, expectations)
    if isinstance(labels, str):
        return NotMeasured(labels)
    found = [x for x in labels if x.window is not None]
    if not found:
        names = labels[0].name if len(labels) == 1 else f"the {len(labels)} labels"
        return NotMeasured(f"{names}: {labels[0].reason}")
    claiming = [x for x in found if x.claimed is not None]
    if not claiming:
        return NotMeasured(f"no label claims a horizon ({', '.join(map(words, found[:3]))})")
    wrong = sorted((x for x in claiming if off(x)), key=off, reverse=True)
    if wrong:
        title = f"{words(wrong[0])}, not {wrong[0].claimed}"
        if len(wrong) > 1:
            title += f"; {len(wrong)} of {len(claiming)} labels are off"
    else:
        title = f"{len(claiming)} labels are returns over the horizons they claim"
        if len(claiming) == 1:
            title = words(claiming[0])
        if len(labels) > len(claiming):
            title += f", {len(labels) - len(claiming)} not judged"
    return Measurement(
        title,
        {"sessions_off": float(max(map(off, claiming)))},
        tuple(
            Evidence("horizon", length(x), "sessions", f"{x.name}, claimed {x.claimed}")
            for x in (wrong or claiming)[:5]
        ),
    )


def length(label: Label) -> int:
    """Bars over which a reproduced label runs."""
    assert label.window is not None
    return label.window.end if label.window.form == "level" else label.window.horizon


def off(label: Label) -> int:
    """Sessions by which a label's horizon is off; 0 where it is a shifted window instead."""
    window, claimed = label.window, label.claimed
    if window is None or claimed is None or label.honoured:
        return 0
    backward = window.end <= 0 or window.start < 0
    if backward or window.start > 1:
        return 0
    return max(1, abs(length(label) - claimed))


def words(label: Label) -> str:
    """What a reproduced label is."""
    assert label.window is not None
    forms = {
        "level": "price after",
        "difference": "price difference over",
        "class": "direction over",
        "excess": "return less its date's mean over",
    }
    form = forms.get(label.window.form, "return over")
    bars = length(label)
    return f"{label.name} is the {form} {bars} session{'s' if bars != 1 else ''}"
