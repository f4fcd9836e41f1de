"""Validation records: accuracies of train, validation and test, and walk-forward efficiency."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from ml_debugger.artifacts import Artifact, Fold, Split, ValidationRecord, Window
from ml_debugger.readers.head import Head
from ml_debugger.readers.reader import Reader, Reading, Unreadable
from ml_debugger.readers.records.document import load, sketch
from ml_debugger.readers.records.figures import (
    PLANS,
    Figure,
    day,
    figures,
    first,
    plain,
    share,
    text,
    whole,
)
from ml_debugger.readers.records.windows import PARTS, rows, shuffled, windows

SCHEMA = "ml-debugger/validation/1"

DIRECTIONAL = (
    "dir_acc",
    "dir_accuracy",
    "directional_accuracy",
    "direction_accuracy",
    "directional_acc",
    "direction_acc",
    "hit_rate",
    "hit_ratio",
    "da",
)
PLAIN = ("accuracy", "acc")
WFE = (
    "wfe",
    "walk_forward_efficiency",
    "wf_efficiency",
    "mean_wfe",
    "avg_wfe",
    "average_wfe",
    "overall_wfe",
)
INNER = (
    "metrics",
    "scores",
    "performance",
    "validation_metrics",
    "walk_forward",
    "walkforward",
    "summary",
    "overall",
    "aggregate",
    "results",
    "mean",
)
FOLDS = (
    "folds",
    "fold_results",
    "fold_metrics",
    "splits",
    "windows",
    "cells",
    "walk_forward_folds",
)
MAX_DEPTH = 5


@dataclass(frozen=True, slots=True)
class _Found:
    """An object of the document that is a record, under the names that lead to it."""

    node: Mapping[str, Any]
    trail: tuple[str, ...]


def _flat(node: Mapping[str, Any]) -> dict[str, Any]:
    """The object's entries, with those of its inner objects of metrics."""
    flat = dict(node)
    for key, value in node.items():
        if plain(str(key)) in INNER and isinstance(value, Mapping):
            for inner, item in value.items():
                flat.setdefault(inner, item)
    return flat


def _accuracy(node: Mapping[str, Any], part: str, stems: Sequence[str]) -> Figure | None:
    found = figures(node)
    for name, stem in product(PARTS[part], stems):
        figure = first(found, (f"{name}_{stem}", f"{stem}_{name}", f"mean_{name}_{stem}"))
        if figure is not None:
            return figure
    spelled = {plain(str(key)): value for key, value in node.items()}
    for name, ending in product(PARTS[part], ("", "_metrics", "_results")):
        inner = spelled.get(name + ending)
        if isinstance(inner, Mapping):
            return first(figures(inner), stems)
    return None


def _parts(node: Mapping[str, Any]) -> dict[str, float | None]:
    """Accuracies by part; those that are called directional come first."""
    for stems in (DIRECTIONAL, PLAIN):
        found = {part: share(_accuracy(node, part, stems)) for part in PARTS}
        if found["test"] is not None or found["validation"] is not None:
            return found
    return dict.fromkeys(PARTS)


def _is_record(node: Mapping[str, Any]) -> bool:
    """Whether an object tells directional accuracies or a walk-forward efficiency.

    Bare `val_accuracy` and `test_accuracy` are left alone: they are what any classifier logs,
    and 0.5 need not be its baseline.
    """
    flat = _flat(node)
    has_wfe = any(plain(str(key)) in WFE for key in flat)
    directional = [_accuracy(flat, part, DIRECTIONAL) is not None for part in PARTS]
    if sum(directional) >= 2 or (has_wfe and any(_parts(flat).values())):
        return True
    if has_wfe and isinstance(first(figures(flat), WFE), Figure):
        return any(stem in figures(flat) for stem in (*DIRECTIONAL, *PLAIN))
    return any(_is_record(fold) for fold in _folds(flat)[:1])


