"""From traces to findings: which marks reached what they must not reach, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable

from checks.leakage.source_rules import names
from checks.leakage.source_rules.evidence import Evidence
from checks.leakage.source_rules.trace import Finding, Reached, Trace
from checks.leakage.source_rules.values import Mark

_NAMED = {"selection": "selection before split", "shuffle": "shuffled rows"}


def findings(trace: Trace, evidence: Evidence, *, purged: bool) -> list[Finding]:
    """All findings in what is a time series, in the order of their lines, one a line and rule."""
    found = [f for mark in trace.made if (f := _of(mark, trace, evidence)) is not None]
    for finding in trace.findings:
        if purged and not finding.proven and finding.rule == "shuffled split":
            continue
        sure = finding.proven and evidence.is_market_series
        found.append(Finding(finding.line, finding.rule, finding.sentence, sure))
    return _sorted(found)


def _sorted(found: Iterable[Finding]) -> list[Finding]:
    best: dict[tuple[int, str], Finding] = {}
    for finding in found:
        key = (finding.line, finding.rule)
        if key not in best or finding.proven > best[key].proven:
            best[key] = finding
    return sorted(best.values())


def _of(mark: Mark, trace: Trace, evidence: Evidence) -> Finding | None:
    if mark.reaches_ahead:
        return _ahead(mark, trace, evidence)
    return _mixing(mark, trace, evidence)


def _mixing(mark: Mark, trace: Trace, evidence: Evidence) -> Finding | None:
    """Marks that mix all rows: a fault once the rows are cut into training and test."""
    rule = _NAMED.get(mark.kind, mark.kind)
    sure = not mark.soft and evidence.is_market_series
    in_both = trace.parts.get(mark, set()) >= {"train", "test"}
    reached = trace.features.get(mark)
    of_label = mark in trace.labels or (in_both and _only_labels(mark, trace))
    if mark.kind in ("full-period statistic", "centred window") and reached is None and of_label:
        return None
    if in_both:
        end = ", and training and test rows are cut from them afterwards"
        return Finding(mark.line, rule, mark.what + end, sure)
    if trace.label_parts.get(mark, set()) >= {"train", "test"}:
        if mark.kind in ("full-period statistic", "centred window", "selection"):
            return None
        end = ", and the labels of training and test rows are cut from them afterwards"
        return Finding(mark.line, rule, mark.what + end, False)
    if mark.kind in ("backward fill", "centred window") and reached is not None:
        return Finding(mark.line, rule, f"{mark.what}, and it reaches the features", sure)
    if mark.kind == "backward fill" and mark in trace.returned & trace.in_place and sure:
        return Finding(mark.line, rule, f"{mark.what}, and a function hands them on", False)
    if mark.kind in ("backward fill", "centred window", "full-period statistic"):
        return _by_name(mark, rule, trace)
    return None


def _only_labels(mark: Mark, trace: Trace) -> bool:
    stored = trace.stored.get(mark, {})
    return bool(stored) and all(names.is_label(name) for name in stored)


def _ahead(mark: Mark, trace: Trace, evidence: Evidence) -> Finding | None:
    """Marks of values from later rows: right in a label, a fault in a feature."""
    rule = mark.kind
    reached = trace.features.get(mark)
    if reached is not None:
        return _reached(mark, rule, reached, trace)
    if mark in trace.labels or not evidence.is_series:
        return None
    line = trace.signals.get(mark)
    if line:
        return Finding(mark.line, rule, f"{mark.what}, and trades are decided by it", not mark.soft)
    return _by_name(mark, rule, trace)


def _reached(mark: Mark, rule: str, reached: Reached, trace: Trace) -> Finding:
    stored = list(trace.stored.get(mark, {}))
    columns = reached.columns or tuple(stored[:1])
    label = next((c for c in columns if names.may_be_label(c)), None)
    if label is not None and (reached.with_labels or names.is_target(label)):
        sentence = f"label {label!r} ({mark.what}) stays among the features"
        return Finding(reached.line, "target among features", sentence, not mark.soft)
    name = f" in {columns[0]!r}" if columns else ""
    return Finding(mark.line, rule, f"{mark.what}{name}, which is a feature", not mark.soft)


def _by_name(mark: Mark, rule: str, trace: Trace) -> Finding | None:
    """Where no model is in sight: what it is stored under decides, and it stays a warning."""
    stored = list(trace.columns.get(mark, {}))
    known = trace.stored.get(mark, {})
    if not stored or any(names.is_label(name) for name in known):
        return None
    if trace.selections_known and mark.reaches_ahead:
        # features are given to a model in this file, and this is not among them
        return None
    named = next((n for n in stored if names.is_feature(n) or names.is_signal(n)), None)
    if named is None and rule == "centred window" and mark in trace.returned:
        named = stored[0]
    if named is None:
        return None
    return Finding(mark.line, rule, f"{mark.what}, stored as {named!r}", False)
