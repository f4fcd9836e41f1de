"""The checks that are installed: found through entry points, loaded when asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from ml_debugger.components import COMPONENTS
from ml_debugger.contract import Check
from ml_debugger.errors import ContractError, UsageError

GROUP = "ml_debugger.checks"


class Registry(Mapping[str, Check]):
    """Checks by code, in the order of the codes."""

    def __init__(self, checks: Iterable[Check]) -> None:
        self._checks: dict[str, Check] = {}
        names: dict[str, str] = {}
        for check in sorted(checks, key=lambda c: c.code):
            if check.code in self._checks or check.name in names:
                raise ContractError(f"check {check.code} {check.name} is registered twice")
            self._checks[check.code] = check
            names[check.name] = check.code
        self._names = names

    def __getitem__(self, code: str) -> Check:
        return self._checks[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._checks)

    def __len__(self) -> int:
        return len(self._checks)

    def find(self, word: str) -> Check:
        """A check by code or name, in any case; UsageError with near matches otherwise."""
        code = self._names.get(word.lower(), word.upper())
        if code in self._checks:
            return self._checks[code]
        near = get_close_matches(word.lower(), (*self._names, *map(str.lower, self._checks)), 3)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; see 'diagnostic checks'"
        raise UsageError(f"no check has the code or name '{word}'{hint}")

    def code_of(self, name: str) -> str | None:
        """The code of a fault name, None when no check of that name is installed."""
        return self._names.get(name)

    def select(self, words: Iterable[str], profile: str = "full") -> list[Check]:
        """Checks by code, name, prefix or component; all of the profile when no word is given."""
        words = list(words)
        if not words:
            return [check for check in self.values() if profile in check.profiles]
        chosen: dict[str, Check] = {}
        for word in words:
            if word.lower() in COMPONENTS:
                group = [c for c in self.values() if c.component == word.lower()]
            elif any(check.prefix == word.upper() for check in self.values()):
                group = [c for c in self.values() if c.prefix == word.upper()]
            else:
                group = [self.find(word)]
            chosen.update((check.code, check) for check in group)
        return [self._checks[code] for code in self._checks if code in chosen]


@cache
def registry() -> Registry:
    """All installed checks. Raises ContractError naming an entry point that is no check."""
    return Registry(_load(point) for point in entry_points(group=GROUP))


def _load(point: EntryPoint) -> Check:
    try:
        loaded = point.load()
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise ContractError(f"check {point.name} = {point.value}: {reason}") from error
    if not isinstance(loaded, Check):
        raise ContractError(f"entry point {point.name} = {point.value} is not a check")
    if loaded.code != point.name:
        raise ContractError(f"entry point {point.name} names the check {loaded.code}")
    return loaded