def _folds(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    spelled = {plain(str(key)): value for key, value in node.items()}
    for name in FOLDS:
        value = spelled.get(name)
        if isinstance(value, Mapping):
            value = list(value.values())
        if isinstance(value, list) and value and all(isinstance(v, Mapping) for v in value):
            return value
    return []


def _records(node: Any, trail: tuple[str, ...] = ()) -> Iterator[_Found]:
    if len(trail) > MAX_DEPTH:
        return
    if isinstance(node, Mapping):
        if _is_record(node):
            yield _Found(node, trail)
            return
        for key, value in node.items():
            name = plain(str(key))
            if name not in PLANS:
                yield from _records(value, trail if name in INNER else (*trail, str(key)))
    elif isinstance(node, list):
        for number, value in enumerate(node[:1000]):
            if isinstance(value, Mapping):
                name = text(value, ("symbol", "ticker", "model", "name")) or str(number)
                yield from _records(value, (*trail, name))


def _wfe(node: Mapping[str, Any], parts: Mapping[str, float | None]) -> float | None:
    """The recorded efficiency in percent.

    A bare number of at most 3 is a share when that reading lies nearer to what the accuracies
    give, by either formula, or when there are none to tell.
    """
    figure = first(figures(node), WFE)
    if figure is None:
        return None
    if figure.percent or abs(figure.value) > 3 or figure.value == 0:
        return figure.value
    validation, test = parts["validation"], parts["test"]
    if not validation or test is None:
        return 100 * figure.value
    near = [100 * test / validation]
    if validation - 0.5 > 0.001:
        near.append(100 * (test - 0.5) / (validation - 0.5))
    readings = (100 * figure.value, figure.value)
    return min(readings, key=lambda reading: min(abs(reading - other) for other in near))


def _fold(node: Mapping[str, Any]) -> Fold:
    flat = _flat(node)
    parts = _parts(flat)
    return Fold(parts["train"], parts["validation"], parts["test"], _wfe(flat, parts))


def _artifacts(found: _Found, head: Head) -> Iterator[Artifact]:
    flat = _flat(found.node)
    numbers = figures(flat)
    parts = _parts(flat)
    folds = _folds(flat)
    wfe = _wfe(flat, parts)
    name = f"{head.shown} [{' / '.join(found.trail)}]" if found.trail else head.shown
    model = text(flat, ("model", "model_type", "model_name", "algorithm", "estimator"))
    horizon = whole(
        first(
            numbers,
            (
                "horizon",
                "forecast_horizon",
                "prediction_horizon",
                "horizon_days",
                "horizon_sessions",
                "target_horizon",
            ),
        )
    )
    spelled = {plain(str(key)): value for key, value in flat.items()}
    yield ValidationRecord(
        name,
        head.shown,
        model=model,
        horizon=horizon,
        folds=tuple(_fold(fold) for fold in folds),
        train_accuracy=parts["train"],
        validation_accuracy=parts["validation"],
        test_accuracy=parts["test"],
        wfe=wfe,
        wfe_recorded=wfe is not None,
        test_rows=_test_rows(flat, folds),
        trained_through=day(spelled.get("trained_through") or spelled.get("trained_until")),
    )
    split = _windows(flat, folds)
    mixed = shuffled(flat)
    if split or mixed:
        yield Split(
            name,
            head.shown,
            windows=tuple(split),
            horizon=horizon,
            lookback=whole(
                first(
                    numbers,
                    ("lookback", "sequence_length", "seq_len", "window_size", "lookback_window"),
                )
            ),
            purge=whole(first(numbers, ("purge", "purge_gap", "gap", "purge_days"))),
            shuffled=mixed,
        )


def _test_rows(node: Mapping[str, Any], folds: Sequence[Mapping[str, Any]]) -> int | None:
    counts = [rows(fold, "test") for fold in folds]
    known = [count for count in counts if count is not None]
    if known and len(known) == len(counts):
        return sum(known)
    return rows(node, "test")


def _windows(node: Mapping[str, Any], folds: Sequence[Mapping[str, Any]]) -> list[Window]:
    found: list[Window] = []
    for position, fold in enumerate(folds):
        number = whole(first(figures(fold), ("fold", "fold_id", "number", "index")))
        found.extend(windows(fold, position if number is None else number))
    return found or windows(node, None)


def recognise(head: Head) -> str | None:
    """A JSON object, or objects by symbol or model, with the keys of a validation record."""
    document = sketch(head)
    if isinstance(document, Mapping) and document.get("schema") == SCHEMA:
        return "validation-record"
    if isinstance(document, Mapping) and str(document.get("schema", "")).startswith("ml-debugger/"):
        return None
    return "validation-record" if next(_records(document), None) is not None else None


def read(head: Head, kind: str) -> Reading:  # noqa: ARG001  one kind only
    """The records of a file, each with the split behind it where its windows are told."""
    document = load(head)
    found = list(_records(document))
    if not found and isinstance(document, Mapping) and document.get("schema") == SCHEMA:
        found = [_Found(document, ())]
    artifacts = [artifact for record in found for artifact in _artifacts(record, head)]
    if not artifacts:
        raise Unreadable("holds no accuracies")
    return Reading(artifacts)


READER = Reader("validation-record", recognise, read)
