"""One result: a check run on one subject, as every output format shows it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ml_debugger.contract.status import Status


@dataclass(frozen=True, slots=True)
class ResultEvidence:
    """A fact with the limit that it was compared with, if any."""

    name: str
    value: float | int | str | bool | None
    unit: str | None = None
    limit: float | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The end of one check on one subject.

    `caused_by` holds the codes of the findings that explain it, `causes` their fingerprints.
    """

    code: str
    name: str
    component: str
    status: Status
    subject: str
    title: str
    path: str | None = None
    line: int | None = None
    evidence: tuple[ResultEvidence, ...] = ()
    reason: str | None = None
    caused_by: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    playbook: str | None = None
    fix: str | None = None
    required: bool = False
    seconds: float = 0.0

    @property
    def fingerprint(self) -> str:
        """Identity of the trouble from run to run: code and subject, no measured value."""
        key = "\x1f".join((self.code, self.subject, self.path or ""))
        return hashlib.sha256(key.encode()).hexdigest()[:16]

    def explained(self, causes: Sequence[Result]) -> Result:
        """A copy that names the findings that explain it."""
        return replace(
            self,
            caused_by=tuple(dict.fromkeys(cause.code for cause in causes)),
            causes=tuple(dict.fromkeys(cause.fingerprint for cause in causes)),
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON form of the result."""
        return {
            "code": self.code,
            "name": self.name,
            "component": self.component,
            "status": self.status.value,
            "subject": self.subject,
            "path": self.path,
            "line": self.line,
            "title": self.title,
            "evidence": [
                {
                    "name": e.name,
                    "value": e.value,
                    "unit": e.unit,
                    "limit": e.limit,
                    "where": e.where,
                }
                for e in self.evidence
            ],
            "reason": self.reason,
            "caused_by": list(self.caused_by),
            "causes": list(self.causes),
            "playbook": self.playbook,
            "fix": self.fix,
            "fingerprint": self.fingerprint,
            "required": self.required,
            "seconds": round(self.seconds, 4),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Result:
        """The inverse of `to_dict`."""
        return cls(
            code=data["code"],
            name=data["name"],
            component=data["component"],
            status=Status(data["status"]),
            subject=data["subject"],
            title=data["title"],
            path=data["path"],
            line=data["line"],
            evidence=tuple(ResultEvidence(**e) for e in data["evidence"]),
            reason=data["reason"],
            caused_by=tuple(data["caused_by"]),
            causes=tuple(data.get("causes", ())),
            playbook=data["playbook"],
            fix=data["fix"],
            required=data["required"],
            seconds=data["seconds"],
        )
