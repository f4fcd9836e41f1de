"""LAB003 label-misaligned."""

from __future__ import annotations

from checks.labels.recomputed import Label, recomputed
from ml_debugger.artifacts import Expectations, FeatureTable, PriceTable
from ml_debugger.contract import Evidence, Limit, Measurement, NotMeasured, Outcome, Sample, check


@check(
    code="LAB003",
    name="label-misaligned",
    component="data",
    playbook="leakage",
    limits=(
        Limit(
            "rows_early",
            "rows",
            "above",
            "rows by which the label's window begins before its row, or is past altogether",
            "arithmetic: what lies before the close of a row is known there",
            fail=0,
        ),
        Limit(
            "rows_late",
            "rows",
            "above",
            "rows by which the label's window begins and ends after it should",
            "one row may be an execution lag, as in Qlib's default label Ref(close, -2) / "
            "Ref(close, -1) - 1; more than one is no convention",
            warn=0,
            fail=1,
        ),
    ),
    profiles=("pre-train", "full"),
)
def label_misaligned(
    features: FeatureTable,
    prices: PriceTable | None,
    expectations: Expectations | None,
    sample: Sample,
) -> Outcome:
    """Labels are shifted by rows against the prices.

    What it measures:
        From which bar to which bar the return runs that reproduces each label, by the linked
        prices or by closes in the table itself. A window that begins before the row's close, or
        is the past return, is early. One that begins and ends late is late: by one row it may be
        meant as an execution lag, which is a warning where the name claims a horizon, and no
        finding where it claims none. Entry at the next open, or at the next close with the
        claimed end, is no shift.

    Why it matters:
        An early label holds what the features already know: scores are excellent and false. A
        late label teaches the return of another day, and what skill there was is lost.

    What to do:
        Make the label with shift(-horizon) within each ticker, after sorting by ticker and time,
        and join it by ticker and time, never by row number. Then train anew.

    Sources:
        Kaufman, Rosset and Perlich, Leakage in data mining, KDD 2011. Microsoft Qlib,
        documentation of the data handler Alpha158 (label with an execution lag of one day).
    """
    labels = recomputed(features, prices, sample, expectations)
    if isinstance(labels, str):
        return NotMeasured(labels)
    found = [x for x in labels if x.window is not None]
    if not found:
        names = labels[0].name if len(labels) == 1 else f"the {len(labels)} labels"
        return NotMeasured(f"{names}: {labels[0].reason}")
    early = {x.name: rows_early(x) for x in found}
    late = {x.name: rows_late(x) for x in found}
    shifted = sorted(
        (x for x in found if early[x.name] or late[x.name]),
        key=lambda x: (-early[x.name], -late[x.name]),
    )
    if shifted and not shifted[0].certain and max(*early.values(), *late.values()) <= 1:
        return NotMeasured("labels are one row off, which dates without a zone may explain")
    if shifted:
        title = _words(shifted[0])
        if len(shifted) > 1:
            title += f"; {len(shifted)} of {len(found)} labels are shifted"
    else:
        title = f"{len(found)} labels begin at their own rows"
        if len(found) == 1:
            title = f"{found[0].name} runs from {_span(found[0])}"
        lagged = [x for x in found if x.window is not None and x.window.start == 1]
        if lagged:
            title = f"{lagged[0].name} runs from {_span(lagged[0])}, entered a bar later"
    return Measurement(
        title,
        {"rows_early": float(max(early.values())), "rows_late": float(max(late.values()))},
        tuple(Evidence("window", _span(x), where=x.name) for x in (shifted or found)[:5]),
    )


def rows_early(label: Label) -> int:
    """Rows of the past or present that a label holds."""
    window = label.window
    if window is None or window.form == "calendar":
        return 0
    if window.form == "level":
        return max(0, 1 - window.end)
    return max(0, -window.start)


def rows_late(label: Label) -> int:
    """Rows by which a label begins and ends after it should."""
    window = label.window
    if window is None or window.form in ("calendar", "level") or window.entry == "open":
        return 0
    by = max(0, window.start)
    if by == 1 and (label.claimed is None or label.claimed == window.end):
        return 0
    # a window of another length that starts a row late is named by its length
    return 0 if by == 1 and not label.honoured else by


def _words(label: Label) -> str:
    window = label.window
    assert window is not None
    if window.form == "level":
        when = "the same row" if window.end == 0 else f"{-window.end} rows before"
        return f"{label.name} is the price of {when}"
    if window.end == 0:
        bars = f"{window.horizon} session" + ("s" if window.horizon > 1 else "")
        return f"{label.name} is the past return over {bars}"
    if window.start < 0:
        return f"{label.name} begins {_rows(-window.start)} early ({_span(label)})"
    return f"{label.name} begins {_rows(window.start)} late ({_span(label)})"


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def _span(label: Label) -> str:
    window = label.window
    assert window is not None
    if window.form == "level":
        return f"price at t{window.end:+d}"
    entry = "open of " if window.entry == "open" else ""
    return f"{entry}{_at(window.start)} to {_at(window.end)}"


def _at(bar: int) -> str:
    return f"t{bar:+d}" if bar else "t"
