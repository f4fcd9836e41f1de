"""Folding: which findings of a run explain which others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ml_debugger.artifacts import Artifact
from ml_debugger.contract import Result, Status
from ml_debugger.workspace.links import Links

Upstream = Mapping[str, Iterable[str]]


def feeding(artifacts: Sequence[Artifact], links: Links) -> dict[str, list[str]]:
    """Subjects and paths, each with the subjects and paths of what feeds it."""
    near: dict[str, set[str]] = {}
    for artifact in artifacts:
        names = {n for a in links.upstream(artifact) for n in (a.subject, a.path) if n}
        for own in (artifact.subject, artifact.path):
            if own and names:
                near.setdefault(own, set()).update(names)
    return {own: sorted(names) for own, names in near.items()}


def distinct(results: Sequence[Result]) -> list[Result]:
    """The results without repeats: a subject with several partners may be judged alike by each."""
    seen: set[tuple[object, ...]] = set()
    kept = []
    for result in results:
        same = (result.fingerprint, result.status, result.title, result.reason, result.evidence)
        if same not in seen:
            seen.add(same)
            kept.append(result)
    return kept


def fold(
    results: Sequence[Result], explained_by: Mapping[str, Sequence[str]], upstream: Upstream
) -> list[Result]:
    """Name in each finding those findings of this run that explain it.

    `explained_by` maps a fault's name to the names of faults that cause it. A cause counts when
    it was found on the same subject or path, or on a subject that feeds this one (`upstream`
    maps a subject or path to those that feed it). A warning never explains a failure: three
    missing bars must not hide a collapsed model. A finding never explains itself, not even round
    a circle.
    """
    findings = [r for r in results if r.status in (Status.WARN, Status.FAIL)]
    codes = {r.name: r.code for r in results}
    folded = []
    for result in results:
        causes: list[Result] = []
        if result.status.is_finding:
            near = {result.subject, result.path, *upstream.get(result.subject, ())}
            near |= set(upstream.get(result.path or "", ()))
            causes = [
                cause
                for name in explained_by.get(result.name, ())
                for cause in findings
                if cause.name == name
                and cause.code != result.code
                and cause.status.gravity >= result.status.gravity
                and (cause.subject in near or (cause.path is not None and cause.path in near))
                and not _leads_to(result.name, name, explained_by, codes)
            ]
        folded.append(result.explained(causes))
    return folded


def _leads_to(
    start: str,
    goal: str,
    explained_by: Mapping[str, Sequence[str]],
    present: Mapping[str, str],
) -> bool:
    """True when `goal` is itself explained by `start`: then neither counts as the other's cause
    unless it was declared first by name, so that a circle has one root."""
    if start not in explained_by.get(goal, ()):
        return False
    return present.get(start, start) < present.get(goal, goal)
