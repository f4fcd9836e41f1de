"""Where a measurement meets its limits and becomes a result."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ml_debugger.artifacts import FeatureTable, PriceTable
from ml_debugger.artifacts.masking import mask
from ml_debugger.contract import (
    Check,
    Evidence,
    Limit,
    Measurement,
    NotMeasured,
    Outcome,
    Result,
    ResultEvidence,
    Settings,
    Status,
)
from ml_debugger.errors import ConfigError, ContractError
from ml_debugger.runtime.plan import Task
from ml_debugger.workspace.configuration import Value

CUT = 4
"""Places from which on a check may have left out others."""

Overrides = Mapping[tuple[str, str], Value]


def effective(check: Check, overrides: Overrides) -> tuple[tuple[Limit, ...], Settings]:
    """The limits and settings of a check after configuration.

    Raises ConfigError naming a limit that the check does not have.
    """
    limits = {limit.name: limit for limit in check.limits}
    settings = {setting.name: setting.default for setting in check.settings}
    for (owner, name), configured in overrides.items():
        if owner not in (check.name, check.code):
            continue
        value = configured.value
        if name in limits:
            limits[name] = limits[name].override(_levels(limits[name], value))
        elif name in settings and not isinstance(value, Mapping):
            settings[name] = float(value)
        else:
            known = ", ".join((*limits, *settings))
            raise ConfigError(
                f"{configured.source}: check {check.name} has no limit '{name}'; it has: {known}"
            )
    return tuple(limits.values()), Settings(settings)


def _levels(limit: Limit, value: Any) -> Mapping[str, float | None]:
    """A bare number replaces the gravest level that the limit has."""
    if isinstance(value, Mapping):
        return {level: float(number) for level, number in value.items()}
    return {"fail" if limit.fail is not None else "warn": float(value)}


def judge(task: Task, measure: Callable[[], Outcome], overrides: Overrides) -> Result:
    """Run one measurement and compare it with the limits; a crash becomes an error result.

    Secrets in what it says are masked here, before it is printed or stored.
    """
    return _masked(_judged(task, measure, overrides))


def _masked(result: Result) -> Result:
    """The result without the secrets that a title, a reason or evidence quotes."""
    evidence = tuple(
        replace(
            one,
            name=mask(one.name),
            value=mask(one.value) if isinstance(one.value, str) else one.value,
            where=one.where and mask(one.where),
        )
        for one in result.evidence
    )
    reason = result.reason and mask(result.reason)
    return replace(result, title=mask(result.title), reason=reason, evidence=evidence)


def _judged(task: Task, measure: Callable[[], Outcome], overrides: Overrides) -> Result:
    check = task.check
    started = time.monotonic()
    blank = Result(
        code=check.code,
        name=check.name,
        component=check.component,
        status=Status.SKIP,
        subject=task.subject,
        title=check.card.headline.rstrip("."),
        path=task.path,
        playbook=check.playbook,
        required=check.required,
    )
    if task.missing is not None:
        return replace(blank, reason=task.missing)
    if task.failed is not None:
        return replace(blank, status=Status.ERROR, reason=task.failed)
    try:
        outcome = measure()
        result = _compare(blank, outcome, effective(check, overrides)[0])
        if isinstance(outcome, Measurement) and result.status.is_finding:
            path = outcome.path or _file(outcome, task) or blank.path
            result = replace(result, path=path, fix=check.fix)
    except Exception as error:  # noqa: BLE001  the boundary: a failing check is an error result
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        result = replace(blank, status=Status.ERROR, reason=f"the check failed: {reason}")
    return replace(result, seconds=time.monotonic() - started)


def _compare(blank: Result, outcome: Outcome, limits: tuple[Limit, ...]) -> Result:
    if isinstance(outcome, NotMeasured):
        required = blank.required or outcome.required
        return replace(blank, reason=outcome.reason, required=required)
    by_name = {limit.name: limit for limit in limits}
    for name in outcome.values:
        if name not in by_name:
            raise ContractError(f"{blank.code} measured '{name}', for which it has no limit")
    # a value that is not a number is an aspect that could not be measured: the others decide
    judged = {
        name: by_name[name].judge(value)
        for name, value in outcome.values.items()
        if not math.isnan(value)
    }
    too_little = [name for name, status in judged.items() if status is Status.SKIP]
    if too_little or not any(_decides(by_name[name]) for name in judged):
        return replace(blank, title=outcome.title, reason=_too_little(outcome, by_name, too_little))
    return replace(
        blank,
        status=max(judged.values(), key=lambda status: status.gravity),
        title=outcome.title,
        line=outcome.line,
        evidence=_evidence(outcome, by_name, judged),
    )


def _file(outcome: Measurement, task: Task) -> str | None:
    """The one file that a finding is about, where the table stands in a file for each ticker."""
    table = task.given[0]
    if not isinstance(table, PriceTable | FeatureTable) or not table.files:
        return None
    places = [evidence.where for evidence in outcome.evidence if evidence.where]
    tickers = {place.partition(" ")[0] for place in places}
    # a long list of places was cut, so it says nothing of the files that are not on it
    return table.files.get(*tickers) if len(tickers) == 1 and len(places) < CUT else None


def _decides(limit: Limit) -> bool:
    """Whether a limit can pass or accuse, and not only say that there is too little evidence."""
    return limit.warn is not None or limit.fail is not None


def _too_little(outcome: Measurement, limits: Mapping[str, Limit], names: list[str]) -> str:
    if not names:
        return f"{' and '.join(outcome.values) or 'nothing'} could not be measured"
    limit = limits[names[0]]
    value = outcome.values[names[0]]
    asked = "at least" if limit.direction == "below" else "at most"
    return f"too little evidence: {limit.name} is {value:g} {limit.unit}, {asked} {limit.skip:g}"


def _evidence(
    outcome: Measurement, limits: Mapping[str, Limit], judged: Mapping[str, Status]
) -> tuple[ResultEvidence, ...]:
    """What is beyond its limit first, then the facts, then what is within its limit."""

    def measured(name: str) -> ResultEvidence:
        value, limit = finite(outcome.values[name]), limits[name]
        return ResultEvidence(name, value, limit.unit, limit.level(judged[name]), None)

    return (
        *(measured(name) for name, status in judged.items() if status.is_finding),
        *(_fact(evidence) for evidence in outcome.evidence),
        *(measured(name) for name, status in judged.items() if not status.is_finding),
    )


def _fact(evidence: Evidence) -> ResultEvidence:
    return ResultEvidence(
        evidence.name, finite(evidence.value), evidence.unit, None, evidence.where
    )


def finite(value: Any) -> Any:
    """A value that JSON can hold: plain Python, and words for what is not finite."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return value if isinstance(value, str | bool | int | float | None) else str(value)
