"""Which findings of a live run stand: a run is looked at often, and chance accuses it once."""

from __future__ import annotations

from collections.abc import Sequence

from ml_debugger.contract import Result

AT_ONCE = frozenset({"non-finite-loss", "non-finite-gradient"})
"""Findings that no further step can take back."""
PATIENCE = 60.0
"""Seconds after which a finding stands although nothing more was written: a hang."""


class Standing:
    """Remembers since when each finding has been there without a break."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[int, float]] = {}

    def of(
        self, results: Sequence[Result], *, seen: int, now: float, final: bool = False
    ) -> list[Result]:
        """The findings that stand, roots first.

        `seen` grows with what is known of the run, `now` is a monotonic time in seconds. A
        finding stands in a later look that knows more, or after a minute; a loss that is no
        number, and what is there at the end of the training (`final`), stands at once.
        """
        findings = [result for result in results if result.status.is_finding]
        self._since = {f.fingerprint: self._since.get(f.fingerprint, (seen, now)) for f in findings}

        def stands(finding: Result) -> bool:
            knew, when = self._since[finding.fingerprint]
            return final or finding.name in AT_ONCE or seen > knew or now - when > PATIENCE

        return sorted(filter(stands, findings), key=lambda finding: bool(finding.caused_by))
