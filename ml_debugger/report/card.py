"""What can be said of a check beyond its own declaration: neighbours, configuration, playbook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ml_debugger.contract import Check
from ml_debugger.runtime.judge import Overrides, effective
from ml_debugger.runtime.plan import kind_name
from ml_debugger.runtime.playbook_file import identifiers
from ml_debugger.runtime.registry import Registry

LEVELS = ("warn", "fail", "skip")


@dataclass(frozen=True)
class CardFacts:
    """A check with everything that its card shows.

    `judges` are artifact kinds in words, the subject first. `explained_by` and `explains` are
    "name (CODE)", or the name alone where no such check is installed. `limits` and `settings`
    hold the values in force; `configured` tells what was configured, and where.
    `playbook` is None where the check's playbook does not exist.
    """

    check: Check
    judges: tuple[str, ...]
    explained_by: tuple[str, ...]
    explains: tuple[str, ...]
    limits: tuple[dict[str, Any], ...]
    settings: tuple[dict[str, Any], ...]
    playbook: str | None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        check, card = self.check, self.check.card
        return {
            "code": check.code,
            "name": check.name,
            "component": check.component,
            "judges": list(self.judges),
            "headline": card.headline,
            "measures": card.measures,
            "matters": card.matters,
            "remedy": card.remedy,
            "sources": card.sources,
            "limits": list(self.limits),
            "settings": list(self.settings),
            "explained_by": list(self.explained_by),
            "explains": list(self.explains),
            "playbook": self.playbook,
            "fix": check.fix,
            "profiles": list(check.profiles),
            "preview": check.preview,
        }


def describe(check: Check, registry: Registry, overrides: Overrides = {}) -> CardFacts:  # noqa: B006  never changed
    """All facts of a check. Raises ConfigError for an override that the check does not have."""
    limits, settings = effective(check, overrides)
    mine = {
        name: value
        for (owner, name), value in overrides.items()
        if owner in (check.name, check.code)
    }

    def configured(name: str, default: Mapping[str, Any]) -> dict[str, Any] | None:
        if name not in mine:
            return None
        return {"value": mine[name].value, "source": mine[name].source, "default": dict(default)}

    def named(name: str) -> str:
        code = registry.code_of(name)
        return f"{name} ({code})" if code else name

    return CardFacts(
        check=check,
        judges=tuple(kind_name(need.kind) for need in check.needs),
        explained_by=tuple(named(name) for name in check.explained_by),
        explains=tuple(
            f"{other.name} ({other.code})"
            for other in registry.values()
            if check.name in other.explained_by
        ),
        limits=tuple(
            {
                **asdict(limit),
                "configured": configured(
                    limit.name, {level: getattr(default, level) for level in LEVELS}
                ),
            }
            for limit, default in zip(limits, check.limits, strict=True)
        ),
        settings=tuple(
            {
                **asdict(setting),
                "value": settings[setting.name],
                "configured": configured(setting.name, {"": setting.default}),
            }
            for setting in check.settings
        ),
        playbook=check.playbook if check.playbook in identifiers() else None,
    )
