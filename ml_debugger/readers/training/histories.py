"""Finds histories in a parsed document: mappings of metrics to lists of values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ml_debugger.readers.training.curves import MAX_RUNS, Run
from ml_debugger.readers.training.flat_records import flat
from ml_debugger.readers.training.json_arrays import Objects
from ml_debugger.readers.training.json_lines import kind_of
from ml_debugger.readers.training.metric_records import COUNTERS, counter_of
from ml_debugger.readers.training.names import (
    LOWER_IS_BETTER,
    TEST,
    TRAIN,
    VALIDATION,
    is_loss,
    words,
)
from ml_debugger.readers.training.numbers import as_number

MAX_DEPTH = 4
_STEPS = ("epoch", "epochs", "step", "steps", "iteration", "iterations", "round", "index")
_SETS = TRAIN | VALIDATION | TEST

Curves = dict[str, list[float | None]]


@dataclass(frozen=True)
class History:
    """Metrics by name; `steps` are the document's own, None where it has none."""

    segment: str
    curves: Curves
    steps: list[float] | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    planned: int | None = None

    def fill(self, run: Run, text: str, at: int) -> int:
        """Add the points to a run; the text from `at` on tells their lines."""
        if self.planned is not None:
            run.facts["planned_steps"] = self.planned
        for name, values in self.curves.items():
            lines, at = lines_of(text, self.keys.get(name, name), len(values), at)
            for position, value in enumerate(values):
                if value is not None:
                    step = self.steps[position] if self.steps is not None else float(position)
                    run.add(name, step, value, lines[position])
        return at


@dataclass(frozen=True)
class Boosted(History):
    """The evaluation results of a booster; names are SET-METRIC, as in its console log."""


@dataclass(frozen=True)
class Listed(History):
    """A list of records under a key; names and steps are those of the records."""

    key: str = ""
    counter: str | None = None

    def fill(self, run: Run, text: str, at: int) -> int:
        """Add the points to a run; the text from `at` on tells their lines."""
        begun = re.compile(re.escape(f'"{self.key}"') + r"\s*:\s*\[").search(text, at)
        if begun is None:
            return at
        records = Objects(text, begun.end())
        for line, record in records:
            entries = flat(record)
            step = as_number(entries.get(self.counter)) if self.counter is not None else None
            for name, written in entries.items():
                if name not in COUNTERS and (value := as_number(written)) is not None:
                    run.add(name, step, value, line)
        return records.end


def find(document: Any) -> list[History]:
    """All histories of a document, in its order."""
    found: list[History] = []
    for history in _histories(document, (), 0):
        found.append(history)
        if len(found) >= MAX_RUNS:
            break
    return found


def _histories(node: Any, path: tuple[str, ...], depth: int) -> Iterator[History]:
    if not isinstance(node, Mapping) or depth > MAX_DEPTH:
        return
    segment = " ".join(path)
    iterations = _catboost(node, segment)
    if iterations is not None:
        yield iterations
        return
    sets = _sets(node, segment)
    if sets is not None:
        yield sets
        return
    curves = _curves(node)
    if any(is_loss(name) for name in curves):
        yield _history(node, curves, segment)
    for key, value in node.items():
        if isinstance(value, list):
            yield from _listed(value, str(key), path)
        elif isinstance(value, Mapping) and str(key) not in curves:
            yield from _histories(value, (*path, str(key)[:80]), depth + 1)


def _listed(values: list[Any], key: str, path: tuple[str, ...]) -> Iterator[History]:
    """The records of a list with losses and a counter."""
    records = [one for one in values[:200] if isinstance(one, dict)]
    if len(records) == min(len(values), 200) and kind_of(records) == "metrics":
        counter = counter_of([flat(record) for record in records])
        yield Listed(" ".join((*path, key)), {}, key=key, counter=counter)


def _history(node: Mapping[Any, Any], curves: Curves, segment: str) -> History:
    steps = None
    longest = max(len(values) for values in curves.values())
    for name in _STEPS:
        own = curves.get(name)
        if own is not None and len(own) == longest and None not in own:
            steps = [value for value in own if value is not None]
            break
    kept = {name: values for name, values in curves.items() if name not in _STEPS}
    if steps is not None and any(len(values) > len(steps) for values in kept.values()):
        steps = None
    settings = node.get("params")
    planned = as_number(settings.get("epochs")) if isinstance(settings, Mapping) else None
    return History(
        segment, kept, steps, planned=int(planned) if planned and 0 < planned < 1e9 else None
    )


