"""The report of a run: results folded under their roots, summary, score and exit code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ml_debugger import __version__
from ml_debugger.contract import Result, Status
from ml_debugger.runtime.picture import Picture

SCHEMA_VERSION = "1.0"

OK, FINDINGS, USAGE, INCOMPLETE, INTERRUPTED = 0, 1, 2, 3, 130

GRADES = ((90, "A"), (80, "B"), (70, "C"), (60, "D"), (50, "E"))
"""Score from which a grade is given, as popeye grades clusters; F below."""

CAPPED_BY_FAIL = 69
"""A run with a failure is never better than a D."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts by status, score (None where nothing was judged), grade and coverage."""

    counts: Mapping[Status, int]
    score: int | None
    grade: str | None
    coverage: float

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            **{status.value: self.counts[status] for status in Status},
            "score": self.score,
            "grade": self.grade,
            "coverage": round(self.coverage, 4),
        }


@dataclass(frozen=True)
class Report:
    """Everything that a finished run says."""

    run: str
    command: str
    profile: str
    started: str
    seconds: float
    workspace: str
    results: Sequence[Result]
    notes: Sequence[str] = field(default=())
    fail_on: Status = Status.FAIL
    min_score: float | None = None
    required: frozenset[str] = frozenset()
    new: frozenset[str] | None = None
    gone: Sequence[str] = field(default=())
    interrupted: bool = False
    broken: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    picture: Picture = field(default=Picture())

    @property
    def summary(self) -> Summary:
        """Counts, score and coverage."""
        return summarise(self.results)

    @property
    def roots(self) -> list[Result]:
        """Findings that no other finding of this run explains, the gravest last."""
        roots = [r for r in self._findings if not set(r.causes) & self._by_fingerprint.keys()]

        def gravity(root: Result) -> tuple[int, int, str]:
            return (root.status.gravity, len(self.consequences(root)), root.code)

        return sorted(roots, key=gravity)

    def consequences(self, root: Result) -> list[Result]:
        """Findings that this one explains, directly or not; each belongs to its first cause."""
        found: list[Result] = []
        todo = [root.fingerprint]
        while todo:
            cause = todo.pop(0)
            for result in self._findings:
                known = [c for c in result.causes if c in self._by_fingerprint]
                if known and known[0] == cause and result not in (root, *found):
                    found.append(result)
                    todo.append(result.fingerprint)
        return found

    @cached_property
    def _findings(self) -> list[Result]:
        return [result for result in self.results if result.status.is_finding]

    @cached_property
    def _by_fingerprint(self) -> dict[str, Result]:
        return {result.fingerprint: result for result in self._findings}

    @property
    def exit_code(self) -> int:
        """0 clean, 1 findings, 3 incomplete, 130 interrupted."""
        if self.interrupted:
            return INTERRUPTED
        if any(
            r.status.is_finding and r.status.gravity >= self.fail_on.gravity for r in self.results
        ):
            return FINDINGS
        score = self.summary.score
        if self.min_score is not None and score is not None and score < self.min_score:
            return FINDINGS
        if self.broken is not None or self._unlooked:
            return INCOMPLETE
        return OK

    @property
    def _unlooked(self) -> bool:
        """Whether something failed, or was required and nobody could look at it."""
        judged = {r.code for r in self.results if r.status not in (Status.SKIP, Status.ERROR)}
        return bool(self.required - judged) or any(
            r.status is Status.ERROR or (r.status is Status.SKIP and r.required)
            for r in self.results
        )

    def to_dict(self) -> dict[str, Any]:
        """The document that `--format json` prints."""
        return {
            "schema_version": SCHEMA_VERSION,
            "tool": {"name": "diagnostic", "version": __version__},
            "run": {
                "id": self.run,
                "command": self.command,
                "profile": self.profile,
                "started": self.started,
                "seconds": round(self.seconds, 3),
                "workspace": self.workspace,
                "exit_code": self.exit_code,
            },
            "results": [result.to_dict() for result in self.results],
            "notes": list(self.notes),
            "broken": self.broken,
            "new": None if self.new is None else sorted(self.new),
            "gone": list(self.gone),
            "summary": self.summary.to_dict(),
            "files": dict(self.files),
            "machine": self.picture.machine_dict(),
            "training": self.picture.training_dict(),
        }


def summarise(results: Sequence[Result]) -> Summary:
    """Counts, score, grade and coverage.

    The score is the share of judged results that passed, a warning counting half, in percent.
    Skipped results, errors and notes leave it. Any failure caps it below a C, each further one
    costs a point. Coverage is the share of results that were judged.
    """
    counts = dict.fromkeys(Status, 0)
    for result in results:
        counts[result.status] += 1
    judged = counts[Status.PASS] + counts[Status.WARN] + counts[Status.FAIL]
    unjudged = counts[Status.SKIP] + counts[Status.ERROR]
    coverage = judged / (judged + unjudged) if judged + unjudged else 0.0
    if not judged:
        return Summary(counts, None, None, coverage)
    score = round(100 * (counts[Status.PASS] + counts[Status.WARN] / 2) / judged)
    if counts[Status.FAIL]:
        score = max(0, min(score, CAPPED_BY_FAIL - counts[Status.FAIL]))
    grade = next((letter for least, letter in GRADES if score >= least), "F")
    return Summary(counts, score, grade, coverage)