def _curves(node: Mapping[Any, Any]) -> Curves:
    found: Curves = {}
    for key, value in node.items():
        values = _values(value)
        if values is not None:
            found[str(key)[:200]] = values
    return found


def _values(value: Any) -> list[float | None] | None:
    """The numbers of a list, or of a column as pandas writes it; None for anything else."""
    if isinstance(value, Mapping):
        # {"0": 0.5, "1": 0.4}
        if len(value) < 2 or [str(key) for key in value] != [str(n) for n in range(len(value))]:
            return None
        value = list(value.values())
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) < 2:
        return None
    numbers = [as_number(one) for one in value]
    blank = sum(one is None for one in value)
    known = sum(number is not None for number in numbers)
    return numbers if known >= 1 and known + blank == len(value) else None


def _sets(node: Mapping[Any, Any], segment: str) -> History | None:
    """Data sets with their metrics: boosters' results, or a history kept by set."""
    inner = {str(key)[:100]: _curves(value) for key, value in node.items() if _has_lists(value)}
    named = [key for key in inner if any(word.rstrip("0123456789") in _SETS for word in words(key))]
    if not named or len(named) < len(inner):
        return None
    metrics = {metric for curves in inner.values() for metric in curves}
    if not any(is_loss(metric) or metric in _BOOSTED for metric in metrics):
        return None
    boosted = all(metric in _BOOSTED or "@" in metric for metric in metrics)
    mark = "-" if boosted else "/"
    curves = {f"{key}{mark}{m}": v for key, found in inner.items() for m, v in found.items()}
    keys = {f"{key}{mark}{m}": m for key, found in inner.items() for m in found}
    kind = Boosted if boosted else History
    return kind(segment, curves, keys=keys)


def _has_lists(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(_curves(value))


def _catboost(node: Mapping[Any, Any], segment: str) -> History | None:
    """CatBoost's catboost_training.json: the iterations, and in `meta` what was planned."""
    meta, rows = node.get("meta"), node.get("iterations")
    if not isinstance(meta, Mapping) or not isinstance(rows, list):
        return None
    curves: Curves = {}
    for kind in ("learn", "test"):
        told = meta.get(f"{kind}_metrics")
        names = [str(m.get("name")) for m in told or () if isinstance(m, Mapping)]
        for position, name in enumerate(names):
            column = [_cell(row, kind, position) for row in rows]
            if any(value is not None for value in column):
                curves[f"{kind}-{name}"] = column
    if not curves:
        return None
    planned = as_number(meta.get("iteration_count"))
    return Boosted(segment, curves, planned=int(planned) if planned and planned > 0 else None)


def _cell(row: Any, kind: str, position: int) -> float | None:
    cells = row.get(kind) if isinstance(row, Mapping) else None
    return as_number(cells[position]) if isinstance(cells, list) and position < len(cells) else None


def lines_of(text: str, key: str, count: int, at: int) -> tuple[list[int], int]:
    """The lines of the values of a list under a key, from a place of the text on, and its end."""
    found = re.compile(re.escape(f'"{key}"') + r"\s*:\s*[\[{]").search(text, at)
    if found is None:
        return [1] * count, at
    end = text.find("]" if text[found.end() - 1] == "[" else "}", found.end())
    end = len(text) if end < 0 else end
    first = text.count("\n", 0, found.end()) + 1
    lines: list[int] = []
    line = first
    for part in text[found.end() : end].split(",")[:count]:
        lead = len(part) - len(part.lstrip())
        lines.append(line + part.count("\n", 0, lead))
        line += part.count("\n")
    return lines + [line] * (count - len(lines)), end


_BOOSTED = LOWER_IS_BETTER | frozenset(
    {"auc", "aucpr", "map", "ndcg", "average_precision", "auc_mu", "kullback_leibler", "fair",
     "cross_entropy_lambda", "gamma_deviance", "gamma-nloglik", "poisson-nloglik", "interval",
     "tweedie-nloglik", "cox-nloglik", "aft-nloglik", "rmse", "f1", "pre", "r2", "lambdarank"}
)  # fmt: skip
